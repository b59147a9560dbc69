using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Queries of a settlement, translated once: on SQLite that costs more than running them.</summary>
internal static class HotRows
{
    public static readonly Func<BillingDb, Guid, CancellationToken, Task<Wallet?>> Wallet = EF.CompileAsyncQuery(
        (BillingDb db, Guid accountId, CancellationToken _) => db.Wallets.SingleOrDefault(w => w.Id == accountId));

    public static readonly Func<BillingDb, Guid, CancellationToken, Task<CallHold?>> Hold = EF.CompileAsyncQuery(
        (BillingDb db, Guid holdId, CancellationToken _) => db.Holds.SingleOrDefault(h => h.Id == holdId));

    public static readonly Func<BillingDb, Guid, Guid, DateOnly, IAsyncEnumerable<RatingTotal>> Totals = EF.CompileAsyncQuery(
        (BillingDb db, Guid accountId, Guid versionId, DateOnly month) =>
            db.RatingTotals.Where(t => t.AccountId == accountId && t.PriceVersionId == versionId && t.Month == month));
}
