using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// What follows from a debt, by the calendar: payments that were declined are tried again, people are reminded, and the account may do less.
/// Nothing that is stored is ever deleted for it.
/// </summary>
internal sealed partial class Dunning(BillingSteps steps, InvoicePayments payments, DunningOptions options, TimeProvider clock, ILogger<Dunning> log) : ITaskHandler
{
    public const string Kind = "billing.dunning";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await RunAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        foreach (var accountId in await steps.ReadAsync(db => OwingAsync(db, cancel)))
        {
            foreach (var invoiceId in await steps.WriteAsync((db, token) => ReviewAsync(db, accountId, token), cancel))
            {
                await payments.CollectAsync(invoiceId, cancel);
            }
        }
    }

    private static Task<List<Guid>> OwingAsync(BillingDb db, CancellationToken cancel) => db.Invoices
        .Where(i => i.State == InvoiceState.Issued || i.State == InvoiceState.PartiallyPaid).Select(i => i.AccountId)
        .Union(db.BilledAccounts.Where(a => a.Standing != Standing.Current).Select(a => a.Id)).Distinct().ToListAsync(cancel);

    /// <returns>Invoices to try again.</returns>
    private async Task<List<Guid>> ReviewAsync(BillingDb db, Guid accountId, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var before = await db.BilledAccounts.AsNoTracking().Where(a => a.Id == accountId).Select(a => (Standing?)a.Standing).SingleOrDefaultAsync(cancel);
        var account = await db.ReviewStandingAsync(accountId, options, now, cancel);
        var debts = await db.DebtsAsync(accountId, now, cancel);
        if (account.Standing != (before ?? Standing.Current))
        {
            Stands(log, accountId, account.Standing);
        }

        if (debts is not [var oldest, ..] || account.IsExempt || account.PausedUntil > now || account.PromisedUntil > now)
        {
            await db.SaveChangesAsync(cancel);
            return [];
        }

        await RemindAsync(db, account, oldest, debts, now, cancel);
        await db.SaveChangesAsync(cancel);
        return await TryAgainAsync(db, debts, now, cancel);
    }

    private async Task RemindAsync(BillingDb db, BilledAccount account, Debt oldest, List<Debt> debts, DateTimeOffset now, CancellationToken cancel)
    {
        var number = options.Notices.Count(day => oldest.Since + TimeSpan.FromDays(day) <= now);
        if (account.Notices >= number)
        {
            return;
        }

        account.Notices = number;
        var open = debts.Aggregate(Money.Zero(oldest.Invoice.Currency), (sum, debt) => sum + debt.Invoice.Open);
        var key = string.Create(CultureInfo.InvariantCulture, $"reminder:{account.Id:N}:{oldest.Since.UtcTicks}:{number}");
        await Alerts.RaiseAsync(db, new NewAlert(account.Id, AlertKind.Payment, key, Title(account.Standing, open, debts), "/billing/invoices"), cancel);
    }

    private static string Title(Standing standing, Money open, List<Debt> debts)
    {
        var owed = $"{MinorUnits.Text(open)} {open.Currency} is overdue on {(debts.Count == 1 ? $"invoice {debts[0].Invoice.Number}" : string.Create(CultureInfo.InvariantCulture, $"{debts.Count} invoices"))}";
        return standing switch
        {
            Standing.Restricted => $"{owed}; no new compute starts and limits cannot be raised until it is paid",
            Standing.Suspended => $"{owed}; calls that cost something are refused until it is paid, and everything stored stays readable",
            Standing.Terminated => $"{owed}; the account's subscriptions have ended, and everything stored stays readable",
            _ => $"{owed}: pay it, or give a payment method",
        };
    }

    /// <summary>Those whose next try is due since the last one.</summary>
    private async Task<List<Guid>> TryAgainAsync(BillingDb db, List<Debt> debts, DateTimeOffset now, CancellationToken cancel)
    {
        var due = new List<Guid>();
        foreach (var debt in debts)
        {
            var last = await db.PaymentAttempts.Where(a => a.InvoiceId == debt.Invoice.Id && a.IsUnattended).MaxAsync(a => (DateTimeOffset?)a.CreatedAt, cancel);
            if (options.Retries.Prepend(0).Select(day => debt.Since + TimeSpan.FromDays(day)).Any(at => at <= now && (last is null || last < at)))
            {
                due.Add(debt.Invoice.Id);
            }
        }

        return due;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {AccountId} is {Standing} for what it owes")]
    private static partial void Stands(ILogger log, Guid accountId, Standing standing);
}
