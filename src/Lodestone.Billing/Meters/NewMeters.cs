using System.Text.Json;
using System.Text.RegularExpressions;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Makes meters, and new versions of them.</summary>
internal sealed partial class NewMeters(BillingSteps steps, MeterBook book, Tasks tasks, TimeProvider clock)
{
    private const int MostGroups = 8;

    private static readonly RefusalCode InPast = new("starts_in_past", 422);

    /// <exception cref="Refusal"><c>forbidden</c>, <c>unprocessable</c>, <c>conflict</c>, <c>starts_in_past</c>.</exception>
    public async Task<MeterVersion> CreateAsync(NewMeter wanted, Caller administrator, CancellationToken cancel)
    {
        administrator.Allowing(TokenScope.Write).Administrator();
        var aggregation = Check(wanted);
        if (BuiltInMeters.All.Any(m => m.Slug == wanted.Slug))
        {
            throw new Refusal(RefusalCode.Conflict, $"{wanted.Slug} is a meter that every server has. Choose another slug.") { Param = "slug" };
        }

        var made = await steps.WriteAsync(
            async (db, token) =>
            {
                var now = clock.GetUtcNow();
                var last = await db.Meters.Where(m => m.Slug == wanted.Slug).MaxAsync(m => (long?)m.Version, token) ?? 0;
                if (last > 0 && (wanted.StartsAt ?? now) < now)
                {
                    throw new Refusal(InPast, $"{wanted.Slug} has counted since before; another version of it starts now or later.") { Param = "startsAt" };
                }

                var version = Version(wanted, aggregation, last + 1, last == 0 ? wanted.StartsAt ?? DateTimeOffset.UnixEpoch : wanted.StartsAt ?? now, administrator.Id, now);
                db.Meters.Add(version);
                return await db.TrySaveAsync(token) ? version : throw new Refusal(RefusalCode.Conflict, "Somebody else has just changed this meter. Look at it, then send yours again.");
            },
            cancel);
        book.Forget();
        await tasks.ScheduleAsync(EventCare.Kind, BillingAtStart.TheOnly, clock.GetUtcNow(), new { }, cancel); // events of the type may be waiting
        return made;
    }

    private static MeterVersion Version(NewMeter wanted, Aggregation aggregation, long number, DateTimeOffset startsAt, Guid by, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        Slug = wanted.Slug,
        Version = number,
        EventType = wanted.EventType,
        Aggregation = aggregation,
        ValuePath = wanted.ValuePath,
        GroupBy = JsonSerializer.Serialize([.. wanted.GroupBy ?? []], BillingJson.Default.ListString),
        Filter = JsonSerializer.Serialize(wanted.Filter ?? [], BillingJson.Default.DictionaryStringString),
        Unit = wanted.Unit ?? "units",
        Product = wanted.Product,
        ProductPath = wanted.ProductPath,
        Class = wanted.Class ?? wanted.Slug,
        StartsAt = startsAt,
        CreatedAt = now,
        CreatedBy = by,
    };

    private static Aggregation Check(NewMeter wanted)
    {
        if (!Slug().IsMatch(wanted.Slug ?? ""))
        {
            throw Wrong("slug", "A slug has 1 to 64 small letters, digits, '.', '_' and '-', and begins with a letter or digit.");
        }

        if (string.IsNullOrEmpty(wanted.EventType) || wanted.EventType.Length > 128)
        {
            throw Wrong("eventType", "Give the type of the events that it counts.");
        }

        var aggregation = Enum.GetValues<Aggregation>().Where(a => a.ToWire() == wanted.Aggregation).Cast<Aggregation?>().FirstOrDefault()
            ?? throw Wrong("aggregation", "aggregation is sum, count, max, latest, unique, weighted_sum or avg.");
        if (aggregation is Aggregation.Count != wanted.ValuePath is null)
        {
            throw Wrong("valuePath", "valuePath says where the quantity is, as quantities.input; only count has none.");
        }

        if (((string?[])[wanted.ValuePath, wanted.ProductPath, .. wanted.GroupBy ?? [], .. wanted.Filter?.Keys ?? (IEnumerable<string>)[]]).FirstOrDefault(p => p is not null && !EventData.IsPath(p)) is { } path)
        {
            throw Wrong("valuePath", $"'{path}' is no path. Write names of members with points between them, as quantities.input.");
        }

        if ((wanted.GroupBy?.Count ?? 0) > MostGroups)
        {
            throw Wrong("groupBy", $"A meter is broken down by at most {MostGroups} paths.");
        }

        if ((wanted.Product is not null || wanted.ProductPath is not null) && aggregation is not (Aggregation.Sum or Aggregation.Count))
        {
            throw Wrong("product", "Only sums and counts are charged: each event must make the same difference whenever it comes.");
        }

        return aggregation;
    }

    private static Refusal Wrong(string param, string message) => new(RefusalCode.Unprocessable, message) { Param = param };

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,63}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Slug();
}

/// <summary>A meter to make, or a new version of one.</summary>
/// <param name="EventType">The events that it counts.</param>
/// <param name="Aggregation"><c>sum</c>, <c>count</c>, <c>max</c>, <c>latest</c>, <c>unique</c>, <c>weighted_sum</c> or <c>avg</c>.</param>
/// <param name="ValuePath">Where the quantity is in an event's data.</param>
/// <param name="GroupBy">Paths by which it may be broken down.</param>
/// <param name="Filter">Paths and the texts that must be there.</param>
/// <param name="Product">What is charged for it: the name of a product that has a price.</param>
/// <param name="ProductPath">Where that name is in an event's data.</param>
/// <param name="Class">The class of the product's price; the slug unless given.</param>
/// <param name="StartsAt">A first version counts all events unless given; a later one those from now on.</param>
internal sealed record NewMeter(
    string Slug, string EventType, string Aggregation, string? ValuePath = null, IReadOnlyList<string>? GroupBy = null, Dictionary<string, string>? Filter = null,
    string? Unit = null, string? Product = null, string? ProductPath = null, string? Class = null, DateTimeOffset? StartsAt = null);
