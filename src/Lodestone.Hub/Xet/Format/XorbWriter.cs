using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>Makes a xorb of ours in a file: records first, the table of chunks at the end. Nothing is synced.</summary>
internal sealed class XorbWriter(SafeFileHandle file) : IDisposable
{
    private const int BufferSize = 1024 * 1024;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private readonly List<ChunkEntry> _chunks = [];
    private readonly HashTree _tree = new();
    private int _filled; // of the buffer
    private int _written; // of the file

    public int Count => _chunks.Count;

    /// <summary>Bytes of the records so far.</summary>
    public int RecordBytes => _written + _filled;

    /// <summary>Whether the largest chunk might no longer fit.</summary>
    public bool IsFull => _chunks.Count == XorbLimits.Chunks || RecordBytes + ChunkRecord.HeaderSize + Chunker.MostSize > XorbLimits.Size;

    /// <summary>Packs a chunk and adds it.</summary>
    /// <param name="content">1 to 131,072 bytes.</param>
    /// <param name="hash">Of the content.</param>
    public async ValueTask AddAsync(ReadOnlyMemory<byte> content, XetHash hash, CancellationToken cancel)
    {
        await MakeRoomAsync(ChunkRecord.HeaderSize + content.Length, cancel);
        var (kind, length) = ChunkCodec.Encode(content.Span, _buffer.AsSpan(_filled + ChunkRecord.HeaderSize));
        new ChunkRecord(length, kind, content.Length).Write(_buffer.AsSpan(_filled));
        Added(ChunkRecord.HeaderSize + length, content.Length, hash);
    }

    /// <summary>Adds a chunk as another xorb has it.</summary>
    /// <param name="record">Header and payload.</param>
    /// <param name="length">Bytes of the chunk, unpacked.</param>
    public async ValueTask AddRecordAsync(ReadOnlyMemory<byte> record, int length, XetHash hash, CancellationToken cancel)
    {
        await MakeRoomAsync(record.Length, cancel);
        record.Span.CopyTo(_buffer.AsSpan(_filled));
        Added(record.Length, length, hash);
    }

    /// <summary>Writes what is left, and the table.</summary>
    public async Task<ChunkTable> FinishAsync(CancellationToken cancel)
    {
        await MakeRoomAsync(BufferSize, cancel);
        var table = new ChunkTable(_tree.Root(), _chunks);
        await table.WriteAsync(file, cancel);
        return table;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private async ValueTask MakeRoomAsync(int length, CancellationToken cancel)
    {
        if (_filled + length > BufferSize)
        {
            await RandomAccess.WriteAsync(file, _buffer.AsMemory(0, _filled), _written, cancel);
            _written += _filled;
            _filled = 0;
        }
    }

    private void Added(int recordLength, int length, XetHash hash)
    {
        _filled += recordLength;
        _tree.Add(hash, length);
        _chunks.Add(new ChunkEntry(hash, RecordBytes, (_chunks.Count > 0 ? _chunks[^1].UnpackedEnd : 0) + length));
    }
}
