using System.Security.Cryptography;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

/// <summary>
/// A file as much sharing makes them: terms of two xorbs by turns, the same chunks twice, chunks of all sizes, some packed and
/// some not.
/// </summary>
internal sealed class MixedFile
{
    private MixedFile(MadeXorb plain, MadeXorb packed, (MadeXorb Xorb, int First, int End)[] pieces)
    {
        (Plain, Packed, Terms) = (plain, packed, [.. pieces.Select(p => p.Xorb.Term(p.First, p.End))]);
        var (tree, edges, content) = (new HashTree(), new List<int> { 0 }, new List<byte>());
        foreach (var (xorb, number) in pieces.SelectMany(p => Enumerable.Range(p.First, p.End - p.First).Select(number => (p.Xorb, number))))
        {
            var (hash, length) = xorb.Chunks[number];
            tree.Add(hash, length);
            content.AddRange(xorb.Content.AsSpan(xorb.Chunks.Take(number).Sum(c => c.Length), length));
            edges.Add(content.Count);
        }

        (Hash, Content, Edges) = (tree.FileHash(), [.. content], edges);
    }

    public MadeXorb Plain { get; }

    public MadeXorb Packed { get; }

    public XetHash Hash { get; }

    public byte[] Content { get; }

    public IReadOnlyList<ShardTerm> Terms { get; }

    /// <summary>Where chunks begin, and where the last one ends.</summary>
    public IReadOnlyList<int> Edges { get; }

    public string Digest => LfsCalls.Digest(Content);

    public static MixedFile Make(int seed = 1)
    {
        var plain = MadeXorb.Of(LfsCalls.Bytes(1, seed), LfsCalls.Bytes(8192, seed + 1), LfsCalls.Bytes(70_001, seed + 2), LfsCalls.Bytes(131_072, seed + 3), LfsCalls.Bytes(5, seed + 4));
        var packed = MadeXorb.OfContent([.. LfsCalls.Bytes(450_000, seed + 5).Select(b => (byte)(b & 3))], 60_000, ChunkCompression.Lz4);
        return new MixedFile(plain, packed, [(plain, 1, 4), (packed, 0, 3), (plain, 0, 2), (packed, 2, 7), (plain, 3, 5), (packed, 7, 8)]);
    }

    /// <summary>Every position one byte before, at and one byte after an edge that is in the file.</summary>
    public IEnumerable<int> Places() => Edges.SelectMany(e => (int[])[e - 1, e, e + 1]).Where(p => p >= 0 && p < Content.Length).Distinct();

    /// <summary>Sent by Xet, and committed.</summary>
    public async Task<string> PutAsync(World world, string id, string path)
    {
        var door = await world.XetAsync(world.Alice, id);
        foreach (var xorb in (MadeXorb[])[Plain, Packed])
        {
            using var sent = await door.PostXorbAsync(xorb);
            await sent.OkAsync();
        }

        using var taken = await door.PostShardAsync(new MadeShard().File(Hash, SHA256.HashData(Content), [.. Terms]).Describe(Plain).Describe(Packed).Bytes());
        await taken.OkAsync();
        return await world.As(world.Alice).CommitAsync(id, [LfsCalls.FileLine(path, Content)]);
    }
}
