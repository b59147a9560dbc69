using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Commits that pages make: a file written or deleted by a form.</summary>
internal sealed class FileEdits(RepoAccess access, PullRequests pullRequests, RepoStore store, Committing committing)
{
    /// <param name="parent">Head that the person has seen; the branch must still have it.</param>
    /// <exception cref="Refusal">As <see cref="Committing.CommitAsync"/> and <see cref="RepoAccess.ToCommitAsync"/>.</exception>
    public Task<ObjectId> DeleteAsync(RepoRoute route, string branch, string path, string summary, string? parent, CancellationToken cancel) =>
        CommitAsync(route, branch, new CommitMessage(summary, null, parent), _ => [new DeleteEntry(CleanPath.Of(path))], cancel);

    /// <param name="oldPath">Where the file was, when its name changes too.</param>
    /// <inheritdoc cref="DeleteAsync"/>
    public Task<ObjectId> WriteAsync(RepoRoute route, string branch, string path, string? oldPath, string text, CommitMessage message, CancellationToken cancel) =>
        CommitAsync(route, branch, message, pack => oldPath is not null && oldPath != path ? [Put(pack, path, Encoding.UTF8.GetBytes(text)), new DeleteEntry(oldPath)] : [Put(pack, path, Encoding.UTF8.GetBytes(text))], cancel);

    /// <param name="changes">Made with the pack that will hold their contents.</param>
    /// <inheritdoc cref="DeleteAsync"/>
    public async Task<ObjectId> CommitAsync(RepoRoute route, string branch, CommitMessage message, Func<PackWriter, IReadOnlyList<CommitChange>> changes, CancellationToken cancel)
    {
        var repo = await access.ToCommitAsync(route with { Rest = [branch] }, isProposal: false, pullRequests, cancel);
        var git = store.Open(repo.Id);
        using var pack = git.NewPack();
        var commit = new NewCommit(message.Summary, message.Description, message.Parent, changes(pack));
        return await committing.CommitAsync(repo, git, branch, commit, pack, access.Caller, cancel);
    }

    /// <summary>A file of git's own.</summary>
    /// <exception cref="Refusal"><c>unprocessable</c> for the path, <c>invalid_request</c> for a card whose metadata cannot be read.</exception>
    public static PutFile Put(PackWriter pack, string path, byte[] content)
    {
        if (path is "README.md")
        {
            ValidateCard.Require(GitName.Decode(content));
        }

        var isAttributes = path.EndsWith(GitAttributes.FileName, StringComparison.Ordinal);
        return new PutFile(CleanPath.Of(path), pack.Write(GitObjectType.Blob, content), isAttributes ? GitName.Decode(content) : null);
    }
}

/// <param name="Parent">Head that the person has seen; null: whatever it is.</param>
internal sealed record CommitMessage(string Summary, string? Description, string? Parent);
