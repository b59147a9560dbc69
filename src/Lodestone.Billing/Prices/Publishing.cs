using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Writes a draft down as the next version of its book.</summary>
internal static class Publishing
{
    private static readonly RefusalCode PriceGap = new("price_gap", 409);
    private static readonly RefusalCode NotCreditOnly = new("not_credit_only", 422);

    public static async Task<Publication> AddAsync(BillingDb db, PriceDraft draft, NewPublication wanted, Publisher by, DateTimeOffset now, CancellationToken cancel)
    {
        await CheckGapsAsync(db, draft, wanted, now, cancel);
        var publication = new Publication
        {
            Id = Guid.CreateVersion7(now),
            Book = draft.Book,
            Version = 1 + (await db.Publications.Where(p => p.Book == draft.Book).MaxAsync(p => (long?)p.Version, cancel) ?? 0),
            EffectiveFrom = draft.EffectiveFrom,
            PublishedAt = now,
            PublishedBy = by.Id,
            PublisherName = by.Name,
            ConfirmedBy = by.ConfirmedBy,
            ConfirmerName = by.ConfirmerName,
            Reason = wanted.Reason ?? "",
            IsCreditOnly = wanted.CreditOnly && draft.EffectiveFrom < now,
        };
        db.Publications.Add(publication);
        foreach (var change in draft.Changes)
        {
            if (change.IsNew)
            {
                db.Products.Add(change.Product);
            }

            var next = 1 + (await db.PriceVersions.Where(v => v.ProductId == change.Product.Id).MaxAsync(v => (long?)v.Version, cancel) ?? 0);
            var version = change.Version(draft.Book, draft.EffectiveFrom, next, publication);
            if (publication.IsCreditOnly)
            {
                CheckCredit(change, version, await db.PriceVersions.AnyAsync(v => v.ProductId == change.Product.Id && v.Book == draft.Book && v.EffectiveFrom > draft.EffectiveFrom, cancel));
                await PriceCorrection.AddAsync(db, publication, change.Product, version, cancel);
            }

            db.PriceVersions.Add(version);
        }

        return await db.TrySaveAsync(cancel)
            ? publication
            : throw new Refusal(RefusalCode.Conflict, "Somebody else has just published a price for this model. Look at it, then publish again.");
    }

    // What was used lately must go on having a price, and a book of a contract or plan must not leave a class of the list out.
    private static async Task CheckGapsAsync(BillingDb db, PriceDraft draft, NewPublication wanted, DateTimeOffset now, CancellationToken cancel)
    {
        var since = Days.Of(now).AddDays(-PriceSimulation.WindowDays);
        foreach (var change in draft.Changes)
        {
            var version = change.Version(draft.Book, draft.EffectiveFrom, 0, null);
            var used = await db.RatedRows.Where(r => r.ProductId == change.Product.Id && r.Day >= since && r.Quantity > 0).Select(r => r.Class).Distinct().ToListAsync(cancel);
            var lines = used.Select(PriceLine.Parse).ToList();
            if (change.Before is { } before && !wanted.Confirm && lines.Find(l => version.LineOf(l.Class, before.DimensionsOf(l)) is null) is { } gap)
            {
                throw new Refusal(PriceGap, $"{gap} of {change.Product.Name} was used in the last {PriceSimulation.WindowDays} days and would have no price. Give it one, or publish with \"confirm\": true to have such use refused.") { Param = "keys" };
            }
        }
    }

    private static void CheckCredit(ProductPrices change, PriceVersion after, bool changedSince)
    {
        var isCheaper = change.Before is { } before && before.Keys.All(b => after.Keys.FirstOrDefault(a => (a.Class, a.Region, a.Tier) == (b.Class, b.Region, b.Tier)) is { } a
            && a.Charge.Probes.Concat(b.Charge.Probes).All(q => a.Charge.Charge(null, q) <= b.Charge.Charge(null, q)));
        if (changedSince || !isCheaper || Days.Start(Days.Of(after.EffectiveFrom)) != after.EffectiveFrom)
        {
            throw new Refusal(NotCreditOnly, "A price that takes effect in the past may make nothing dearer and leave nothing out; it begins at a midnight UTC after the last price.") { Param = "effectiveFrom" };
        }
    }
}

/// <summary>Who publishes, and the other who confirmed.</summary>
internal sealed record Publisher(Guid Id, string Name, Guid? ConfirmedBy = null, string? ConfirmerName = null)
{
    public static Publisher Of(Caller caller) => new(caller.Id, caller.Name);
}
