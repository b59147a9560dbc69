using System.Globalization;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A file that a pull request and its base changed in ways that do not fit together.</summary>
/// <param name="Text">Both with marks between; null when it is not a text on both sides.</param>
/// <param name="Base">What the base has; null: it has deleted it.</param>
/// <param name="Proposed">What the pull request has; null: it has deleted it.</param>
internal sealed record ConflictedFile(string Path, string? Text, TreeEntry? Base, TreeEntry? Proposed);

/// <summary>How somebody settles a conflict.</summary>
/// <param name="Text">The file's new text; null: it is as one side has it.</param>
/// <param name="IsProposed">That side is the pull request.</param>
internal sealed record SettledFile(string Path, string? Text, bool IsProposed);

/// <summary>Settles the conflicts of a pull request by a merge of its base into it, on its own reference.</summary>
internal sealed class Resolving(RepoRefresh refresh, TimeProvider clock)
{
    public static IReadOnlyList<ConflictedFile> Read(Proposal proposal)
    {
        using var history = new LibGit(proposal.Git);
        var merge = new TreeMerge(proposal.Git, history);
        return [.. proposal.ConflictedSides().Select(conflict =>
        {
            var sides = conflict.Value;
            var merged = merge.MergeText(sides.Fork, sides.Ours, sides.Theirs, "base", "pull request");
            return new ConflictedFile(conflict.Key, merged is null ? null : Encoding.UTF8.GetString(merged.Content), sides.Ours, sides.Theirs);
        })];
    }

    /// <param name="seenHead">Where the pull request was when the person looked.</param>
    /// <param name="seenBase">Likewise its base.</param>
    /// <exception cref="Refusal"><c>parent_outdated</c>, <c>conflict</c>, <c>invalid_request</c>.</exception>
    public async Task<ObjectId> ResolveAsync(
        Repo repo, Discussion discussion, Proposal proposal, string seenHead, string seenBase, IReadOnlyList<SettledFile> files, Caller actor, CancellationToken cancel)
    {
        if (proposal.Head.ToString() != seenHead || proposal.Base.ToString() != seenBase)
        {
            throw HubRefusals.BranchMoved();
        }

        var git = proposal.Git;
        using var pack = git.NewPack();
        var merged = proposal.Merge(content => pack.Write(GitObjectType.Blob, content));
        foreach (var (path, sides) in merged.Sides)
        {
            var settled = files.FirstOrDefault(f => f.Path == path) ?? throw new Refusal(RefusalCode.Invalid, $"Say what becomes of {path}.");
            Settle(sides, merged.Editor, settled, pack);
        }

        var author = GitAuthor.Of(actor, clock);
        var message = string.Create(CultureInfo.InvariantCulture, $"Merge {discussion.Base![RefName.Branches.Length..]} into {discussion.RefName}"); // a pull request has one
        var made = pack.Write(new GitCommit(merged.Editor.Write(pack), [proposal.Head, proposal.Base], author, author, message));
        using var complete = pack.Complete();
        if (await git.Publish([complete], [new RefUpdate(discussion.RefName, proposal.Head, made)], cancel) is not Published)
        {
            throw HubRefusals.BranchMoved();
        }

        await refresh.AfterMoveAsync(repo.Id, git, [new RefUpdate(discussion.RefName, proposal.Head, made)], actor.Id);
        return made;
    }

    private static void Settle(ThreeSides sides, TreeEditor editor, SettledFile settled, PackWriter pack)
    {
        var (mine, theirs) = (sides.Ours, sides.Theirs);
        var outcome = settled.Text is { } text
            ? editor.Put(settled.Path, (theirs ?? mine)?.Mode ?? GitMode.File, pack.Write(GitObjectType.Blob, Encoding.UTF8.GetBytes(Whole(settled.Path, text))))
            : (settled.IsProposed ? theirs : mine) is { } chosen ? editor.Put(settled.Path, chosen.Mode, chosen.Id)
            : editor.Find(settled.Path) is null ? TreeEdit.Done : editor.DeleteFile(settled.Path);
        if (outcome is not TreeEdit.Done)
        {
            throw new Refusal(RefusalCode.Conflict, $"{settled.Path} is a file on one side and a folder on the other. Merge them with git.");
        }
    }

    private static string Whole(string path, string text)
    {
        if (text.Split('\n').Any(l => l.StartsWith(MergedText.OursMark + " ", StringComparison.Ordinal) || l.StartsWith(MergedText.TheirsMark + " ", StringComparison.Ordinal)))
        {
            throw new Refusal(RefusalCode.Invalid, $"{path} still has marks of a conflict. Keep what should stay and delete the lines with the marks.") { Param = path };
        }

        if (path is "README.md")
        {
            ValidateCard.Require(text);
        }

        return text;
    }
}
