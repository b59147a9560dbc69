using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Holds what a shard says against the xorbs that are stored; its own tables of their chunks count for nothing. What is checked
/// has the bytes and the file hash that the client states. The SHA-256 is not looked at here.
/// </summary>
/// <param name="usable">What the client may build on. All else is missing, and missing before it is anything else.</param>
internal sealed class ShardCheck(XorbStore store, IReadOnlyDictionary<XetHash, ChunkRanges> usable)
{
    /// <summary>One chunk of so many is worth asking for: its hash says which.</summary>
    private const ulong Askable = 1024;

    /// <summary>Clients may mark others too, up to so many of a xorb.</summary>
    private const int MostMarked = 256;

    private readonly List<KnownChunk> _known = [];

    /// <summary>Chunks of what was checked that clients may ask for.</summary>
    public IReadOnlyList<KnownChunk> Known => _known;

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public NewChunkedFile Check(ShardFile file, CancellationToken cancel)
    {
        var (tree, size, terms) = (new HashTree(), 0L, new List<FileTerm>(file.Terms.Count));
        foreach (var term in file.Terms)
        {
            cancel.ThrowIfCancellationRequested(); // a few bytes of a shard can name many chunks
            var table = Table(file, term);
            for (var i = term.FirstChunk; i < term.EndChunk; i++)
            {
                tree.Add(table.Chunks[i].Hash, table.UnpackedStart(i + 1) - table.UnpackedStart(i));
                Know(table, i, terms.Count == 0 && i == term.FirstChunk);
            }

            size += term.Size;
            terms.Add(new FileTerm(term.Xorb, term.FirstChunk, term.EndChunk, term.Size));
        }

        return tree.FileHash() == file.Hash
            ? new NewChunkedFile(file.Hash, file.Sha256 ?? throw Wrong(file, "comes without its SHA-256, by which commits name it"), size, terms)
            : throw Wrong(file, "does not have the hash that its chunks make");
    }

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public void Check(ShardXorb xorb)
    {
        if (!usable.TryGetValue(xorb.Hash, out var ranges) || store.Table(xorb.Hash) is not { } table)
        {
            throw ChunkedFiles.Missing(xorb.Hash);
        }

        var marked = 0;
        for (var i = 0; i < table.Chunks.Count && i < xorb.Chunks.Count; i++)
        {
            var isMarked = xorb.Chunks[i].IsAskable && xorb.Chunks[i].Hash == table.Chunks[i].Hash && marked++ < MostMarked;
            if (ranges.Contains(i, i + 1))
            {
                Know(table, i, isMarked);
            }
        }
    }

    private ChunkTable Table(ShardFile file, ShardTerm term)
    {
        if (!usable.TryGetValue(term.Xorb, out var ranges) || !ranges.Contains(term.FirstChunk, term.EndChunk) || store.Table(term.Xorb) is not { } table)
        {
            throw ChunkedFiles.Missing(term.Xorb);
        }

        if (term.EndChunk > table.Chunks.Count)
        {
            throw Wrong(file, $"names chunks {term.FirstChunk} to {term.EndChunk} of xorb {term.Xorb}, which has {table.Chunks.Count}");
        }

        if (table.UnpackedStart(term.EndChunk) - table.UnpackedStart(term.FirstChunk) != term.Size)
        {
            throw Wrong(file, $"states {term.Size} bytes for chunks of xorb {term.Xorb} that have another number");
        }

        return table.Verification(term.FirstChunk, term.EndChunk) == term.Verification
            ? table
            : throw Wrong(file, $"has a term of xorb {term.Xorb} whose verification hash is not that of the chunks");
    }

    private void Know(ChunkTable table, int number, bool isWanted)
    {
        if (isWanted || table.Chunks[number].Hash.Cut % Askable == 0)
        {
            _known.Add(new KnownChunk(table.Chunks[number].Hash, table.Xorb, number));
        }
    }

    private static Refusal Wrong(ShardFile file, string why) =>
        new(RefusalCode.Invalid, $"File {file.Hash} of the shard {why}. Nothing was registered; upload the file again.");
}
