using System.Buffers;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// A history without some large files: every commit that any reference reaches is written again without their pointers, and the
/// references follow. Commits and folders that never had them keep their ids. Folders that have nothing else go.
/// </summary>
/// <param name="digests">SHA-256 of the files to forget.</param>
internal sealed class HistoryRewrite(GitRepository git, IReadOnlySet<string> digests)
{
    private const int Tries = 5;

    private readonly Dictionary<ObjectId, ObjectId> _commits = [];
    private readonly Dictionary<ObjectId, ObjectId?> _trees = [];

    /// <exception cref="Refusal"><c>conflict</c> when the references keep moving; nothing is changed.</exception>
    /// <returns>What became of the references.</returns>
    public static async Task<IReadOnlyList<RefUpdate>> RunAsync(GitRepository git, IReadOnlySet<string> digests, CancellationToken cancel)
    {
        for (var tries = 0; tries < Tries; tries++)
        {
            using var writer = git.NewPack();
            var updates = new HistoryRewrite(git, digests).Rewrite(writer, cancel);
            using var pack = writer.Complete();
            if (updates.Count == 0 || await git.Publish([pack], updates, cancel) is Published)
            {
                return updates;
            }
        }

        throw new Refusal(RefusalCode.Conflict, "The repository is being changed. Try again in a moment.");
    }

    private List<RefUpdate> Rewrite(PackWriter pack, CancellationToken cancel) =>
        [.. git.References.List()
            .Select(reference => new RefUpdate(reference.Name, reference.Target, Target(reference.Target, pack, cancel)))
            .Where(update => update.New != update.Old)];

    private ObjectId Target(ObjectId target, PackWriter pack, CancellationToken cancel)
    {
        if (git.Objects.FindTag(target) is { } tag)
        {
            var moved = Target(tag.Target, pack, cancel);
            return moved == tag.Target ? target : pack.Write(tag with { Target = moved });
        }

        return git.Objects.FindCommit(target) is null ? target : Commit(target, pack, cancel);
    }

    /// <summary>Parents before children, without recursion: histories are long.</summary>
    private ObjectId Commit(ObjectId head, PackWriter pack, CancellationToken cancel)
    {
        var open = new Stack<ObjectId>([head]);
        while (open.TryPeek(out var id))
        {
            cancel.ThrowIfCancellationRequested();
            if (_commits.ContainsKey(id))
            {
                open.Pop(); // two of its children asked for it
                continue;
            }

            var commit = git.Objects.Commit(id);
            var before = open.Count;
            foreach (var parent in commit.Parents.Where(p => !_commits.ContainsKey(p)))
            {
                open.Push(parent);
            }

            if (open.Count > before)
            {
                continue;
            }

            open.Pop();
            var tree = Tree(commit.Tree, pack) ?? pack.Write(GitObjectType.Tree, []);
            var parents = commit.Parents.Select(p => _commits[p]).ToList();
            var isSame = tree == commit.Tree && parents.SequenceEqual(commit.Parents);
            _commits[id] = isSame ? id : pack.Write(commit with { Tree = tree, Parents = parents });
        }

        return _commits[head];
    }

    /// <returns>Null when nothing is left in the folder.</returns>
    private ObjectId? Tree(ObjectId id, PackWriter pack)
    {
        if (_trees.TryGetValue(id, out var known))
        {
            return known;
        }

        var entries = git.Objects.Tree(id).Entries;
        var kept = entries.Select(entry => entry.IsFolder ? Folder(entry, pack) : IsForgotten(entry) ? (TreeEntry?)null : entry).OfType<TreeEntry>().ToArray();
        return _trees[id] = kept.SequenceEqual(entries) ? id : kept is [] ? null : Write(new GitTree(kept), pack);
    }

    private TreeEntry? Folder(TreeEntry folder, PackWriter pack) => Tree(folder.Id, pack) is { } id ? folder with { Id = id } : null;

    private bool IsForgotten(TreeEntry entry) => entry.IsBlob && git.ReadPointer(entry.Id) is { } pointer && digests.Contains(pointer.Digest.Hex);

    private static ObjectId Write(GitTree tree, PackWriter pack)
    {
        var content = ArrayPool<byte>.Shared.Rent(tree.MaxFormattedLength);
        try
        {
            return pack.Write(GitObjectType.Tree, content.AsSpan(0, tree.Format(content)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(content);
        }
    }
}
