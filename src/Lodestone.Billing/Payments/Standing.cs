using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What an account may do while it owes.</summary>
public enum Standing
{
    Current,
    PastDue,

    /// <summary>No new compute, no raised limits.</summary>
    Restricted,

    /// <summary>Paid calls are refused; what is stored stays readable and exportable.</summary>
    Suspended,

    /// <summary>Subscriptions have ended.</summary>
    Terminated,
}

/// <summary>An account may do more or less than before, because of what it owes.</summary>
public sealed record AccountStandingChanged(Guid AccountId, Standing Standing);

/// <summary>When an account's debt began and what follows from it.</summary>
internal static class Standings
{
    /// <summary>In the caller's transaction, which saves: the account stands as its debts say now.</summary>
    public static async Task<BilledAccount> ReviewStandingAsync(this BillingDb db, Guid accountId, DunningOptions options, DateTimeOffset now, CancellationToken cancel)
    {
        var account = await db.LockBilledAsync(accountId, cancel);
        var standing = options.StandingOf(account, await db.OverdueSinceAsync(accountId, now, cancel), now);
        if (account.Stand(standing, now))
        {
            db.Publish(new AccountStandingChanged(accountId, standing));
        }

        return account;
    }

    /// <summary>Since when the oldest debt is one: an invoice fell due, or could not be collected before.</summary>
    public static async Task<DateTimeOffset?> OverdueSinceAsync(this BillingDb db, Guid accountId, DateTimeOffset now, CancellationToken cancel) =>
        (await db.DebtsAsync(accountId, now, cancel)).Min(d => (DateTimeOffset?)d.Since);

    /// <summary>Open invoices of an account that are due or could not be collected, the oldest debt first.</summary>
    public static async Task<List<Debt>> DebtsAsync(this BillingDb db, Guid accountId, DateTimeOffset now, CancellationToken cancel)
    {
        var open = await db.Invoices.AsNoTracking().Where(i => i.AccountId == accountId && (i.State == InvoiceState.Issued || i.State == InvoiceState.PartiallyPaid)).ToListAsync(cancel);
        var openIds = open.ConvertAll(i => i.Id);
        var failed = (await db.PaymentAttempts.AsNoTracking().Where(a => openIds.Contains(a.InvoiceId) && a.IsUnattended && a.State == TopUpState.Failed).ToListAsync(cancel)).ToLookup(a => a.InvoiceId);
        return [.. open.Where(i => i.Open.Picos > 0)
            .Select(i => (Invoice: i, Since: failed[i.Id].Select(a => (DateTimeOffset?)a.CreatedAt).Append(i.DueAt).Min()))
            .Where(d => d.Since <= now).Select(d => new Debt(d.Invoice, d.Since ?? now)).OrderBy(d => d.Since)];
    }
}

/// <param name="Since">When it fell due, or could not be collected before that.</param>
internal sealed record Debt(Invoice Invoice, DateTimeOffset Since);
