using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Rows of invoicing as its parts read and lock them.</summary>
internal static class InvoiceRows
{
    /// <summary>Accounts whose money the caller looks after; all, for an administrator. To others an invoice looks absent, whatever else they may do there.</summary>
    public static bool MayBill(this Caller caller, Guid accountId) => caller.IsAdministrator || caller.CanAdminister(accountId, TokenScope.ReadBilling);

    public static IQueryable<Invoice> VisibleTo(this IQueryable<Invoice> invoices, Caller caller)
    {
        var accounts = caller.Roles.Keys.Where(caller.MayBill).ToList();
        return caller.IsAdministrator ? invoices : invoices.Where(i => accounts.Contains(i.AccountId));
    }

    public static IQueryable<CreditNote> VisibleTo(this IQueryable<CreditNote> notes, Caller caller)
    {
        var accounts = caller.Roles.Keys.Where(caller.MayBill).ToList();
        return caller.IsAdministrator ? notes : notes.Where(n => accounts.Contains(n.AccountId));
    }

    /// <summary>By number, or a draft by id.</summary>
    public static IQueryable<Invoice> Named(this IQueryable<Invoice> invoices, string name) =>
        PublicId.TryParse(InvoiceView.IdPrefix, name, out var id) ? invoices.Where(i => i.Id == id) : invoices.Where(i => i.Number == name);

    /// <summary>The account's row, made when it is the first time, and locked until the transaction ends: its invoices take turns.</summary>
    public static async Task<BilledAccount> LockBilledAsync(this BillingDb db, Guid accountId, CancellationToken cancel)
    {
        var beginning = db.Database.IsNpgsql() ? (object)DateTimeOffset.UnixEpoch : 0L;
        await db.Database.ExecuteSqlAsync(
            $"""
            insert into billing_billed_account (id, billed_until, carry_units, carry_remainder, standing, standing_since, notices, is_exempt)
            values ({accountId}, {beginning}, 0, 0, {nameof(Standing.Current)}, {beginning}, 0, {false}) on conflict (id) do nothing
            """,
            cancel);
        await db.LockAsync<BilledAccount>(accountId, cancel);
        return await db.BilledAccounts.SingleAsync(a => a.Id == accountId, cancel);
    }

    public static async Task<Party> PartyAsync(this BillingDb db, Guid accountId, CancellationToken cancel) =>
        await db.Parties.SingleOrDefaultAsync(p => p.Id == accountId, cancel) ?? Party.Nobody(accountId);

    /// <summary>The sum of a ledger account, positive where debits prevail.</summary>
    public static async Task<Money> LedgerSumAsync(this BillingDb db, string account, Currency currency, CancellationToken cancel)
    {
        var sum = await db.Postings.Where(p => p.Account == account && p.Currency == currency).GroupBy(p => p.Account)
            .Select(g => new MoneySum(g.Sum(p => p.Amount.Units), g.Sum(p => p.Amount.Remainder / MoneySum.Split), g.Sum(p => p.Amount.Remainder % MoneySum.Split)))
            .SingleOrDefaultAsync(cancel);
        return sum.In(currency);
    }

    /// <summary>The next number of a series and year; whoever asks in another transaction waits until this one has ended, so none is left out.</summary>
    public static async Task<long> NextNumberAsync(this BillingDb db, string series, int year, CancellationToken cancel)
    {
        await db.Database.ExecuteSqlAsync(
            $"""
            insert into billing_number_series (series, year, last) values ({series}, {(long)year}, 1)
            on conflict (series, year) do update set last = billing_number_series.last + 1
            """,
            cancel);
        return await db.NumberSeries.AsNoTracking().Where(s => s.Series == series && s.Year == year).Select(s => s.Last).SingleAsync(cancel);
    }
}

/// <summary>The last number given in a legal entity's year.</summary>
internal sealed class NumberSeries
{
    public required string Series { get; init; }

    public required long Year { get; init; }

    public required long Last { get; init; }
}
