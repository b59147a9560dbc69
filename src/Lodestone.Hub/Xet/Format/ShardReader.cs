using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Reads a shard as it comes. Counts are not believed: what is held grows with what has come, to a few times a shard's largest size.
/// Offsets and footers are not used: the parts follow each other.
/// </summary>
internal sealed class ShardReader
{
    private readonly Stream _content;
    private readonly byte[] _buffer = new byte[ShardFormat.RecordSize * 1024];
    private int _start;
    private int _end;
    private long _received;

    private ShardReader(PipeReader content) => _content = content.AsStream(leaveOpen: true);

    /// <exception cref="Refusal">(invalid) What is not a shard.</exception>
    public static async Task<Shard> ReadAsync(PipeReader content, CancellationToken cancel)
    {
        var reader = new ShardReader(content);
        await reader.HeaderAsync(cancel);
        var files = await reader.BlocksAsync(reader.FileAsync, cancel);
        var xorbs = await reader.BlocksAsync(reader.XorbAsync, cancel);
        await reader.FooterAsync(cancel);
        return new Shard(files, xorbs);
    }

    private async Task HeaderAsync(CancellationToken cancel)
    {
        var header = await NextAsync(cancel);
        Require(header.Span.StartsWith(ShardFormat.Tag), "it does not begin like one");
        var version = BinaryPrimitives.ReadUInt64LittleEndian(header.Span[32..]);
        Require(version == ShardFormat.Version, $"it has version {version}; this server knows {ShardFormat.Version}");
        Require(BinaryPrimitives.ReadUInt64LittleEndian(header.Span[40..]) is 0 or ShardFormat.FooterSize, "its footer has another length than 0 or 200");
    }

    private async Task<List<T>> BlocksAsync<T>(Func<Record, CancellationToken, Task<T>> read, CancellationToken cancel)
    {
        var blocks = new List<T>();
        while (Record.Read((await NextAsync(cancel)).Span) is var header && header.Hash != ShardFormat.Bookend)
        {
            blocks.Add(await read(header, cancel));
        }

        return blocks;
    }

    private async Task<ShardFile> FileAsync(Record header, CancellationToken cancel)
    {
        Require((header.A & ShardFormat.HasVerification) != 0, $"file {header.Hash} has no verification");
        var terms = new List<ShardTerm>();
        for (var i = 0u; i < header.B; i++)
        {
            terms.Add(Term(header.Hash, Record.Read((await NextAsync(cancel)).Span)));
        }

        for (var i = 0; i < terms.Count; i++)
        {
            var verification = XetHash.Read((await NextAsync(cancel)).Span);
            CollectionsMarshal.AsSpan(terms)[i] = terms[i] with { Verification = verification };
        }

        var hasSha256 = (header.A & ShardFormat.HasSha256) != 0;
        return new ShardFile(header.Hash, terms, hasSha256 ? XetHashes.ToSha256(XetHash.Read((await NextAsync(cancel)).Span)) : null);
    }

    private static ShardTerm Term(XetHash file, Record term)
    {
        var (size, first, end) = (term.B, term.C, term.D);
        Require(first < end && end <= XorbLimits.Chunks, $"file {file} has a term of chunks {first} to {end}");
        Require(size > 0 && size <= (end - first) * (long)Chunker.MostSize, $"file {file} has a term of {end - first} chunks and {size} bytes");
        return new ShardTerm(term.Hash, (int)first, (int)end, (int)size, default);
    }

    private async Task<ShardXorb> XorbAsync(Record header, CancellationToken cancel)
    {
        Require(header.B <= XorbLimits.Chunks, $"xorb {header.Hash} has {header.B} chunks, more than {XorbLimits.Chunks}");
        var chunks = new List<ShardChunk>();
        for (var i = 0u; i < header.B; i++)
        {
            var chunk = Record.Read((await NextAsync(cancel)).Span);
            Require(chunk.A <= XorbLimits.Chunks * Chunker.MostSize && chunk.B <= Chunker.MostSize, $"xorb {header.Hash} has a chunk of {chunk.B} bytes at {chunk.A}");
            chunks.Add(new ShardChunk(chunk.Hash, (int)chunk.A, (int)chunk.B, (chunk.C & ShardFormat.IsAskable) != 0));
        }

        return new ShardXorb(header.Hash, chunks);
    }

    private async Task FooterAsync(CancellationToken cancel)
    {
        var length = _end - _start;
        while (length <= ShardFormat.FooterSize && await ReceiveAsync(cancel) is > 0 and var received)
        {
            length += received;
        }

        Require(length is 0 or ShardFormat.FooterSize, "something other than a footer follows its last record");
    }

    private async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken cancel)
    {
        while (_end - _start < ShardFormat.RecordSize)
        {
            Require(await ReceiveAsync(cancel) > 0, "it ends too early");
        }

        _start += ShardFormat.RecordSize;
        return _buffer.AsMemory(_start - ShardFormat.RecordSize, ShardFormat.RecordSize);
    }

    private async ValueTask<int> ReceiveAsync(CancellationToken cancel)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var received = await _content.ReadAsync(_buffer.AsMemory(_end), cancel);
        _end += received;
        _received += received;
        Require(_received <= ShardFormat.MostSize, $"it is longer than {ShardFormat.MostSize} bytes");
        return received;
    }

    private static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new Refusal(RefusalCode.Invalid, $"This is not a shard: {otherwise}. Send it again; if that does not help, update the client.");
        }
    }

    /// <summary>A hash and four numbers, whose meaning depends on where the record stands.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Record(XetHash Hash, uint A, uint B, uint C, uint D)
    {
        public static Record Read(ReadOnlySpan<byte> bytes) => new(
            XetHash.Read(bytes),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[36..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]));
    }
}
