using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What operators decide about an account's debts, each with its reason, kept for good.</summary>
internal sealed class Indulgence(BillingSteps steps, DunningOptions options, TimeProvider clock)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromDays(180);

    /// <summary>Changes what is given of it; the account's standing follows at once.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>unprocessable</c>.</exception>
    public Task<BilledAccount> ChangeAsync(Guid accountId, DunningChange change, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        var now = clock.GetUtcNow();
        Check(change, now);
        return steps.WriteAsync(
            async (db, token) =>
            {
                var account = await db.LockBilledAsync(accountId, token);
                foreach (var act in Apply(account, change))
                {
                    db.CustomerActs.Add(Act(accountId, act, change.Reason ?? "", administrator, now));
                }

                await db.SaveChangesAsync(token);
                account = await db.ReviewStandingAsync(accountId, options, now, token);
                await db.SaveChangesAsync(token);
                return account;
            },
            cancel);
    }

    /// <summary>Gives an invoice up: what is open of it is bad debt, and no longer asked for.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>unprocessable</c>; <c>conflict</c>: nothing is open, or a payment is under way.</exception>
    public Task<Invoice> WriteOffAsync(Guid invoiceId, string? reason, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        Check(new DunningChange(reason), clock.GetUtcNow());
        return steps.WriteAsync(
            async (db, token) =>
            {
                var now = clock.GetUtcNow();
                await db.LockAsync<Invoice>(invoiceId, token);
                var invoice = await db.Invoices.SingleAsync(i => i.Id == invoiceId, token);
                if (invoice.Open.Picos <= 0 || invoice.State is InvoiceState.Disputed)
                {
                    throw new Refusal(RefusalCode.Conflict, $"{invoice.Number} is {invoice.State.ToWire()}: there is nothing to write off.");
                }

                if (await db.PaymentAttempts.AnyAsync(a => a.InvoiceId == invoiceId && a.State != TopUpState.Succeeded && a.State != TopUpState.Failed, token))
                {
                    throw new Refusal(RefusalCode.Conflict, $"A payment of {invoice.Number} is under way. Wait for its end.");
                }

                var open = invoice.Open;
                await db.BookAsync(
                    new NewTransaction($"write_off:{invoiceId:N}", LedgerKind.WriteOff, now, [(LedgerAccounts.BadDebt, open), (LedgerAccounts.Receivable(invoice.AccountId), -open)]) { Note = reason }, now, token);
                invoice.WriteOff();
                db.CustomerActs.Add(Act(invoice.AccountId, $"wrote off {MinorUnits.Text(open)} {open.Currency} of {invoice.Number}", reason ?? "", administrator, now));
                await db.SaveChangesAsync(token);
                await db.ReviewStandingAsync(invoice.AccountId, options, now, token);
                await db.SaveChangesAsync(token);
                return invoice;
            },
            cancel);
    }

    /// <summary>What operators did about an account, newest first.</summary>
    public Task<List<CustomerAct>> ActsAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(db => db.CustomerActs.AsNoTracking()
        .Where(a => a.AccountId == accountId).OrderByDescending(a => a.Id).ToListAsync(cancel));

    private static IEnumerable<string> Apply(BilledAccount account, DunningChange change)
    {
        if (change.Exempt is { } exempt && exempt != account.IsExempt)
        {
            account.IsExempt = exempt;
            yield return exempt ? "exempted from dunning" : "ended the exemption from dunning";
        }

        if (change.PausedUntil is { } paused)
        {
            account.PausedUntil = paused;
            yield return $"paused dunning until {Day(paused)}";
        }

        if (change.PromisedUntil is { } promised)
        {
            account.PromisedUntil = promised;
            yield return $"took a promise to pay by {Day(promised)}";
        }

        if (change.Resume && (account.PausedUntil is not null || account.PromisedUntil is not null))
        {
            (account.PausedUntil, account.PromisedUntil) = (null, null);
            yield return "resumed dunning";
        }
    }

    private static void Check(DunningChange change, DateTimeOffset now)
    {
        if (string.IsNullOrWhiteSpace(change.Reason))
        {
            throw new Refusal(RefusalCode.Unprocessable, "Give a reason: it is kept with who did it.") { Param = "reason" };
        }

        foreach (var (until, name) in new[] { (change.PausedUntil, "pausedUntil"), (change.PromisedUntil, "promisedUntil") })
        {
            if (until is { } at && (at <= now || at > now + LongestPause))
            {
                throw new Refusal(RefusalCode.Unprocessable, "Name a day that is to come, within half a year.") { Param = name };
            }
        }
    }

    private static CustomerAct Act(Guid accountId, string act, string reason, Caller administrator, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now), AccountId = accountId, Act = act, Reason = reason.Trim(), DoneBy = administrator.Id, DoerName = administrator.Name, DoneAt = now,
    };

    private static string Day(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

/// <summary>What an operator changes; absent members stay as they are.</summary>
/// <param name="Exempt">Nothing is ever withheld from the account.</param>
/// <param name="PausedUntil">Until then no reminders and retries, and the standing stays as it is.</param>
/// <param name="PromisedUntil">The account has promised to pay by then: until then nothing is withheld.</param>
/// <param name="Resume">Ends pause and promise.</param>
internal sealed record DunningChange(string? Reason, bool? Exempt = null, DateTimeOffset? PausedUntil = null, DateTimeOffset? PromisedUntil = null, bool Resume = false);
