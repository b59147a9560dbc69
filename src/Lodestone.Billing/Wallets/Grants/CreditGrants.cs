using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>Credit given, taken back, begun and expired. The wallet's balance moves with it, in the same transaction.</summary>
internal sealed partial class CreditGrants(BillingSteps steps, TimeProvider clock, ILogger<CreditGrants> log)
{
    private static readonly RefusalCode OverRemainder = new("exceeds_remainder", 409);
    private static readonly RefusalCode NotRefundable = new("not_refundable", 409);

    /// <summary>In the caller's transaction, which saves. What was given already is given once.</summary>
    public static async Task<CreditGrant> GiveAsync(BillingDb db, NewGrant wanted, DateTimeOffset now, CancellationToken cancel)
    {
        var wallet = await db.LockWalletAsync(wanted.AccountId, cancel);
        if (await db.CreditGrants.SingleOrDefaultAsync(g => g.AccountId == wanted.AccountId && g.SourceRef == wanted.SourceRef, cancel) is { } earlier)
        {
            return earlier;
        }

        var grant = wanted.At(now);
        db.CreditGrants.Add(grant);
        if (!grant.IsPaid)
        {
            await db.BookAsync(new NewTransaction($"credit:{grant.Id:N}", LedgerKind.Credit, now, GrantBooks.Issue(grant)), now, cancel);
        }

        if (grant is { State: GrantState.Usable, IsScoped: false })
        {
            wallet.Add(grant.Amount.In(grant.Currency));
        }

        DateTimeOffset?[] turns = [wallet.TurnsAt, grant.ExpiresAt, grant.State is GrantState.Scheduled ? grant.StartsAt : null];
        wallet.Turn(wallet.ScopedGrants + (grant.IsScoped ? 1 : 0), turns.Min());
        return grant;
    }

    public Task<CreditGrant> GiveAsync(NewGrant wanted, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var grant = await GiveAsync(db, wanted, clock.GetUtcNow(), token);
            await db.SaveChangesAsync(token);
            Given(log, wanted.AccountId, wanted.Amount, wanted.Amount.Currency, wanted.Kind, wanted.SourceRef);
            return grant;
        },
        cancel);

    /// <summary>An account's, newest first.</summary>
    public Task<List<CreditGrant>> OfAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(db => db.CreditGrants.AsNoTracking()
        .Where(g => g.AccountId == accountId).OrderByDescending(g => g.Id).ToListAsync(cancel));

    /// <summary>What remains can be spent no more. Voiding twice is voiding once.</summary>
    /// <exception cref="Refusal"><c>not_found</c>; <c>conflict</c> while running calls were promised of it.</exception>
    public Task<CreditGrant> VoidAsync(Guid accountId, Guid grantId, CancellationToken cancel) => WithdrawAsync(accountId, grantId, amount: null, cancel);

    /// <summary>Takes from what remains of a grant that was paid for, to be paid back.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>not_refundable</c>, <c>exceeds_remainder</c>; <c>conflict</c> while running calls were promised of it.</exception>
    public Task<CreditGrant> RefundAsync(Guid accountId, Guid grantId, Money amount, CancellationToken cancel) => WithdrawAsync(accountId, grantId, amount, cancel);

    /// <summary>Begins and ends what is due of an account, so that its balance is that of now.</summary>
    public Task TurnAsync(Guid accountId, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var now = clock.GetUtcNow();
            var wallet = await db.LockWalletAsync(accountId, token);
            var grants = await db.CreditGrants.Where(g => g.AccountId == accountId && (g.State == GrantState.Scheduled || g.State == GrantState.Usable)).ToListAsync(token);
            foreach (var grant in grants.Where(g => g.State is GrantState.Scheduled && g.StartsAt <= now))
            {
                grant.State = GrantState.Usable;
                wallet.Add(grant.IsScoped ? Money.Zero(grant.Currency) : grant.Remaining.In(grant.Currency));
            }

            foreach (var grant in grants.Where(g => g.State is GrantState.Usable && g.ExpiresAt <= now))
            {
                await ExpireAsync(db, wallet, grant, now, token);
            }

            Remember(wallet, grants);
            return await db.SaveChangesAsync(token);
        },
        cancel);

    /// <summary>Accounts of which something is due.</summary>
    public Task<List<Guid>> DueAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        return steps.ReadAsync(db => db.CreditGrants
            .Where(g => (g.State == GrantState.Usable && g.ExpiresAt <= now) || (g.State == GrantState.Scheduled && g.StartsAt <= now))
            .Select(g => g.AccountId).Distinct().ToListAsync(cancel));
    }

    private Task<CreditGrant> WithdrawAsync(Guid accountId, Guid grantId, Money? amount, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var now = clock.GetUtcNow();
            var wallet = await db.LockWalletAsync(accountId, token);
            var grant = await db.CreditGrants.SingleOrDefaultAsync(g => g.Id == grantId && g.AccountId == accountId, token)
                ?? throw new Refusal(RefusalCode.NotFound, "The account has no such grant.");
            var remaining = grant.Remaining.In(grant.Currency);
            if (amount is null && grant.State is GrantState.Voided or GrantState.Expired)
            {
                return grant;
            }

            var taken = amount ?? remaining;
            Require(wallet, grant, taken, isRefund: amount is not null);
            await TakeAsync(db, wallet, grant, taken, isVoid: amount is null, now, token);
            await db.SaveChangesAsync(token);
            Withdrawn(log, accountId, taken, grant.Currency, grant.SourceRef);
            return grant;
        },
        cancel);

    /// <summary>In the caller's transaction, which holds the wallet and saves: takes from what remains of a grant that was paid for, to be paid back.</summary>
    /// <exception cref="Refusal"><c>not_refundable</c>, <c>exceeds_remainder</c>; <c>conflict</c> while running calls were promised of it.</exception>
    public static Task RefundAsync(BillingDb db, Wallet wallet, CreditGrant grant, Money taken, DateTimeOffset now, CancellationToken cancel)
    {
        Require(wallet, grant, taken, isRefund: true);
        return TakeAsync(db, wallet, grant, taken, isVoid: false, now, cancel);
    }

    /// <summary>In the caller's transaction, which holds the wallet and saves: takes from what remains of a grant, and is promised to no call.</summary>
    public static async Task TakeAsync(BillingDb db, Wallet wallet, CreditGrant grant, Money taken, bool isVoid, DateTimeOffset now, CancellationToken cancel)
    {
        if (grant is { IsScoped: false, State: GrantState.Usable })
        {
            wallet.Add(-taken);
        }

        grant.Withdraw(taken, isVoid);
        if (!taken.IsZero)
        {
            await db.BookAsync(new NewTransaction($"withdrawal:{grant.Id:N}:{grant.Withdrawn.In(grant.Currency)}", LedgerKind.Withdrawal, now, GrantBooks.Withdraw(grant, taken)), now, cancel);
        }
    }

    private static void Require(Wallet wallet, CreditGrant grant, Money taken, bool isRefund)
    {
        if (isRefund && !(grant.IsPaid && grant.Refundable))
        {
            throw new Refusal(NotRefundable, $"The grant {grant.SourceRef} was not paid for, or was sold without refund. Void it instead.");
        }

        if (taken > grant.Remaining.In(grant.Currency) || taken < Money.Zero(grant.Currency))
        {
            throw new Refusal(OverRemainder, $"{grant.Remaining.In(grant.Currency)} {grant.Currency} of {grant.Amount.In(grant.Currency)} is unspent: refund that at most.") { Param = "amount" };
        }

        var free = grant.IsScoped ? grant.Remaining.In(grant.Currency) - grant.Held.In(grant.Currency) : wallet.Unheld;
        if (grant.State is GrantState.Usable && taken > free)
        {
            throw new Refusal(RefusalCode.Conflict, "Running calls were promised part of it. Try again when they have ended.");
        }
    }

    private static async Task ExpireAsync(BillingDb db, Wallet wallet, CreditGrant grant, DateTimeOffset now, CancellationToken cancel)
    {
        var rest = grant.Expire();
        wallet.Add(grant.IsScoped ? Money.Zero(grant.Currency) : -rest);
        if (!rest.IsZero)
        {
            await db.BookAsync(new NewTransaction($"expiry:{grant.Id:N}", LedgerKind.Breakage, grant.ExpiresAt ?? now, GrantBooks.Expire(grant, rest)), now, cancel);
        }
    }

    private static void Remember(Wallet wallet, List<CreditGrant> grants)
    {
        var turns = grants.Select(g => g.State switch
        {
            GrantState.Scheduled => g.StartsAt,
            GrantState.Usable => g.ExpiresAt,
            _ => null,
        });
        wallet.Turn(grants.Count(g => g.IsScoped && g.State is GrantState.Scheduled or GrantState.Usable && !g.Remaining.IsZero), turns.Min());
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {AccountId} was granted {Amount} {Currency} of {Kind} credit, {SourceRef}")]
    private static partial void Given(ILogger log, Guid accountId, Money amount, Currency currency, GrantKind kind, string sourceRef);

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {AccountId} lost {Amount} {Currency} of credit {SourceRef}, withdrawn")]
    private static partial void Withdrawn(ILogger log, Guid accountId, Money amount, Currency currency, string sourceRef);
}

/// <summary>Begins and ends grants in time, also of accounts that make no calls.</summary>
internal sealed class GrantTurning(CreditGrants grants, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "billing.grants";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        foreach (var accountId in await grants.DueAsync(cancel))
        {
            await grants.TurnAsync(accountId, cancel);
        }

        return clock.GetUtcNow() + Every;
    }
}
