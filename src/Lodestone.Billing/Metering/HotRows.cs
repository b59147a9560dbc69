using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Queries of a settlement, translated once: on SQLite that costs more than running them.</summary>
internal static class HotRows
{
    public static readonly Func<BillingDb, Guid, CancellationToken, Task<Wallet?>> Wallet = EF.CompileAsyncQuery(
        (BillingDb db, Guid accountId, CancellationToken _) => db.Wallets.SingleOrDefault(w => w.Id == accountId));
}
