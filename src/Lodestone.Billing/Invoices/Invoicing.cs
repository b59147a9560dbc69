using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Invoices each account that owes something when its month has ended and the grace for late events is over; sooner where a lot is
/// unbilled. Small amounts wait.
/// </summary>
internal sealed partial class Invoicing(BillingSteps steps, InvoiceOptions options, Gathering gathering, Issuing issuing, TimeProvider clock, ILogger<Invoicing> log) : ITaskHandler
{
    public const string Kind = "billing.invoicing";

    private const int LongestWaitMonths = 3;

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var next = clock.GetUtcNow() + Every; // from its begin: what is charged while it runs is not left for longer
        await RunAsync(cancel);
        return next;
    }

    /// <returns>How many were issued.</returns>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var issued = 0;
        foreach (var accountId in await steps.ReadAsync(db => OwingAsync(db, cancel)))
        {
            if (await steps.ReadAsync(db => EndAsync(db, accountId, cancel)) is not { } end)
            {
                continue;
            }

            var draft = await gathering.DraftAsync(accountId, end, cancel, isAutomatic: true);
            if (draft.ReviewReason is { } reason)
            {
                Held(log, accountId, reason);
                continue;
            }

            issued += await TryIssueAsync(draft, cancel) ? 1 : 0;
        }

        return issued;
    }

    private async Task<bool> TryIssueAsync(Invoice draft, CancellationToken cancel)
    {
        try
        {
            await issuing.IssueAsync(draft.Id, cancel);
            return true;
        }
        catch (Refusal refusal) when (refusal.Code == RefusalCode.Conflict)
        {
            NotIssued(log, draft.AccountId, refusal.Message); // an administrator was first, or the books of this account do not agree
            return false;
        }
    }

    private static async Task<List<Guid>> OwingAsync(BillingDb db, CancellationToken cancel)
    {
        var used = await db.RollUps.Where(u => u.InvoiceId == null).Select(u => u.AccountId).Distinct().ToListAsync(cancel);
        var charged = await db.Charges.Where(c => !db.InvoicedCharges.Any(i => i.Id == c.Id)).Select(c => c.AccountId).Distinct().ToListAsync(cancel);
        var begun = await db.Invoices.Where(i => i.IsAutomatic && (i.State == InvoiceState.Gathering || (i.State == InvoiceState.Draft && i.ReviewReason == null))).Select(i => i.AccountId).ToListAsync(cancel);
        return [.. used.Concat(charged).Concat(begun).Distinct().Order()];
    }

    /// <summary>Up to when the account is to be invoiced now; null where it is to wait.</summary>
    private async Task<DateTimeOffset?> EndAsync(BillingDb db, Guid accountId, CancellationToken cancel)
    {
        var now = RollUp.MinuteOf(clock.GetUtcNow()); // an invoice ends at a whole minute
        var customer = await db.CustomerAsync(accountId, now, cancel);
        var month = customer.StartOf(Days.Month(customer.DayOf(now - options.Grace)));
        var start = await Gathering.StartAsync(db, await db.BilledAccounts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == accountId, cancel), customer, now, cancel);
        var begun = await db.Invoices.AsNoTracking().Where(i => i.AccountId == accountId && (i.State == InvoiceState.Gathering || i.State == InvoiceState.Draft)).SingleOrDefaultAsync(cancel);
        if (begun is not null)
        {
            return begun.IsAutomatic && begun.ReviewReason is null ? begun.PeriodEnd : null;
        }

        var charges = await db.Charges.AsNoTracking()
            .Where(c => c.AccountId == accountId && c.OccurredAt < now && !db.InvoicedCharges.Any(i => i.Id == c.Id)).ToListAsync(cancel);
        var unbilled = await db.UnbilledAsync(customer, cancel);
        var soFar = charges.Aggregate(unbilled, (sum, c) => sum + c.Amount.In(c.Currency));
        if (soFar >= options.Progress || (start < now && charges.Exists(c => c.IsDueAtOnce) && (soFar >= options.Min || soFar.Picos <= 0)))
        {
            return now;
        }

        var owed = charges.Where(c => c.OccurredAt < month).Aggregate(unbilled, (sum, c) => sum + c.Amount.In(c.Currency));
        var waitsLong = start.AddMonths(LongestWaitMonths) <= month && MinorUnits.HalfUp(owed).Picos > 0;
        return start < month && (owed >= options.Min || waitsLong) ? month : null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The invoice of account {AccountId} is held until an administrator releases it: {Reason}")]
    private static partial void Held(ILogger log, Guid accountId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The invoice of account {AccountId} was not issued: {Reason}")]
    private static partial void NotIssued(ILogger log, Guid accountId, string reason);
}
