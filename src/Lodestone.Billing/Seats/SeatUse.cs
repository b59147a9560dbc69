using System.Runtime.InteropServices;

namespace Lodestone.Billing;

/// <summary>Who held seats when, from what was told, in whatever order that came.</summary>
internal sealed class SeatUse
{
    private readonly List<(DateTimeOffset At, int By)> _steps = [];
    private readonly List<List<(DateTimeOffset From, DateTimeOffset To)>> _people = [];

    public SeatUse(IEnumerable<SeatChange> changes)
    {
        foreach (var person in changes.GroupBy(c => c.UserId))
        {
            Add(Held(person));
        }

        _steps.Sort((one, other) => one.At != other.At ? one.At.CompareTo(other.At) : one.By.CompareTo(other.By)); // who leaves makes room for who comes
    }

    /// <summary>Seats held at an instant.</summary>
    public long At(DateTimeOffset instant) => _steps.TakeWhile(s => s.At <= instant).Sum(s => (long)s.By);

    /// <summary>What was held on each of some days.</summary>
    /// <param name="since">On the first day, only from this instant on.</param>
    public IReadOnlyList<DaySeats> Of(DayRange days, DateTimeOffset since, LocalDays calendar)
    {
        var starts = Enumerable.Range(0, days.Length + 1).Select(i => calendar.StartOf(days.Start.AddDays(i))).ToArray();
        starts[0] = since > starts[0] ? since : starts[0];
        var people = People(starts);
        return [.. AtOnce(starts).Select((most, day) => new DaySeats(most, people[day]))];
    }

    private static List<(DateTimeOffset From, DateTimeOffset To)> Held(IEnumerable<SeatChange> person)
    {
        var held = new List<(DateTimeOffset From, DateTimeOffset To)>();
        DateTimeOffset? since = null;
        foreach (var change in person.OrderBy(c => c.At).ThenBy(c => c.Id))
        {
            if (change.IsHeld)
            {
                since ??= change.At;
            }
            else if (since is { } from)
            {
                held.Add((from, change.At));
                since = null;
            }
        }

        if (since is { } open)
        {
            held.Add((open, DateTimeOffset.MaxValue));
        }

        held.RemoveAll(h => h.From == h.To); // came and went at one instant
        return held;
    }

    private void Add(List<(DateTimeOffset From, DateTimeOffset To)> held)
    {
        _people.Add(held);
        foreach (var (from, to) in held)
        {
            _steps.Add((from, 1));
            if (to < DateTimeOffset.MaxValue)
            {
                _steps.Add((to, -1));
            }
        }
    }

    /// <summary>The most that were held at once on each day.</summary>
    private IEnumerable<long> AtOnce(DateTimeOffset[] starts)
    {
        var (next, held) = (0, 0L);
        for (var day = 0; day + 1 < starts.Length; day++)
        {
            while (next < _steps.Count && _steps[next].At <= starts[day])
            {
                held += _steps[next++].By;
            }

            var most = held;
            while (next < _steps.Count && _steps[next].At < starts[day + 1])
            {
                held += _steps[next++].By;
                most = Math.Max(most, held);
            }

            yield return most;
        }
    }

    /// <summary>How many people held one at any time of each day: nobody counts twice.</summary>
    private long[] People(DateTimeOffset[] starts)
    {
        var changes = new long[starts.Length + 1];
        foreach (var held in _people)
        {
            var counted = -1;
            foreach (var (from, to) in held)
            {
                var first = Math.Max(counted + 1, DayAfter(starts, from));
                var last = DayBefore(starts, to);
                if (first <= last)
                {
                    changes[first]++;
                    changes[last + 1]--;
                    counted = last;
                }
            }
        }

        var sum = 0L;
        return [.. changes.Take(starts.Length - 1).Select(change => sum += change)];
    }

    // The first day that ends after the instant.
    private static int DayAfter(DateTimeOffset[] starts, DateTimeOffset instant)
    {
        var found = Array.BinarySearch(starts, instant);
        return Math.Max(0, found >= 0 ? found : ~found - 1);
    }

    // The last day that begins before the instant.
    private static int DayBefore(DateTimeOffset[] starts, DateTimeOffset instant)
    {
        var found = Array.BinarySearch(starts, instant);
        return Math.Min(starts.Length - 2, (found >= 0 ? found : ~found) - 1);
    }
}

/// <param name="AtOnce">The most seats that were held at the same time.</param>
/// <param name="People">How many people held one at any time.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DaySeats(long AtOnce, long People);
