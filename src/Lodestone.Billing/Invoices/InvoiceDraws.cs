using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What credit paid of an invoice's usage, as the ledger has it.</summary>
internal static class InvoiceDraws
{
    private const string Sums =
        $"""
        select p.account as account, cast(sum(p.amount_units) as bigint) as units,
            cast(sum(p.amount_remainder / 1000000) as bigint) as high, cast(sum(p.amount_remainder % 1000000) as bigint) as low
        from billing_posting p join billing_ledger_transaction t on t.id = p.transaction_id
        where (p.account like '{LedgerAccounts.PrepaidPrefix}%' or p.account in ('{LedgerAccounts.PromoContra}', '{LedgerAccounts.SlaCredit}'))
        """;

    private const string Events = "from billing_roll_up u join billing_rated_row r on r.roll_up_id = u.id where u.invoice_id = {0}";

    // The key of an event's transaction is made from its id as each database writes it.
    private const string OnSqlite = $"{Sums} and t.key in (select 'usage:' || lower(replace(r.event_id, '-', '')) {Events}) group by p.account";

    private const string OnPostgres = $"{Sums} and t.key in (select 'usage:' || replace(cast(r.event_id as text), '-', '') {Events}) group by p.account";

    /// <summary>By ledger account.</summary>
    public static async Task<Dictionary<string, Money>> BookedAsync(BillingDb db, Invoice invoice, CancellationToken cancel)
    {
        var sums = await db.Database.SqlQueryRaw<DrawSum>(db.Database.IsNpgsql() ? OnPostgres : OnSqlite, invoice.Id).ToListAsync(cancel);
        return sums.ToDictionary(s => s.Account, s => new MoneySum(s.Units, s.High, s.Low).In(invoice.Currency), StringComparer.Ordinal);
    }

    private sealed record DrawSum(string Account, long Units, long High, long Low);
}
