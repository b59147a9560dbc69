using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Quantities by window and group. Events are given in the order of their times, or of two kinds one after the other.</summary>
internal sealed class MeterSums
{
    private readonly IReadOnlyList<MeterVersion> _versions;
    private readonly IReadOnlyList<string> _groups;
    private readonly IReadOnlyList<(string Path, string Text)> _filters;
    private readonly Customer _customer;
    private readonly string? _window;
    private readonly IReadOnlyList<IReadOnlyDictionary<string, string>> _versionFilters;

    private readonly Dictionary<(DateTimeOffset Start, string Group), (MeterAggregate Sum, IReadOnlyList<string> Texts)> _sums = [];
    private readonly Dictionary<string, (DateTimeOffset Since, long Quantity, IReadOnlyList<string> Texts)> _held = new(StringComparer.Ordinal);

    public MeterSums(IReadOnlyList<MeterVersion> versions, IReadOnlyList<string> groups, IReadOnlyList<(string Path, string Text)> filters, string? window, Customer customer)
    {
        if (window is not (null or "hour" or "day" or "month"))
        {
            throw new Refusal(RefusalCode.Unprocessable, "window is hour, day or month.") { Param = "window" };
        }

        (_versions, _groups, _filters, _window, _customer) = (versions, groups, filters, window, customer);
        _versionFilters = [.. versions.Select(v => v.Filters)];
    }

    private Aggregation Aggregation => _versions[^1].Aggregation;

    /// <param name="at">The text at a path of the event's data.</param>
    public void Add(DateTimeOffset time, Func<string, string?> at)
    {
        var version = _versions.Count - 1;
        while (version >= 0 && _versions[version].StartsAt > time)
        {
            version--;
        }

        if (version < 0 || _versionFilters[version].Any(f => at(f.Key) != f.Value) || _filters.Any(f => at(f.Path) != f.Text))
        {
            return;
        }

        var (path, quantity, member) = (_versions[version].ValuePath, 1L, (string?)null);
        if (path is not null && ((member = at(path)) is null || (!long.TryParse(member, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out quantity) && Aggregation is not Aggregation.Unique)))
        {
            return;
        }

        IReadOnlyList<string> texts = [.. _groups.Select(g => at(g) ?? "")];
        var group = string.Join('\0', texts);
        if (Aggregation is Aggregation.WeightedSum)
        {
            Hold(group, time);
            _held[group] = (time, quantity, texts);
            return;
        }

        Sum(time, group, texts).Add(quantity, member);
    }

    /// <param name="end">Until when quantities that are held have been.</param>
    public IReadOnlyList<MeterRow> Rows(DateTimeOffset end)
    {
        foreach (var group in _held.Keys)
        {
            Hold(group, end);
        }

        return [.. _sums.OrderBy(s => s.Key.Start).ThenBy(s => s.Key.Group, StringComparer.Ordinal).Select(s => new MeterRow(
            _window is null ? "" : Instants.ToWire(s.Key.Start),
            _groups.Select((path, i) => (path, s.Value.Texts[i])).ToDictionary(p => p.path, p => p.Item2, StringComparer.Ordinal),
            s.Value.Sum.Value()))];
    }

    // What a group had until then, window by window.
    private void Hold(string group, DateTimeOffset until)
    {
        if (!_held.TryGetValue(group, out var held))
        {
            return;
        }

        for (var since = held.Since; since < until;)
        {
            var end = _window is null || Next(since) > until ? until : Next(since);
            Sum(since, group, held.Texts).AddHeld(held.Quantity, end - since);
            since = end;
        }
    }

    private MeterAggregate Sum(DateTimeOffset time, string group, IReadOnlyList<string> texts)
    {
        var key = (Start(time), group);
        if (!_sums.TryGetValue(key, out var known))
        {
            _sums[key] = known = (new MeterAggregate(Aggregation), texts);
        }

        return known.Sum;
    }

    private DateTimeOffset Start(DateTimeOffset time) => _window switch
    {
        "hour" => new DateTimeOffset(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero),
        "day" => _customer.StartOf(_customer.DayOf(time)),
        "month" => _customer.StartOf(Days.Month(_customer.DayOf(time))),
        _ => DateTimeOffset.MinValue,
    };

    private DateTimeOffset Next(DateTimeOffset time) => _window switch
    {
        "hour" => Start(time) + TimeSpan.FromHours(1),
        "day" => _customer.StartOf(_customer.DayOf(time).AddDays(1)),
        _ => _customer.StartOf(Days.Month(_customer.DayOf(time)).AddMonths(1)),
    };
}
