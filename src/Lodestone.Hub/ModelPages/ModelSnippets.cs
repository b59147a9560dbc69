using Lodestone.Ui;

namespace Lodestone.Hub;

/// <summary>Code that fetches or calls a model from this server, ready to run.</summary>
internal static class ModelSnippets
{
    /// <param name="address">This server's, as the reader reached it.</param>
    public static IReadOnlyList<Snippet> Of(RepoView view, string address)
    {
        var (id, revision) = (view.Repo.FullName, view.At.Name);
        var snippets = new List<Snippet>();
        if (view.Repo.IsServable)
        {
            snippets.AddRange(Calling(view.ApiName, address));
        }

        if (TransformersFacts.Of(view.Facts) is { } transformers)
        {
            snippets.Add(new Snippet("Transformers", Transformers(transformers, id, revision, address), "python"));
        }

        snippets.Add(new Snippet("Python", $"""
            from huggingface_hub import snapshot_download

            path = snapshot_download(
                "{id}",
                revision="{revision}",
                endpoint="{address}",
            )
            """, "python"));
        snippets.Add(new Snippet("JavaScript", $$"""
            import { snapshotDownload } from "@huggingface/hub";

            const path = await snapshotDownload({
              repo: "{{id}}",
              revision: "{{revision}}",
              hubUrl: "{{address}}",
            });
            """, "js"));
        if (view.Facts.GgufFiles is [var gguf, ..])
        {
            snippets.Add(new Snippet("llama.cpp", $"llama-server \\\n  --model-url {address}{view.Here("resolve", gguf.Path)}", "bash"));
        }

        snippets.Add(new Snippet("git", $"git lfs install\ngit clone {Branch(revision)}{address}{view.Href}", "bash"));
        return snippets;
    }

    private static IEnumerable<Snippet> Calling(string model, string address) =>
    [
        new("curl", $$"""
            curl {{address}}/v1/chat/completions \
              -H "Authorization: Bearer $LODESTONE_TOKEN" \
              -H "Content-Type: application/json" \
              -d '{
                "model": "{{model}}",
                "messages": [{"role": "user", "content": "Hello"}]
              }'
            """, "bash"),
        new("OpenAI Python", $$"""
            import os
            from openai import OpenAI

            client = OpenAI(
                base_url="{{address}}/v1",
                api_key=os.environ["LODESTONE_TOKEN"],
            )
            answer = client.chat.completions.create(
                model="{{model}}",
                messages=[{"role": "user", "content": "Hello"}],
            )
            print(answer.choices[0].message.content)
            """, "python"),
        new("OpenAI JavaScript", $$"""
            import OpenAI from "openai";

            const client = new OpenAI({
              baseURL: "{{address}}/v1",
              apiKey: process.env.LODESTONE_TOKEN,
            });
            const answer = await client.chat.completions.create({
              model: "{{model}}",
              messages: [{ role: "user", content: "Hello" }],
            });
            console.log(answer.choices[0].message.content);
            """, "js"),
    ];

    private static string Transformers(TransformersFacts facts, string id, string revision, string address)
    {
        var tokenizer = facts.Processor is { } processor ? $"\ntokenizer = {processor}.from_pretrained(\"{id}\", revision=\"{revision}\")" : "";
        var imports = facts.Processor is { } also ? $"{facts.AutoModel}, {also}" : facts.AutoModel;
        return $"""
            import os
            os.environ["HF_ENDPOINT"] = "{address}"  # before the next import

            from transformers import {imports}
            {tokenizer}
            model = {facts.AutoModel}.from_pretrained("{id}", revision="{revision}")
            """;
    }

    private static string Branch(string revision) => revision == RepoView.MainBranch ? "" : $"--branch {revision} ";
}
