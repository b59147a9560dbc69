using Lodestone.Ui;

namespace Lodestone.Hub;

/// <summary>Code that fetches the files of a data set or a space from this server, ready to run.</summary>
internal static class FileSnippets
{
    /// <param name="address">This server's, as the reader reached it.</param>
    public static IReadOnlyList<Snippet> Of(RepoView view, string address)
    {
        var (id, revision, type) = (view.Repo.FullName, view.At.Name, view.Repo.Type);
        var snippets = new List<Snippet>();
        if (type is RepoType.Dataset)
        {
            snippets.Add(new Snippet("Datasets", $"""
                import os
                os.environ["HF_ENDPOINT"] = "{address}"  # before the next import

                from datasets import load_dataset

                data = load_dataset("{id}", revision="{revision}")
                """, "python"));
        }

        snippets.Add(Snapshot(id, revision, type, address));
        snippets.Add(new Snippet("JavaScript", $$"""
            import { snapshotDownload } from "@huggingface/hub";

            const path = await snapshotDownload({
              repo: { type: "{{type.Singular()}}", name: "{{id}}" },
              revision: "{{revision}}",
              hubUrl: "{{address}}",
            });
            """, "js"));
        snippets.Add(new Snippet("hf", $"HF_ENDPOINT={address} hf download {id} \\\n  --repo-type {type.Singular()} --revision {revision}", "bash"));
        snippets.Add(new Snippet("git", $"git lfs install\ngit clone {(view.At.Name == RepoView.MainBranch ? "" : $"--branch {revision} ")}{address}{view.Href}", "bash"));
        return snippets;
    }

    private static Snippet Snapshot(string id, string revision, RepoType type, string address) => new("Python", $"""
        from huggingface_hub import snapshot_download

        path = snapshot_download(
            "{id}",
            repo_type="{type.Singular()}",
            revision="{revision}",
            endpoint="{address}",
        )
        """, "python");
}
