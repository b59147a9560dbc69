using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Turns a <see cref="NewCommit"/> into a commit object on a given head.</summary>
/// <param name="held">Sizes of the large files that the repository holds, by SHA-256.</param>
internal sealed class CommitBuilder(GitRepository git, IReadOnlyDictionary<string, long> held)
{
    /// <param name="head">Null for a repository's first commit.</param>
    /// <exception cref="Refusal"><c>entry_not_found</c>, <c>unprocessable</c> or <c>lfs_object_missing</c>.</exception>
    public ObjectId Build(NewCommit commit, ObjectId? head, GitSignature author, PackWriter pack)
    {
        var editor = new TreeEditor(git.Objects, head is { } parent ? git.Objects.Commit(parent).Tree : null);
        foreach (var change in commit.Changes)
        {
            Apply(change, head, editor, pack);
        }

        var tree = editor.Write(pack);
        return pack.Write(new GitCommit(tree, head is { } one ? [one] : [], author, author, commit.Message));
    }

    private void Apply(CommitChange change, ObjectId? head, TreeEditor editor, PackWriter pack)
    {
        switch (change)
        {
            case PutFile file:
                var mode = editor.Find(file.Path)?.Mode is GitMode.Executable ? GitMode.Executable : GitMode.File;
                RequireDone(editor.Put(file.Path, mode, file.Blob), file.Path, head);
                break;
            case PutLargeFile file:
                var pointer = new LfsPointer(file.Digest, SizeOf(file));
                RequireDone(editor.Put(file.Path, GitMode.File, pack.Write(GitObjectType.Blob, pointer.Format())), file.Path, head);
                break;
            case CopyEntry copy:
                Copy(copy, head, editor);
                break;
            default:
                RequireDone(editor.Delete(change.Path), change.Path, head);
                break;
        }
    }

    private void Copy(CopyEntry copy, ObjectId? head, TreeEditor editor)
    {
        var from = copy.SourceRevision is { } revision ? RevisionPath.OfRevision(git, revision).Commit : head ?? throw Missing(head);
        var source = new RepoTree(git, from).FindEntry(copy.Source) ?? throw Missing(from);
        RequireDone(editor.Put(copy.Path, source.Mode, source.Id), copy.Path, head);
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
            throw Missing(head);
        }

        if (outcome is not TreeEdit.Done)
        {
            var reason = outcome is TreeEdit.FileInTheWay ? "a part of it is a file" : "it is a folder";
            throw new Refusal(RefusalCode.Unprocessable, $"'{path}' cannot be a file: {reason}. Delete that first.");
        }
    }

    private static Refusal Missing(ObjectId? head) => HubRefusals.EntryNotFound(head ?? ObjectId.Zero, "A file with this name doesn't exist");
}
