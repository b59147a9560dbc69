using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>
/// Folds the chunks of a xorb or of a file into one hash, while they come. At each level groups of some neighbours become a node
/// of the next; the hashes themselves say where a group ends, so that a change moves few ends. Holds at most a group for each level.
/// </summary>
internal sealed class HashTree
{
    private const int LeastInGroup = 3;
    private const int MostInGroup = 9;
    private const ulong EndsGroup = 4;

    private readonly List<Level> _levels = [];

    public void Add(XetHash hash, long length) => Add((hash, length), 0);

    /// <summary>The name of a xorb of these chunks. Zero where there are none.</summary>
    public XetHash Root()
    {
        (XetHash Hash, long Length)? rising = null;
        foreach (var level in _levels)
        {
            var last = rising is { } node ? level.Open.Append(node).ToList() : level.Open;
            if (level.Closed == 0 && last.Count == 1)
            {
                return last[0].Hash;
            }

            rising = last.Count > 0 ? Node(last) : null;
        }

        return rising?.Hash ?? default;
    }

    /// <summary>The name of a file of these chunks. Zero where there are none.</summary>
    public XetHash FileHash() => _levels.Count == 0 ? default : XetHashes.Keyed(stackalloc byte[Blake3.KeySize], Root());

    private void Add((XetHash Hash, long Length) node, int number)
    {
        if (number == _levels.Count)
        {
            _levels.Add(new Level());
        }

        var level = _levels[number];
        level.Open.Add(node);
        if (level.Open.Count == MostInGroup || (level.Open.Count >= LeastInGroup && node.Hash.Cut % EndsGroup == 0))
        {
            var parent = Node(level.Open);
            level.Open.Clear();
            level.Closed++;
            Add(parent, number + 1);
        }
    }

    private static (XetHash Hash, long Length) Node(List<(XetHash Hash, long Length)> children) =>
        (XetHashes.Node(CollectionsMarshal.AsSpan(children)), children.Sum(c => c.Length));

    private sealed class Level
    {
        public List<(XetHash Hash, long Length)> Open { get; } = new(MostInGroup);

        /// <summary>Groups before the open one.</summary>
        public long Closed { get; set; }
    }
}
