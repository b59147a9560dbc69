using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>All meters, remembered for a few seconds: another server's new meter is known here a little later, and what came before waits in quarantine.</summary>
internal sealed class MeterBook(BillingSteps steps, TimeProvider clock)
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(5);

    // Replaced as a whole.
    private volatile MeterSnapshot? _known;

    public async Task<MeterSnapshot> CurrentAsync(CancellationToken cancel)
    {
        if (_known is { } known && clock.GetUtcNow() - known.ReadAt < Age)
        {
            return known;
        }

        var own = await steps.ReadAsync(db => db.Meters.AsNoTracking().ToListAsync(cancel));
        return _known = new MeterSnapshot([.. BuiltInMeters.All, .. own], clock.GetUtcNow());
    }

    public void Forget() => _known = null;
}

/// <summary>The meters as they were at an instant.</summary>
internal sealed class MeterSnapshot(IReadOnlyList<MeterVersion> all, DateTimeOffset readAt)
{
    private readonly FrozenDictionary<string, MeterVersion[]> _byType =
        all.GroupBy(m => m.EventType, StringComparer.Ordinal).ToFrozenDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);

    public DateTimeOffset ReadAt => readAt;

    public IReadOnlyList<MeterVersion> All => all;

    public bool Knows(string type) => _byType.ContainsKey(type);

    /// <summary>Of each meter of a type the version that counts events of an instant.</summary>
    public IEnumerable<MeterVersion> At(string type, DateTimeOffset time) => _byType.GetValueOrDefault(type, [])
        .Where(m => m.StartsAt <= time).GroupBy(m => m.Slug, StringComparer.Ordinal).Select(g => g.MaxBy(m => (m.StartsAt, m.Version))!); // no group is empty

    /// <summary>What is wrong with the quantities of an event's data, if anything is.</summary>
    public EventFault? Check(string type, JsonElement data)
    {
        foreach (var meter in _byType.GetValueOrDefault(type, []))
        {
            if (meter.ValuePath is not { } path || meter.Aggregation is Aggregation.Unique || data.At(path) is not { } value)
            {
                continue;
            }

            if (value.ValueKind is not JsonValueKind.Number || !value.TryGetInt64(out var quantity))
            {
                return new EventFault("quantity_not_integer", $"data.{path} is a quantity, so it must be a whole number.");
            }

            if (quantity < 0)
            {
                return new EventFault("quantity_negative", $"data.{path} cannot be negative. Correct an earlier event by amending it.");
            }
        }

        return null;
    }
}
