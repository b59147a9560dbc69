using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Quantities becoming one, event by event in the order of their times.</summary>
internal sealed class MeterAggregate(Aggregation aggregation)
{
    // More would not be held in memory, and counting otherwise would be another number.
    private const int MostUnique = 1_000_000;

    private static readonly RefusalCode TooManyMembers = new("too_many_members", 422);

    private readonly HashSet<string> _members = new(StringComparer.Ordinal);

    private Int128 _sum;
    private long _count;
    private long _last;
    private long _most = long.MinValue;

    public void Add(long quantity, string? member)
    {
        _sum += quantity;
        _count++;
        _last = quantity;
        _most = Math.Max(_most, quantity);
        if (aggregation is Aggregation.Unique && member is not null && _members.Add(member) && _members.Count > MostUnique)
        {
            throw new Refusal(TooManyMembers, $"There are more than {MostUnique} different ones. Ask about a shorter time, or one group.");
        }
    }

    /// <summary>A quantity was there for so long.</summary>
    public void AddHeld(long quantity, TimeSpan held) => _sum += (Int128)quantity * (held.Ticks / TimeSpan.TicksPerMillisecond);

    public string Value() => aggregation switch
    {
        Aggregation.Sum => Text(_sum),
        Aggregation.Count => Text(_count),
        Aggregation.Max => Text(_most),
        Aggregation.Latest => Text(_last),
        Aggregation.Unique => Text(_members.Count),
        Aggregation.WeightedSum => Text(Divided(_sum, 1000)),
        _ => Text(Divided(_sum, Math.Max(_count, 1))),
    };

    private static Int128 Divided(Int128 sum, long by)
    {
        var (whole, rest) = Int128.DivRem(sum, by);
        return rest * 2 > by || (rest * 2 == by && Int128.IsOddInteger(whole)) ? whole + 1 : whole;
    }

    private static string Text(Int128 number) => number.ToString(CultureInfo.InvariantCulture);
}
