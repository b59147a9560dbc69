using System.IO.Pipelines;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Commits a file that was made to main, in the name of whoever asked for it, if they still may.</summary>
internal sealed class ConversionResults(HubDb db, RepoStore store, IBlobStore blobs, LargeFileIntake intake, Committing committing, People people)
{
    private const string Card = "README.md";
    private const string Main = RefName.Branches + RepoView.MainBranch;

    /// <returns>Full id of the commit that has the file; doing it again finds it.</returns>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>not_found</c> or <c>storage_quota_exceeded</c>.</exception>
    public async Task<string> CommitAsync(ModelConversion one, string file, CancellationToken cancel)
    {
        var target = await db.Repos.AsNoTracking().SingleAsync(r => r.Id == one.TargetId, cancel); // goes with the row
        var author = await AuthorAsync(one, target, cancel);
        await using var content = File.OpenRead(file);
        var blob = await blobs.WriteAsync(PipeReader.Create(content), expected: null, content.Length, cancel);
        await intake.HoldAsync(target.Id, blob, cancel);
        var git = store.Open(target.Id);
        if (git.References.Find(Main) is { } head && new RepoTree(git, head).Find(one.Path)?.Large?.Digest == blob.Digest)
        {
            return head.ToString(); // by a run that was cut off behind its commit
        }

        using var pack = git.NewPack();
        var changes = new List<CommitChange> { new PutLargeFile(one.Path, blob.Digest, blob.Size) };
        var source = await db.Repos.AsNoTracking().SingleAsync(r => r.Id == one.RepoId, cancel);
        if (source.Id != target.Id && (git.References.Find(Main) is not { } now || new RepoTree(git, now).FindEntry(Card) is null))
        {
            var card = System.Text.Encoding.UTF8.GetBytes($"---\nbase_model: {source.FullName}\nbase_model_relation: quantized\n---\n\n# {target.Name}\n\nGGUF files of [{source.FullName}](/{source.FullName}).\n");
            changes.Add(new PutFile(Card, pack.Write(GitObjectType.Blob, card)));
        }

        var summary = $"Convert {(source.Id == target.Id ? "the weights" : source.FullName)} to GGUF{(one.Type is null ? "" : $", {one.Type}")}";
        return (await committing.CommitAsync(target, git, RepoView.MainBranch, new NewCommit(summary, $"From commit {one.CommitId}.", null, changes), pack, author, cancel)).ToString();
    }

    private async Task<Caller> AuthorAsync(ModelConversion one, Repo target, CancellationToken cancel)
    {
        var reader = (await people.ReadersAsync([one.AskedBy], cancel)).GetValueOrDefault(one.AskedBy) ?? throw new Refusal(RefusalCode.Forbidden, "Whoever asked for it has no account any more.");
        var author = new Caller { Id = reader.Id, Name = reader.Name, Kind = reader.Kind, Roles = reader.Roles, Scope = TokenScope.Write };
        if (target.DisabledAt is not null || target.ArchivedAt is not null || !target.CanBeChangedBy(author))
        {
            throw new Refusal(RefusalCode.Forbidden, $"{author.Name} may not change {target.FullName} any more, or nobody may.");
        }

        return author;
    }
}
