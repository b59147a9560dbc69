using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>A price that takes effect in the past: accounts that have paid more since get the difference, as a charge below zero.</summary>
internal static class PriceCorrection
{
    public static async Task AddAsync(BillingDb db, Publication publication, Product product, PriceVersion after, CancellationToken cancel)
    {
        var from = Days.Of(publication.EffectiveFrom);
        var versions = await db.PriceVersions.AsNoTracking().Where(v => v.ProductId == product.Id && v.Book == publication.Book).ToDictionaryAsync(v => v.Id, cancel);
        var rows = await db.RatedRows.AsNoTracking().Where(r => r.ProductId == product.Id && r.Day >= from).ToListAsync(cancel);
        foreach (var used in rows.Where(r => versions.ContainsKey(r.PriceVersionId)).GroupBy(r => (r.AccountId, Line: PriceLine.TotalOf(r.Class), Month: Days.Month(r.Day))))
        {
            var line = PriceLine.Parse(used.Key.Line);
            var charge = after.ChargeOf(line, used.Key.Month);
            var (list, paid) = used.Aggregate((List: (Int128)0, Paid: (Int128)0), (sum, r) => (sum.List + r.List.In(r.Currency).Picos, sum.Paid + r.Amount.In(r.Currency).Picos));
            var credit = Int128.Min(list - charge.Total(used.Sum(r => r.Quantity)), paid);
            if (credit > 0)
            {
                db.Charges.Add(Credit(publication, product, used.Key.AccountId, used.Key.Line, used.Key.Month, used.Sum(r => r.Quantity), credit));
            }
        }
    }

    private static Charge Credit(Publication publication, Product product, Guid accountId, string line, DateOnly month, long quantity, Int128 picos) => new()
    {
        Id = Guid.CreateVersion7(publication.PublishedAt),
        Key = $"price:{publication.Id:N}:{accountId:N}:{product.Id:N}:{line}:{Days.Number(month)}",
        AccountId = accountId,
        Kind = ChargeKind.PriceCorrection,
        Item = product.Name,
        Description = $"{product.Name}, {line}: price corrected from {Instants.ToWire(publication.EffectiveFrom)}",
        Quantity = quantity,
        Currency = BillingOptions.Currency,
        Amount = new Money(-picos, BillingOptions.Currency),
        PeriodStart = publication.EffectiveFrom,
        PeriodEnd = publication.PublishedAt,
        OccurredAt = publication.PublishedAt,
        RecordedAt = publication.PublishedAt,
    };
}
