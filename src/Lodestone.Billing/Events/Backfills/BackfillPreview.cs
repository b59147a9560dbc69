using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What corrections would change, found by rating them as they will be rated and saving nothing. Others wait for it as for any write.</summary>
internal sealed class BackfillPreview(BillingSteps steps, MeterBook meters)
{
    public async Task<IReadOnlyList<BackfillChange>> LookAsync(IReadOnlyList<Corrected> corrected, CancellationToken cancel)
    {
        var known = await meters.CurrentAsync(cancel);
        return await steps.WriteAsync((db, token) => LookAsync(db, corrected, known, token), cancel);
    }

    private static async Task<IReadOnlyList<BackfillChange>> LookAsync(BillingDb db, IReadOnlyList<Corrected> corrected, MeterSnapshot known, CancellationToken cancel)
    {
        var changed = new List<(string? Invoice, string? State, RatedRow Row)>();
        foreach (var (before, after) in corrected.Where(c => c.Before.Entry.AccountId is not null))
        {
            var accountId = before.Entry.AccountId!.Value; // filtered in the line above
            var rows = await db.RatedRows.AsNoTracking().Where(r => r.EventId == before.RatedId).ToListAsync(cancel);
            var (invoice, state) = await InvoiceAsync(db, before.RatedId, cancel);
            if (rows.Count > 0)
            {
                var back = new RatableUsage(before.TakenBackId, accountId, rows[0].ProductId, rows[0].SellerId, before.Entry.Event.Time, [.. rows.Select(r => (r.Class, -r.Quantity))]);
                changed.AddRange((await UsageRating.RateAsync(db, back, cancel)).Select(r => (invoice, state, r)));
            }

            changed.AddRange((await RatedAsync(db, before, after, known, cancel)).Select(r => (invoice, state, r)));
        }

        var ids = changed.Select(c => c.Row.ProductId).Distinct().ToList();
        var names = await db.Products.AsNoTracking().Where(p => ids.Contains(p.Id)).ToDictionaryAsync(p => p.Id, p => p.Name, cancel);
        return [.. changed.GroupBy(c => (c.Row.AccountId, c.Invoice, c.State, c.Row.ProductId, Class: PriceLine.TotalOf(c.Row.Class)))
            .Select(g => new BackfillChange(
                g.Key.AccountId, g.Key.Invoice, g.Key.State, names.GetValueOrDefault(g.Key.ProductId, ""), g.Key.Class, g.Sum(c => c.Row.Quantity),
                g.Aggregate(Money.Zero(g.First().Row.Currency), (sum, c) => sum + c.Row.Amount.In(c.Row.Currency))))
            .OrderBy(c => c.AccountId).ThenBy(c => c.Invoice, StringComparer.Ordinal).ThenBy(c => c.Product, StringComparer.Ordinal).ThenBy(c => c.Class, StringComparer.Ordinal)];
    }

    // What cannot be rated waits for its price after the job too, and changes nothing until then.
    private static async Task<IReadOnlyList<RatedRow>> RatedAsync(BillingDb db, LoggedEvent before, LogEntry after, MeterSnapshot known, CancellationToken cancel)
    {
        if (after.Kind is EntryKind.Void)
        {
            return [];
        }

        try
        {
            var usage = EventUsage.Of(after.Event, known);
            return usage.Product is { } name && await db.Products.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancel) is { } product
                ? await UsageRating.RateAsync(
                    db, new RatableUsage((before with { Entry = after }).RatedId, before.Entry.AccountId!.Value, product.Id, product.SellerId, after.Event.Time, usage.Quantities), cancel) // the caller has looked
                : [];
        }
        catch (Exception failure) when (failure is UnratableException or Refusal { Code.Code: "unpriced" })
        {
            return [];
        }
    }

    private static async Task<(string? Invoice, string? State)> InvoiceAsync(BillingDb db, Guid ratedId, CancellationToken cancel)
    {
        var found = await db.RatedRows.Where(r => r.EventId == ratedId).Join(db.RollUps, r => r.RollUpId, u => u.Id, (_, u) => u.InvoiceId)
            .Join(db.Invoices, id => id, i => (Guid?)i.Id, (_, i) => i).AsNoTracking().FirstOrDefaultAsync(cancel);
        return found is null ? (null, null) : (found.Number ?? PublicId.Format(InvoiceView.IdPrefix, found.Id), found.State.ToWire());
    }
}
