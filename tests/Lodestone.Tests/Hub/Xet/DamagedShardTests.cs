using System.Buffers.Binary;
using System.IO.Pipelines;
using Lodestone.Core;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

/// <summary>What is not a shard: refused with its reason, whatever it says about its own size.</summary>
[NoDatabase]
public sealed class DamagedShardTests
{
    private const long MostMemory = 512 * 1024;

    private static readonly byte[] Good = NewShard.Of([NewShard.File(ShardTests.Terms(2))], [new ShardXorb(NewShard.Hash(1), [new(NewShard.Hash(2), 0, 9000, false)])]);

    // Where what lies in it: header, a file's header, two terms, two verifications, SHA-256, bookend, a xorb's header, a chunk, bookend.
    private const int FileHeader = 48;
    private const int FirstTerm = 96;
    private const int XorbHeader = 384;
    private const int Chunk = 432;

    public static TheoryData<string, byte[], string> Damages => new()
    {
        { "nothing", [], "it ends too early" },
        { "a header cut", Good[..40], "it ends too early" },
        { "wrong tag", Changed(13, 0), "it does not begin like one" },
        { "version", Changed(32, 3), "it has version 3" },
        { "footer length", Changed(40, 100), "its footer has another length" },
        { "no bookends", Good[..48], "it ends too early" },
        { "no second bookend", Good[..^48], "it ends too early" },
        { "last record cut", Good[..^1], "it ends too early" },
        { "no verification", Changed(FileHeader + 32, 0x40000000), "has no verification" },
        { "four billion terms", Changed(FileHeader + 36, 0xFFFFFFFF), "has a term of chunks" },
        { "a term reversed", Changed(FirstTerm + 40, 5), "has a term of chunks 5 to 2" },
        { "an empty term", Changed(FirstTerm + 40, 2), "has a term of chunks 2 to 2" },
        { "a term past any xorb", Changed(FirstTerm + 44, 8193), "has a term of chunks 0 to 8193" },
        { "a term of no bytes", Changed(FirstTerm + 36, 0), "has a term of 2 chunks and 0 bytes" },
        { "a term of too many bytes", Changed(FirstTerm + 36, 262_145), "has a term of 2 chunks and 262145 bytes" },
        { "too many chunks", Changed(XorbHeader + 36, 8193), "has 8193 chunks" },
        { "four billion chunks", Changed(XorbHeader + 36, 0xFFFFFFFF), "has 4294967295 chunks" },
        { "a chunk too far", Changed(Chunk + 32, 0x80000000), "has a chunk of 9000 bytes at 2147483648" },
        { "a chunk too long", Changed(Chunk + 36, 131_073), "has a chunk of 131073 bytes" },
        { "something after it", [.. Good, 1], "something other than a footer" },
        { "more than a footer after it", [.. Good, .. new byte[201]], "something other than a footer" },
        { "noise", XetSome.Bytes(1, 10_000), "it does not begin like one" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_damaged_shard_is_refused_with_the_reason_and_without_believing_its_counts(string what, byte[] shard, string reason)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();

        var refusal = await Assert.ThrowsAsync<Refusal>(() => XetSome.ReadShardAsync(shard, step: 4096));

        Assert.True(refusal.Code == RefusalCode.Invalid, what);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostMemory);
    }

    [Fact]
    public async Task A_shard_that_never_ends_is_refused()
    {
        var file = NewShard.Header(NewShard.Hash(1), ShardFormat.HasVerification, uint.MaxValue);
        var endless = new EndlessStream([.. Good[..48], .. file], NewShard.Header(NewShard.Hash(2), 0, 1000, 0, 1));

        var refusal = await Assert.ThrowsAsync<Refusal>(() => ShardReader.ReadAsync(PipeReader.Create(endless), TestContext.Current.CancellationToken));

        Assert.Contains("it is longer than 67108864 bytes", refusal.Message, StringComparison.Ordinal);
    }

    private static byte[] Changed(int offset, uint value)
    {
        var shard = Good.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(shard.AsSpan(offset), value);
        return shard;
    }
}
