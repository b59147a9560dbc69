namespace Lodestone.Billing;

/// <summary>Somebody came to hold a seat of an account, or left it. Never changed.</summary>
internal sealed class SeatChange
{
    /// <summary>That of the event which told of it: told twice, it is here once.</summary>
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required Guid UserId { get; init; }

    public required bool IsHeld { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>Who held seats when, from what was told, in whatever order that came.</summary>
internal sealed class SeatUse
{
    private readonly List<(DateTimeOffset At, int By)> _steps = [];
    private readonly List<(Guid UserId, DateTimeOffset From, DateTimeOffset? To)> _held = [];

    public SeatUse(IEnumerable<SeatChange> changes)
    {
        foreach (var person in changes.GroupBy(c => c.UserId))
        {
            DateTimeOffset? since = null;
            foreach (var change in person.OrderBy(c => c.At).ThenBy(c => c.Id))
            {
                if (change.IsHeld)
                {
                    since ??= change.At;
                }
                else if (since is { } from)
                {
                    Add(person.Key, from, change.At);
                    since = null;
                }
            }

            if (since is { } open)
            {
                Add(person.Key, open, to: null);
            }
        }

        _steps.Sort((one, other) => one.At != other.At ? one.At.CompareTo(other.At) : one.By.CompareTo(other.By)); // who leaves makes room for who comes
    }

    /// <summary>Seats held at an instant.</summary>
    public long At(DateTimeOffset instant) => _steps.TakeWhile(s => s.At <= instant).Sum(s => (long)s.By);

    /// <summary>The most that were held at once, from an instant to another.</summary>
    public long Most(DateTimeOffset from, DateTimeOffset to)
    {
        var (held, most) = (0L, 0L);
        foreach (var (at, by) in _steps.TakeWhile(s => s.At < to))
        {
            most = at > from ? Math.Max(most, held) : most;
            held += by;
        }

        return Math.Max(most, held);
    }

    /// <summary>How many people held one at any time between two instants: nobody counts twice.</summary>
    public long People(DateTimeOffset from, DateTimeOffset to) => _held.Where(h => h.From < to && (h.To is null || h.To > from)).Select(h => h.UserId).Distinct().Count();

    /// <summary>Sum over local days of the people who held one on it.</summary>
    public long SeatDays(DayRange days, Func<DateOnly, DateTimeOffset> startOf) =>
        Enumerable.Range(0, days.Length).Sum(i => People(startOf(days.Start.AddDays(i)), startOf(days.Start.AddDays(i + 1))));

    private void Add(Guid userId, DateTimeOffset from, DateTimeOffset? to)
    {
        if (from == to)
        {
            return; // came and went at one instant
        }

        _held.Add((userId, from, to));
        _steps.Add((from, 1));
        if (to is { } end)
        {
            _steps.Add((end, -1));
        }
    }
}
