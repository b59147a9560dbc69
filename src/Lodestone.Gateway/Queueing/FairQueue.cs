using System.Runtime.InteropServices;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>
/// Who is answered next by one model, which answers so many calls at once. Accounts take turns, however many calls each of them has
/// waiting: first comes whoever has the fewest being answered for its rank, then whoever was given the least lately. Batches go when
/// nobody else waits, and never have more than half of the seats.
/// </summary>
internal sealed class FairQueue(string model, GatewayOptions options, TimeProvider clock)
{
    private const int MostWaiting = 10_000;
    private const int FewLines = 64;

    private readonly Lock _gate = new(); // guards the fields below and every Line; nothing is awaited while it is held
    private readonly Dictionary<(Guid AccountId, bool IsIdle), Line> _lines = []; // of those who wait or are answered, and of those who were lately given more than others
    private long _seats;
    private long _answered;
    private long _idle; // of those, calls of batches
    private long _arrivals;
    private int _waiting;
    private double _lately; // the most that anybody let in had been given before: where newcomers begin
    private int _sweepAt = FewLines;

    public int Waiting => Volatile.Read(ref _waiting);

    public long Answered => Volatile.Read(ref _answered);

    /// <summary>Waits for a seat, in turn with the other accounts.</summary>
    /// <param name="seats">How many calls are answered at once, as it is now.</param>
    /// <exception cref="Refusal"><c>rate_limit_exceeded</c> when the account has too many waiting; <c>overloaded</c> when the wait was too long.</exception>
    public ValueTask<Turn> EnterAsync(Guid accountId, TurnRank rank, long seats, CancellationToken cancel)
    {
        Waiter waiter;
        lock (_gate)
        {
            _seats = seats;
            var line = LineOf(accountId, rank);
            if (_waiting == 0 && MayGo(line))
            {
                return ValueTask.FromResult(LetIn(line, hasWaited: false));
            }

            if (rank is not TurnRank.Idle && (line.Waiting.Count >= options.WaitingPerAccount || _waiting >= MostWaiting))
            {
                throw GatewayRefusals.QueueFull(model, options.WaitingPerAccount);
            }

            waiter = new Waiter(line, _arrivals++);
            line.Waiting.AddLast(waiter.Node);
            _waiting++;
            LetNextIn(); // batches may be all that waits while there is room
        }

        return WaitAsync(waiter, rank, cancel);
    }

    internal void Leave(Line line, long tokens)
    {
        lock (_gate)
        {
            _answered--;
            _idle -= line.IsIdle ? 1 : 0;
            line.Answered--;
            line.Given += (double)Math.Max(tokens, 1) / line.Weight;
            LetNextIn();
            Sweep();
        }
    }

    private async ValueTask<Turn> WaitAsync(Waiter waiter, TurnRank rank, CancellationToken cancel)
    {
        try
        {
            return await waiter.Turn.Task.WaitAsync(rank is TurnRank.Idle ? Timeout.InfiniteTimeSpan : options.WaitWithin, clock, cancel);
        }
        catch (Exception end) when (end is TimeoutException or OperationCanceledException)
        {
            if (!TryGiveUp(waiter))
            {
                var turn = await waiter.Turn.Task; // it was let in at the same moment
                if (end is TimeoutException)
                {
                    return turn;
                }

                turn.Dispose();
            }

            throw end is TimeoutException ? GatewayRefusals.WaitedTooLong(model, options.WaitWithin) : end;
        }
    }

    private bool TryGiveUp(Waiter waiter)
    {
        lock (_gate)
        {
            if (waiter.Node.List is null)
            {
                return false;
            }

            waiter.Line.Waiting.Remove(waiter.Node);
            _waiting--;
            return true;
        }
    }

    private Line LineOf(Guid accountId, TurnRank rank)
    {
        ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(_lines, (accountId, rank is TurnRank.Idle), out _);
        line ??= new Line(accountId);
        line.Rank = rank;
        line.Given = line.IsEmpty ? Math.Max(line.Given, _lately) : line.Given; // nobody saves up turns
        return line;
    }

    // Somebody who comes back at once, as one with a single stream does, is not to be a newcomer each time: what was given is kept until others had as much.
    private void Sweep()
    {
        if (_lines.Count <= _sweepAt)
        {
            return;
        }

        foreach (var (key, line) in _lines)
        {
            if (line.IsEmpty && line.Given <= _lately)
            {
                _lines.Remove(key);
            }
        }

        _sweepAt = Math.Max(_lines.Count * 2, FewLines);
    }

    private bool MayGo(Line line) => _answered < _seats && (!line.IsIdle || _idle < Math.Max(_seats / 2, 1));

    private void LetNextIn()
    {
        while (_waiting > 0 && Next() is { } line)
        {
            var waiter = line.Waiting.First!.Value; // it waits
            line.Waiting.RemoveFirst();
            _waiting--;
            waiter.Turn.SetResult(LetIn(line, hasWaited: true));
        }
    }

    private Turn LetIn(Line line, bool hasWaited)
    {
        _answered++;
        _idle += line.IsIdle ? 1 : 0;
        line.Answered++;
        _lately = Math.Max(_lately, line.Given);
        return new Turn(this, line, hasWaited);
    }

    private Line? Next()
    {
        Line? next = null;
        foreach (var line in _lines.Values)
        {
            if (line.Waiting.Count > 0 && MayGo(line) && (next is null || line.GoesBefore(next)))
            {
                next = line;
            }
        }

        return next;
    }

    /// <summary>One account's calls. What it was given is in tokens, less for those of a higher rank.</summary>
    internal sealed class Line(Guid accountId)
    {
        public Guid AccountId => accountId;

        public TurnRank Rank { get; set; }

        public bool IsEmpty => Answered == 0 && Waiting.Count == 0;

        public bool IsIdle => Rank is TurnRank.Idle;

        public int Weight => Rank is TurnRank.Paid ? 4 : 1;

        public long Answered { get; set; }

        public double Given { get; set; }

        public LinkedList<Waiter> Waiting { get; } = new();

        public bool GoesBefore(Line other) => Key.CompareTo(other.Key) < 0;

        // Callers compare only lines in which somebody waits.
        private (bool IsIdle, double Load, double Given, long Arrival) Key => (IsIdle, (double)Answered / Weight, Given, Waiting.First!.Value.Arrival);
    }

    internal sealed class Waiter
    {
        public Waiter(Line line, long arrival)
        {
            Line = line;
            Arrival = arrival;
            Node = new LinkedListNode<Waiter>(this);
        }

        public Line Line { get; }

        public long Arrival { get; }

        public LinkedListNode<Waiter> Node { get; }

        public TaskCompletionSource<Turn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Whose calls go before whose.</summary>
internal enum TurnRank
{
    /// <summary>Of an account that lives on its free allowance: one for four.</summary>
    Free,

    /// <summary>Of an account that pays.</summary>
    Paid,

    /// <summary>Of a batch: when nobody waits.</summary>
    Idle,
}
