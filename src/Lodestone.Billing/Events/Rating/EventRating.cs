using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Charges events, within transactions of others.</summary>
internal sealed class EventRating(RowFunding funding, TimeProvider clock)
{
    public EventRatingWork In(BillingDb db, MeterSnapshot meters) => new(db, meters, funding, clock);
}

/// <summary>
/// Rows of the log being charged in one transaction. Each row of the log is at any time rated, in quarantine, voided or superseded,
/// and counted as that on the day on which it came.
/// </summary>
internal sealed class EventRatingWork(BillingDb db, MeterSnapshot meters, RowFunding funding, TimeProvider clock)
{
    private const string UnknownProduct = "unknown_product";
    private const string Unpriced = "unpriced";
    private const string Failed = "failed";

    private readonly List<RatedRow> _charged = [];

    /// <param name="row">The next row of the log.</param>
    /// <param name="before">The version that it stands in for, where it corrects one.</param>
    /// <param name="isUnratable">It failed before, and is only set aside.</param>
    public async Task TakeAsync(LoggedEvent row, LoggedEvent? before, bool isUnratable, CancellationToken cancel)
    {
        if (before is not null)
        {
            await db.SaveChangesAsync(cancel); // what was rated just now is looked for below
            await TakeBackAsync(before, cancel);
        }

        var day = await CountAsync(row, cancel);
        if (row.Entry.Kind is EntryKind.Void)
        {
            day.Voided++;
            return;
        }

        if (row.Entry.AccountId is null)
        {
            day.Quarantined++;
            return;
        }

        if (isUnratable)
        {
            SetAside(row, new UnratableException(Failed, ""));
            day.Quarantined++;
            return;
        }

        try
        {
            await RateAsync(row, cancel);
            day.Rated++;
        }
        catch (UnratableException unratable)
        {
            SetAside(row, unratable);
            day.Quarantined++;
        }
    }

    /// <summary>Tries again to charge what was set aside.</summary>
    /// <returns>Whether it is charged now.</returns>
    public async Task<bool> TryAgainAsync(LoggedEvent row, UnratedEvent waiting, CancellationToken cancel)
    {
        try
        {
            await RateAsync(row, cancel);
        }
        catch (UnratableException)
        {
            return false;
        }

        db.UnratedEvents.Remove(waiting);
        var day = await CountAsync(row, cancel);
        day.Quarantined--;
        day.Rated++;
        return true;
    }

    /// <summary>What is done last, when all wallets are locked.</summary>
    public async Task<int> FinishAsync(CancellationToken cancel)
    {
        await LimitHistory.AddAsync(db, _charged, cancel);
        return await db.SaveChangesAsync(cancel);
    }

    private async Task TakeBackAsync(LoggedEvent before, CancellationToken cancel)
    {
        var day = await CountAsync(before, cancel);
        day.Superseded++;
        if (before.Entry.Kind is EntryKind.Void)
        {
            day.Voided--;
            return;
        }

        if (before.Entry.AccountId is not { } accountId)
        {
            day.Quarantined--;
            return;
        }

        if (await db.UnratedEvents.FindAsync([before.RatedId], cancel) is { } waiting)
        {
            db.UnratedEvents.Remove(waiting);
            day.Quarantined--;
            return;
        }

        day.Rated--;
        var rows = await db.RatedRows.AsNoTracking().Where(r => r.EventId == before.RatedId).ToListAsync(cancel);
        if (rows.Count > 0)
        {
            var usage = new RatableUsage(before.TakenBackId, accountId, rows[0].ProductId, rows[0].SellerId, before.Entry.Event.Time, [.. rows.Select(r => (r.Class, -r.Quantity))]);
            await ChargeAsync(usage, cancel);
        }
    }

    private async Task RateAsync(LoggedEvent row, CancellationToken cancel)
    {
        var usage = EventUsage.Of(row.Entry.Event, meters);
        if (usage.Product is not { } name)
        {
            return;
        }

        var product = await db.Products.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancel) ?? throw new UnratableException(UnknownProduct, name);
        try
        {
            await ChargeAsync(new RatableUsage(row.RatedId, row.Entry.AccountId!.Value, product.Id, product.SellerId, row.Entry.Event.Time, usage.Quantities), cancel); // the caller has looked
        }
        catch (Refusal refusal) when (refusal.Code.Code == Unpriced)
        {
            throw new UnratableException(Unpriced, name);
        }
    }

    private async Task ChargeAsync(RatableUsage usage, CancellationToken cancel)
    {
        var rows = await UsageRating.RateAsync(db, usage, cancel);
        var funded = await funding.FundAsync(db, usage.AccountId, rows, cancel);
        await db.RollUpAsync(rows, funded.Draws, usage.Time, await db.Rating.ProductNameAsync(usage.ProductId, cancel), cancel);
        _charged.AddRange(rows);
    }

    private void SetAside(LoggedEvent row, UnratableException unratable) => db.UnratedEvents.Add(new UnratedEvent
    {
        Id = row.RatedId,
        Position = row.Position,
        AccountId = row.Entry.AccountId!.Value, // the callers have looked
        Type = row.Entry.Event.Type,
        Product = unratable.Product,
        Reason = unratable.Reason,
        Time = row.Entry.Event.Time,
        Since = clock.GetUtcNow(),
    });

    private async Task<EventCount> CountAsync(LoggedEvent row, CancellationToken cancel)
    {
        var day = Days.Of(row.ReceivedAt);
        if (await db.EventCounts.FindAsync([day], cancel) is { } known)
        {
            return known;
        }

        var first = new EventCount { Day = day };
        db.EventCounts.Add(first);
        return first;
    }
}
