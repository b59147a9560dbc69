using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Unicode;

namespace Lodestone.Gateway;

/// <summary>
/// One answer as it comes from a back-end that is not ours: every malformed thing in it is that back-end's failure. It may end
/// without <c>[DONE]</c> once it has given a finish reason.
/// </summary>
internal sealed class RemoteEvents(HttpResponseMessage response, Stream stream, RemoteCount count, Patience patience, Action hasBegun) : CallEvents
{
    private const int LongestLine = 4 * 1024 * 1024;

    private readonly PipeReader _reader = PipeReader.Create(stream);
    private ReadResult _read; // what has come and was not taken yet
    private bool _hasBegun;
    private bool _hasFinish;
    private bool _isDone;
    private BackendFault? _fault; // met after something good had come, which is passed on first

    public bool IsCountedThere => count.IsCountedThere;

    public override async ValueTask<bool> WaitAsync(CancellationToken cancel)
    {
        if (_isDone || _fault is not null)
        {
            return _fault is null ? false : throw _fault;
        }

        _read = await _reader.ReadAsync(patience.Token); // linked to the caller's
        return true;
    }

    public override void Take(Answer answer)
    {
        var rest = _read.Buffer;
        try
        {
            while (!_isDone && TryReadLine(ref rest, _read.IsCompleted, out var line))
            {
                TakeLine(line, answer);
            }

            CheckRest(rest.Length, _read.IsCompleted);
        }
        catch (BackendFault fault)
        {
            _fault = fault;
        }

        _isDone |= _read.IsCompleted;
        _reader.AdvanceTo(rest.Start, rest.End);
    }

    public override async ValueTask DisposeAsync()
    {
        await _reader.CompleteAsync();
        response.Dispose();
        patience.Dispose();
    }

    private void CheckRest(long left, bool isLast)
    {
        if (left > LongestLine)
        {
            throw new BackendFault("The back-end sent a line without an end.");
        }

        if (isLast && !_isDone && !_hasFinish)
        {
            throw new BackendFault("The back-end's answer ended early.");
        }
    }

    private static bool TryReadLine(ref ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return true;
        }

        line = buffer;
        var hasMore = isLast && !buffer.IsEmpty;
        buffer = hasMore ? buffer.Slice(buffer.End) : buffer;
        return hasMore;
    }

    private void TakeLine(ReadOnlySequence<byte> line, Answer answer)
    {
        var text = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
        if (!text.StartsWith("data:"u8))
        {
            return;
        }

        var data = text["data:"u8.Length..].Trim(" \r"u8);
        if (data.SequenceEqual("[DONE]"u8))
        {
            _isDone = _hasFinish ? true : throw new BackendFault("The back-end ended an answer without saying why.");
            return;
        }

        TakeEvent(data, answer);
    }

    private void TakeEvent(ReadOnlySpan<byte> data, Answer answer)
    {
        try
        {
            if (!Utf8.IsValid(data))
            {
                throw new FormatException();
            }

            var made = count.Count(EngineEvent.Parse(data));
            _hasFinish |= !made.Finish.IsEmpty;
            if (!_hasBegun && made.OutputBytes > 0)
            {
                _hasBegun = true;
                patience.End();
                hasBegun();
            }

            answer.Add(made);
        }
        catch (Exception garbage) when (garbage is JsonException or InvalidOperationException or FormatException or IOException and not BackendFault)
        {
            throw new BackendFault("The back-end sent what is no chunk of an answer.");
        }
    }
}
