using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Turns a <see cref="NewCommit"/> into a commit object on a given head.</summary>
/// <param name="held">Sizes of the large files that the repository holds, by SHA-256.</param>
internal sealed class CommitBuilder(GitRepository git, IReadOnlyDictionary<string, long> held)
{
    /// <param name="head">Null for a repository's first commit.</param>
    /// <exception cref="Refusal"><c>entry_not_found</c>, <c>unprocessable</c> or <c>invalid_request</c>.</exception>
    public ObjectId Build(NewCommit commit, ObjectId? head, GitSignature author, PackWriter pack)
    {
        var editor = new TreeEditor(git.Objects, head is { } parent ? git.Objects.Commit(parent).Tree : null);
        var attributes = new CommitAttributes(git.Objects, editor);
        var paths = new CommitPaths();
        foreach (var change in commit.Changes)
        {
            paths.Add(change);
            var outcome = change switch
            {
                PutFile file => Put(file, editor, attributes),
                PutLargeFile file => Put(file, editor, attributes, pack),
                CopyEntry copy => Copy(copy, head, editor),
                _ => editor.Delete(change.Path),
            };
            RequireDone(outcome, change.Path, head);
        }

        attributes.Cover(pack);
        var tree = editor.Write(pack);
        return pack.Write(new GitCommit(tree, head is { } one ? [one] : [], author, author, commit.Message));
    }

    private static TreeEdit Put(PutFile file, TreeEditor editor, CommitAttributes attributes)
    {
        attributes.Wrote(file);
        return editor.Put(file.Path, editor.Find(file.Path)?.Mode is GitMode.Executable ? GitMode.Executable : GitMode.File, file.Blob);
    }

    private TreeEdit Put(PutLargeFile file, TreeEditor editor, CommitAttributes attributes, PackWriter pack)
    {
        attributes.BroughtLarge(file.Path);
        var pointer = new LfsPointer(file.Digest, SizeOf(file));
        return editor.Put(file.Path, GitMode.File, pack.Write(GitObjectType.Blob, pointer.Format()));
    }

    private TreeEdit Copy(CopyEntry copy, ObjectId? head, TreeEditor editor)
    {
        var from = copy.SourceRevision is { } revision ? RevisionPath.OfRevision(git, revision).Commit : head;
        return from is { } commit && new RepoTree(git, commit).FindEntry(copy.Source) is { } source
            ? editor.Put(copy.Path, source.Mode, source.Id)
            : TreeEdit.Missing;
    }

    private long SizeOf(PutLargeFile file)
    {
        if (!held.TryGetValue(file.Digest.Hex, out var size))
        {
            throw new Refusal(RefusalCode.Invalid, $"'{file.Path}' names the large file {file.Digest}, which this repository does not hold. Upload it through LFS first.");
        }

        return file.Size is null || file.Size == size
            ? size
            : throw new Refusal(RefusalCode.Invalid, string.Create(CultureInfo.InvariantCulture, $"'{file.Path}' has {size} bytes, not {file.Size}."));
    }

    private static void RequireDone(TreeEdit outcome, string path, ObjectId? head)
    {
        if (outcome is TreeEdit.Missing)
        {
            throw HubRefusals.EntryNotFound(head ?? ObjectId.Zero, "A file with this name doesn't exist");
        }

        if (outcome is not TreeEdit.Done)
        {
            var reason = outcome is TreeEdit.FileInTheWay ? "a part of it is a file" : "it is a folder";
            throw new Refusal(RefusalCode.Unprocessable, $"'{path}' cannot be a file: {reason}. Delete that first.");
        }
    }
}
