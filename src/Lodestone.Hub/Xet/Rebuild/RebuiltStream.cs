using System.Buffers;
using System.Runtime.InteropServices;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// A file rebuilt from its chunks as it is read, from any byte on. Holds some hundred KiB, whatever the file's size. Reads from
/// the page cache, or waits for the disk: for one reader at a time.
/// </summary>
/// <exception cref="FileNotFoundException">A xorb is missing.</exception>
/// <exception cref="InvalidDataException">A xorb is damaged.</exception>
internal sealed class RebuiltStream(XorbStore store, FileTerms terms) : ReadOnlyStream
{
    private readonly OpenXorbs _xorbs = new(store);
    private readonly RecordWindow _window = new();

    // A chunk that was not wanted whole, unpacked: bytes of the file from _keptStart on.
    private readonly byte[] _kept = ArrayPool<byte>.Shared.Rent(Chunker.MostSize);
    private long _keptStart;
    private int _keptLength;

    private long _position;
    private bool _isDisposed;

    public override bool CanSeek => true;

    public override long Length => terms.Length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var done = 0;
        while (done < buffer.Length && _position < terms.Length)
        {
            var count = ReadChunk(buffer[done..]);
            (done, _position) = (done + count, _position + count);
        }

        return done;
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => terms.Length + offset,
    };

    /// <summary>
    /// Takes what comes next as pieces of xorb files, as far as it is stored there byte for byte: then nobody need read it to
    /// send it. The position moves behind it. The pieces are good until the next read.
    /// </summary>
    /// <param name="most">Bytes.</param>
    /// <returns>Bytes of all pieces; 0 when the next chunk is compressed.</returns>
    public long TakePlain(long most, List<FilePiece> pieces)
    {
        var taken = 0L;
        var place = Place();
        for (var chunk = place.Chunk; chunk < place.Term.EndChunk && taken < most && place.Xorb.IsPlain(chunk); chunk++)
        {
            var skipped = chunk == place.Chunk ? place.Offset : 0;
            var length = Math.Min(most - taken, place.Xorb.Table.LengthOf(chunk) - skipped);
            pieces.Add(new FilePiece(place.Xorb.File, place.Xorb.Table.RecordStart(chunk) + ChunkRecord.HeaderSize + skipped, length));
            taken += length;
        }

        _position += taken;
        return taken;
    }

    /// <summary>
    /// Unpacks what comes next, as far as it is not stored byte for byte; the other half of <see cref="TakePlain"/>. Ends before a
    /// chunk that does not fit, since a part of one has to be unpacked elsewhere and copied.
    /// </summary>
    /// <returns>Bytes unpacked; 0 when the next chunk is not compressed, or there is none.</returns>
    public int TakePacked(Span<byte> buffer)
    {
        var done = 0;
        while (done < buffer.Length && _position < terms.Length)
        {
            var place = Place();
            if (place.Xorb.IsPlain(place.Chunk) || (done > 0 && place.Xorb.Table.LengthOf(place.Chunk) > buffer.Length - done))
            {
                break;
            }

            var count = ReadChunk(buffer[done..]);
            (done, _position) = (done + count, _position + count);
        }

        return done;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            _xorbs.Dispose();
            _window.Dispose();
            ArrayPool<byte>.Shared.Return(_kept);
        }

        base.Dispose(disposing);
    }

    /// <summary>The next bytes, at most to the end of the chunk they are in.</summary>
    private int ReadChunk(Span<byte> buffer)
    {
        if (_position >= _keptStart && _position < _keptStart + _keptLength)
        {
            return CopyKept(buffer);
        }

        var place = Place();
        var length = place.Xorb.Table.LengthOf(place.Chunk);
        var record = _window.Record(place.Xorb, place.Chunk, place.Term.EndChunk, buffer.Length);
        if (place.Offset == 0 && buffer.Length >= length)
        {
            Decode(record, buffer[..length]);
            return length;
        }

        _keptLength = 0; // nothing, should decoding fail
        Decode(record, _kept.AsSpan(0, length));
        (_keptStart, _keptLength) = (_position - place.Offset, length);
        return CopyKept(buffer);
    }

    private static void Decode(ReadOnlySpan<byte> record, Span<byte> content) =>
        ChunkCodec.Decode(ChunkRecord.Read(record).Compression, record[ChunkRecord.HeaderSize..], content);

    private int CopyKept(Span<byte> buffer)
    {
        var from = (int)(_position - _keptStart);
        var count = Math.Min(buffer.Length, _keptLength - from);
        _kept.AsSpan(from, count).CopyTo(buffer);
        return count;
    }

    private ChunkPlace Place()
    {
        var number = terms.Find(_position);
        var term = terms[number];
        var xorb = _xorbs.Open(term.Xorb);
        var at = xorb.Table.UnpackedStart(term.FirstChunk) + (int)(_position - terms.Start(number));
        var chunk = xorb.Table.Find(at);
        return new ChunkPlace(term, xorb, chunk, at - xorb.Table.UnpackedStart(chunk));
    }

    /// <param name="Offset">In the unpacked chunk.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct ChunkPlace(FileTerm Term, OpenXorb Xorb, int Chunk, int Offset);
}
