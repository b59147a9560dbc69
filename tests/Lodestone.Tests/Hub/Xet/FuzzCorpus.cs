using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

/// <summary>What the fuzzing of formats starts from: something of each kind, small, so that a change likely hits what matters.</summary>
internal static class FuzzCorpus
{
    public static IReadOnlyList<byte[]> Xorbs { get; } = [.. MakeXorbs()];

    public static IReadOnlyList<byte[]> Shards { get; } = [.. MakeShards()];

    private static IEnumerable<byte[]> MakeXorbs()
    {
        var text = Text(3000);
        byte[] someKinds = [.. XetSome.Packed(text), .. XetSome.Packed(XetSome.Bytes(1, 500)), .. XetSome.Packed(Numbers(2000))];
        yield return XetVectors.Read("js-client.xorb");
        yield return someKinds;
        yield return [.. someKinds, .. "XETBLOB"u8, 1, .. XetSome.Bytes(2, 300), 50, 1, 0, 0];
        yield return [.. Enumerable.Range(0, 60).SelectMany(i => XetSome.Record([(byte)i]))];
        yield return [.. XetSome.Packed(new byte[131_072]), .. XetSome.Packed(new byte[1])];
        foreach (var (isLinked, hasChecksums) in ((bool, bool)[])[(false, false), (true, false), (false, true), (true, true)])
        {
            var frame = ChunkCodecTests.Frame([.. text, .. Text(70_000)], isLinked, hasChecksums, hasSize: isLinked);
            yield return XetSome.Record(frame, ChunkCompression.Lz4, 73_000);
            yield return XetSome.Record(frame, ChunkCompression.GroupedLz4, 73_000);
        }
    }

    private static IEnumerable<byte[]> MakeShards()
    {
        var file = NewShard.File(ShardTests.Terms(3));
        var xorb = new ShardXorb(NewShard.Hash(1), [new(NewShard.Hash(2), 0, 9000, true), new(NewShard.Hash(3), 9000, 100, false)]);
        yield return XetVectors.Read("js-client.shard");
        yield return NewShard.Of([], []);
        yield return NewShard.Of([file, file with { Sha256 = null }, file with { Terms = [] }], [xorb, xorb with { Chunks = [] }]);
        yield return NewShard.Of([file], []);
        yield return ShardWriter.Write([xorb], XetSome.Bytes(5, 32), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
    }

    private static byte[] Text(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)"lodestone compass needle north "[i * 7 % 31 * (i % 100) % 31])];

    private static byte[] Numbers(int length) => [.. Enumerable.Range(0, length).Select(i => i % 4 == 3 ? (byte)63 : (byte)(i * i))];
}
