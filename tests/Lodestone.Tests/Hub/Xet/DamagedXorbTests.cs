using System.IO.Pipelines;
using Lodestone.Core;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

/// <summary>What is not a xorb: refused with its reason.</summary>
[NoDatabase]
public sealed class DamagedXorbTests
{
    private static readonly byte[] Good = XetSome.Record(XetSome.Bytes(1, 10_000));

    public static TheoryData<string, byte[], string> Damages => new()
    {
        { "nothing", [], "it has no chunks" },
        { "only a footer", [.. "XETBLOB"u8, 1, .. new byte[100]], "it has no chunks" },
        { "a header cut", [.. Good, 0, 1, 2], "record 1 ends too early" },
        { "a payload cut", Good[..^1], "record 0 ends too early" },
        { "a second payload cut", [.. Good, .. Good[..5000]], "record 1 ends too early" },
        { "version", [1, .. Good[1..]], "record 0 has version 1" },
        { "kind", [.. Good, .. XetSome.Record(new byte[9], (ChunkCompression)3)], "record 1 has compression kind 3" },
        { "no length", XetSome.Record(new byte[9], length: 0), "record 0 states 0 bytes" },
        { "too long", XetSome.Record(new byte[131_073]), "record 0 states 131073 bytes" },
        { "longest", XetSome.Record(new byte[9], ChunkCompression.Lz4, 0xFFFFFF), "record 0 states 16777215 bytes" },
        { "payload too long", XetSome.Record(new byte[262_145], ChunkCompression.Lz4, 1000), "record 0 states 262145 packed bytes" },
        { "no payload", XetSome.Record([], ChunkCompression.None, 1), "record 0 states 0 packed bytes" },
        { "two lengths", XetSome.Record(new byte[100], ChunkCompression.None, 101), "record 0 states two lengths" },
        { "not a frame", XetSome.Record(new byte[100], ChunkCompression.Lz4, 200), "record 0 does not begin like an LZ4 frame" },
        { "shorter than it says", XetSome.Record(Frame(5000), ChunkCompression.Lz4, 5001), "record 0 unpacks to less than its stated length" },
        { "longer than it says", XetSome.Record(Frame(5000), ChunkCompression.Lz4, 4999), "record 0 has an LZ4 block that is damaged, or unpacks to more" },
        { "a bomb", XetSome.Record(Frame(131_072), ChunkCompression.GroupedLz4, 1), "record 0 has an LZ4 block that is damaged, or unpacks to more" },
        { "grouped, cut", XetSome.Record(Frame(5000)[..^4], ChunkCompression.GroupedLz4, 5000), "record 0 has an LZ4 frame that ends too early" },
        { "noise", XetSome.Bytes(3, 100_000), "record 0 has version" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_damaged_xorb_is_refused_with_the_reason(string what, byte[] xorb, string reason)
    {
        var refusal = await Assert.ThrowsAsync<Refusal>(() => XetSome.TakeAsync(xorb, step: 4096));

        Assert.True(refusal.Code == RefusalCode.Invalid, what);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_many_chunks_as_may_be_are_taken_and_one_more_is_not()
    {
        var record = XetSome.Record([7]);

        var (table, _) = await XetSome.TakeAsync(Repeated(record, XorbLimits.Chunks));
        var refusal = await Assert.ThrowsAsync<Refusal>(() => XetSome.TakeAsync(Repeated(record, XorbLimits.Chunks + 1)));

        Assert.Equal(XorbLimits.Chunks, table.Chunks.Count);
        Assert.Contains("more than 8192 chunks", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_xorb_that_never_ends_is_refused_where_it_is_too_long()
    {
        var record = XetSome.Record(XetSome.Bytes(1, 131_072));

        Assert.InRange(await StoredOfEndlessAsync(new EndlessStream(record, record)), XorbLimits.Size / 2, XorbLimits.Size);
        Assert.Equal(record.Length, await StoredOfEndlessAsync(new EndlessStream([.. record, .. "XETBLOB"u8, 1], new byte[1000])));
    }

    /// <summary>Bytes in the file when it was refused.</summary>
    private static async Task<long> StoredOfEndlessAsync(Stream endless)
    {
        using var name = new TempFile();
        using var file = File.OpenHandle(name.Path, FileMode.CreateNew, FileAccess.ReadWrite);

        var refusal = await Assert.ThrowsAsync<Refusal>(() => XorbIntake.CopyAsync(PipeReader.Create(endless), file, TestContext.Current.CancellationToken));

        Assert.Contains("it is longer than", refusal.Message, StringComparison.Ordinal);
        return RandomAccess.GetLength(file);
    }

    private static byte[] Repeated(byte[] record, int count) => [.. Enumerable.Repeat(record, count).SelectMany(r => r)];

    private static byte[] Frame(int zeros)
    {
        var frame = new byte[zeros];
        return frame[..Lz4Frame.Encode(new byte[zeros], frame)];
    }
}

/// <summary>A beginning, and then the same again and again.</summary>
internal sealed class EndlessStream(byte[] first, byte[] then) : Stream
{
    private byte[] _now = first;
    private int _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        if (_at == _now.Length)
        {
            (_now, _at) = (then, 0);
        }

        var length = Math.Min(buffer.Length, _now.Length - _at);
        _now.AsSpan(_at, length).CopyTo(buffer);
        _at += length;
        return length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
