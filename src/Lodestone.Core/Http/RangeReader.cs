using System.Buffers;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace Lodestone.Core;

/// <summary>
/// Reads a connection's requests, and answers some itself: those that repeat the request before them in every byte but the numbers of
/// the range. Clients read files in thousands of such ranges, and the way through the server costs several times what sending does.
/// A request that was let through lets its like through for a second at most, and only while nothing changes on this server that it
/// was let through by. Everything else goes on to Kestrel, untouched.
/// </summary>
internal sealed class RangeReader(PipeReader input, SocketWriter output, ConnectionContext connection, AccessChanges changes, TimeProvider clock) : PipeReader, IRangeRepeats
{
    private const int LongestHead = 4096;
    private const int LongestRange = 1024 * 1024;

    private static readonly TimeSpan Age = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly Counter<long> Repeated = Telemetry.Meter("Http").CreateCounter<long>("lodestone.http.repeated_ranges", description: "Ranges answered by the connection that the same had been asked on");

    private ReadOnlySequence<byte> _buffer;
    private byte[]? _head; // made when it is needed: many connections are idle
    private int _headLength; // of what was consumed last, if that was the whole head of a GET; else 0
    private (long Changes, DateTimeOffset At) _headRead;
    private RangeRepeat? _repeat;

    public bool TryKeep(RangeOffer offer)
    {
        Drop();
        _repeat = RangeRepeat.Of(_head.AsSpan(0, _headLength), output.FileHead, offer);
        return _repeat is not null;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (_repeat is not null)
        {
            return RepeatAsync(cancellationToken);
        }

        var read = input.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Seen(read.Result)) : SeenAsync(read);
    }

    public override bool TryRead(out ReadResult result)
    {
        Drop();
        var isRead = input.TryRead(out result);
        Seen(result);
        return isRead;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var taken = _buffer.Slice(_buffer.Start, consumed);
        if (!taken.IsEmpty)
        {
            Note(taken);
        }

        _buffer = default;
        input.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => input.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        Drop();
        input.Complete(exception);
    }

    /// <summary>Closes the file that was kept. A connection may end without completing its reader.</summary>
    public void Drop()
    {
        _repeat?.Offer.File.Dispose();
        _repeat = null;
    }

    /// <summary>A request's head is consumed before the request runs, and nothing after it until its body is read: so this is the head of the request that runs, or none.</summary>
    private void Note(ReadOnlySequence<byte> taken)
    {
        var first = taken.FirstSpan;
        var isHead = taken.IsSingleSegment && first.Length <= LongestHead && first.StartsWith("GET "u8) && first.EndsWith("\r\n\r\n"u8);
        _headLength = isHead ? first.Length : 0;
        if (isHead)
        {
            first.CopyTo(_head ??= new byte[LongestHead]);
            _headRead = (changes.Count, clock.GetUtcNow());
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> RepeatAsync(CancellationToken cancel)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancel);
            if (read.IsCanceled || read.IsCompleted || _repeat is not { } repeat || !repeat.TryMatch(read.Buffer.FirstSpan, out var range, out var length) || range.Length > LongestRange || !Stands(repeat))
            {
                Drop();
                return Seen(read);
            }

            input.AdvanceTo(read.Buffer.GetPosition(length));
            await SendAsync(repeat, range);
        }
    }

    private bool Stands(RangeRepeat repeat) => _headRead.Changes == changes.Count && clock.GetUtcNow() - _headRead.At < Age && repeat.Offer.Stands();

    private async ValueTask SendAsync(RangeRepeat repeat, FileRange range)
    {
        output.Advance(repeat.WriteHead(output.GetSpan(RangeRepeat.LongestAnswer), range, clock));
        output.Begin(repeat.PieceOf(range));
        try
        {
            output.Advance((int)range.Length);
            var sending = output.FlushAsync(CancellationToken.None);
            if (!sending.IsCompletedSuccessfully)
            {
                await WaitAsync(sending.AsTask());
            }
        }
        finally
        {
            output.End();
        }

        repeat.Offer.Sent(range.Start, range.Length);
        Repeated.Add(1);
    }

    /// <summary>Kestrel, which watches over how slowly its own answers are taken, does not know of this one.</summary>
    private async Task WaitAsync(Task sending)
    {
        try
        {
            await sending.WaitAsync(Patience, clock);
        }
        catch (TimeoutException)
        {
            connection.Abort(new ConnectionAbortedException("The client takes what it asked for too slowly."));
            await sending;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> SeenAsync(ValueTask<ReadResult> read) => Seen(await read);

    private ReadResult Seen(ReadResult read)
    {
        _buffer = read.Buffer;
        return read;
    }
}
