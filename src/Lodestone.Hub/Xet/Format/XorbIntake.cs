using System.Buffers;
using System.IO.Pipelines;
using Lodestone.Core;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>
/// Takes a xorb in: each record is checked, unpacked and hashed as it comes, and written to the file as it was sent. A footer, which
/// older clients send, is dropped: all it says follows from the records. Holds about 1 MiB, however the xorb lies.
/// </summary>
internal sealed class XorbIntake : IDisposable
{
    private const int BufferSize = 1024 * 1024; // several of the largest records

    private readonly Stream _content;
    private readonly SafeFileHandle _file;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private readonly byte[] _chunk = ArrayPool<byte>.Shared.Rent(Chunker.MostSize);
    private readonly List<ChunkEntry> _chunks = [];
    private readonly HashTree _tree = new();
    private int _checked; // of the buffer, bytes of whole records
    private int _filled; // of the buffer
    private int _written; // of the file
    private long _received;

    private XorbIntake(PipeReader content, SafeFileHandle file)
    {
        _content = content.AsStream(leaveOpen: true);
        _file = file;
    }

    private static ReadOnlySpan<byte> FooterMark => "XETBLOB"u8;

    /// <summary>Copies the records to the file, which must be empty. The caller compares the table's hash, and writes the table.</summary>
    /// <exception cref="Refusal">(invalid) What is not a xorb: the message says which record, from 0, and why.</exception>
    public static async Task<ChunkTable> CopyAsync(PipeReader content, SafeFileHandle file, CancellationToken cancel)
    {
        using var intake = new XorbIntake(content, file);
        return await intake.CopyAsync(cancel);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        ArrayPool<byte>.Shared.Return(_chunk);
    }

    private async Task<ChunkTable> CopyAsync(CancellationToken cancel)
    {
        try
        {
            while (await FillAsync(ChunkRecord.HeaderSize, cancel) && !_buffer.AsSpan(_checked).StartsWith(FooterMark))
            {
                var record = ChunkRecord.Read(_buffer.AsSpan(_checked));
                await FillAsync(record.RecordLength, cancel);
                Take(record);
            }
        }
        catch (InvalidDataException fault)
        {
            throw Invalid($"record {_chunks.Count} {fault.Message}");
        }

        Write();
        await DropAsync(cancel);
        return _chunks.Count > 0 ? new ChunkTable(_tree.Root(), _chunks) : throw Invalid("it has no chunks");
    }

    private void Take(ChunkRecord record)
    {
        if (_chunks.Count == XorbLimits.Chunks)
        {
            throw Invalid($"it has more than {XorbLimits.Chunks} chunks");
        }

        var chunk = _chunk.AsSpan(0, record.Length);
        ChunkCodec.Decode(record.Compression, _buffer.AsSpan(_checked + ChunkRecord.HeaderSize, record.PayloadLength), chunk);
        var hash = XetHashes.Chunk(chunk);
        var before = _chunks.Count > 0 ? _chunks[^1] : default;
        _tree.Add(hash, chunk.Length);
        _chunks.Add(new ChunkEntry(hash, before.RecordEnd + record.RecordLength, before.UnpackedEnd + record.Length));
        _checked += record.RecordLength;
    }

    /// <summary>Waits for so many bytes after the checked ones. False at the end of the content, where nothing is left.</summary>
    private async ValueTask<bool> FillAsync(int count, CancellationToken cancel)
    {
        if (_checked + count > BufferSize)
        {
            Write();
        }

        while (_filled - _checked < count)
        {
            var received = await _content.ReadAsync(_buffer.AsMemory(_filled, BufferSize - _filled), cancel);
            if (received == 0)
            {
                return _filled == _checked ? false : throw new InvalidDataException("ends too early");
            }

            _filled += received;
            Count(received);
        }

        return true;
    }

    // Into the page cache: what an asynchronous call would do on another thread.
    private void Write()
    {
        RandomAccess.Write(_file, _buffer.AsSpan(0, _checked), _written);
        _written += _checked;
        _buffer.AsSpan(_checked, _filled - _checked).CopyTo(_buffer);
        _filled -= _checked;
        _checked = 0;
    }

    private async Task DropAsync(CancellationToken cancel)
    {
        while (await _content.ReadAsync(_buffer, cancel) is > 0 and var received)
        {
            Count(received);
        }
    }

    private void Count(int received)
    {
        _received += received;
        if (_received > XorbLimits.Size)
        {
            throw Invalid($"it is longer than {XorbLimits.Size} bytes");
        }
    }

    private static Refusal Invalid(string why) => new(RefusalCode.Invalid, $"This is not a xorb: {why}. Send it again; if that does not help, update the client.");
}
