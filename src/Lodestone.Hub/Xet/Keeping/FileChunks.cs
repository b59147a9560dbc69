using System.Buffers;

namespace Lodestone.Hub;

/// <summary>A file's chunks, cut as clients cut them, one after the other.</summary>
internal sealed class FileChunks(Stream content) : IDisposable
{
    private const int BufferSize = 1024 * 1024;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private readonly Chunker _chunker = new();
    private int _start; // of the chunk
    private int _end; // of the chunk, or of what was looked at of it
    private int _filled;
    private bool _isAtEnd;

    /// <summary>Good until the next one.</summary>
    public ReadOnlyMemory<byte> Content => _buffer.AsMemory(_start, _end - _start);

    public XetHash Hash { get; private set; }

    /// <returns>False behind the last one.</returns>
    public async ValueTask<bool> NextAsync(CancellationToken cancel)
    {
        _start = _end;
        while (!IsCut())
        {
            if (_isAtEnd)
            {
                if (_start == _end)
                {
                    return false;
                }

                break;
            }

            await FillAsync(cancel);
        }

        Hash = XetHashes.Chunk(Content.Span);
        return true;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private bool IsCut()
    {
        var isCut = _chunker.TryCut(_buffer.AsSpan(_end, _filled - _end), out var length);
        _end += length;
        return isCut;
    }

    private async ValueTask FillAsync(CancellationToken cancel)
    {
        _buffer.AsSpan(_start, _filled - _start).CopyTo(_buffer);
        (_end, _filled, _start) = (_end - _start, _filled - _start, 0);
        var read = await content.ReadAsync(_buffer.AsMemory(_filled, BufferSize - _filled), cancel);
        _filled += read;
        _isAtEnd = read == 0;
    }
}
