using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>A limit to set.</summary>
/// <param name="ScopeId">Empty where there is only one.</param>
internal sealed record WantedLimit(Guid AccountId, LimitScope Scope, Guid ScopeId, string ScopeName, Money Amount, LimitPeriod Period, LimitKind Kind);

/// <summary>Limits as people set and see them.</summary>
internal sealed class Limits(BillingSteps steps, Database database, TimeProvider clock)
{
    /// <summary>Those of an account, or of everybody, with what was spent of them.</summary>
    public Task<List<LimitState>> OfAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(async db =>
    {
        var limits = await db.SpendLimits.AsNoTracking().Where(l => l.AccountId == accountId).OrderBy(l => l.Id).ToListAsync(cancel);
        var customer = await db.CustomerAsync(accountId, clock.GetUtcNow(), cancel);
        var states = new List<LimitState>();
        foreach (var limit in limits)
        {
            states.Add(await StateAsync(db, limit, customer, cancel));
        }

        return states;
    });

    /// <summary>Counts from what was spent in the period already and what is held now: it holds for the next call.</summary>
    public Task<LimitState> SetAsync(WantedLimit wanted, Caller caller, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var now = clock.GetUtcNow();
            await LockAsync(db, wanted.AccountId, token);
            var limit = new SpendLimit
            {
                Id = Guid.CreateVersion7(now),
                AccountId = wanted.AccountId,
                Scope = wanted.Scope,
                ScopeId = wanted.ScopeId,
                ScopeName = wanted.ScopeName,
                Currency = wanted.Amount.Currency,
                Amount = wanted.Amount,
                Period = wanted.Period,
                Kind = wanted.Kind,
                CreatedAt = now,
                CreatedBy = caller.Id,
            };
            var customer = await db.CustomerAsync(wanted.AccountId, now, token);
            db.SpendLimits.Add(limit);
            db.LimitUses.AddRange(await LimitHistory.UsesAsync(db, limit, customer, token));
            await db.SaveChangesAsync(token);
            return await StateAsync(db, limit, customer, token);
        },
        cancel);

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public Task<LimitState> ChangeAsync(Guid id, Guid accountId, Money? amount, LimitKind? kind, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            await LockAsync(db, accountId, token);
            var limit = await FindAsync(db, id, accountId, token);
            limit.Amount = amount is { } changed ? changed : limit.Amount;
            limit.Kind = kind ?? limit.Kind;
            await db.SaveChangesAsync(token);
            return await StateAsync(db, limit, await db.CustomerAsync(accountId, clock.GetUtcNow(), token), token);
        },
        cancel);

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public Task<int> RemoveAsync(Guid id, Guid accountId, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            await LockAsync(db, accountId, token);
            db.SpendLimits.Remove(await FindAsync(db, id, accountId, token));
            await db.LimitUses.Where(u => u.LimitId == id).ExecuteDeleteAsync(token);
            await db.AlertRules.Where(r => r.LimitId == id).ExecuteDeleteAsync(token);
            return await db.SaveChangesAsync(token);
        },
        cancel);

    /// <summary>Whose a limit is; null: there is none.</summary>
    public Task<Guid?> AccountOfAsync(Guid id, CancellationToken cancel) => steps.ReadAsync(db => db.SpendLimits.Where(l => l.Id == id).Select(l => (Guid?)l.AccountId).SingleOrDefaultAsync(cancel));

    private static async Task<SpendLimit> FindAsync(BillingDb db, Guid id, Guid accountId, CancellationToken cancel) =>
        await db.SpendLimits.SingleOrDefaultAsync(l => l.Id == id && l.AccountId == accountId, cancel) ?? throw new Refusal(RefusalCode.NotFound, "There is no such limit.");

    private async Task<LimitState> StateAsync(BillingDb db, SpendLimit limit, Customer customer, CancellationToken cancel)
    {
        var day = customer.DayOf(clock.GetUtcNow());
        var first = SpendLimit.FirstOf(limit.Period, day);
        return new LimitState(limit, customer, day, await db.LimitUses.AsNoTracking().Where(u => u.LimitId == limit.Id && u.Start >= first).ToListAsync(cancel));
    }

    // Nobody reserves or settles meanwhile: what is counted from the rows is all there is.
    private async Task LockAsync(BillingDb db, Guid accountId, CancellationToken cancel)
    {
        if (accountId != Guid.Empty)
        {
            await db.LockWalletAsync(accountId, cancel);
        }
        else if (database.IsPostgres)
        {
            await db.Database.ExecuteSqlAsync($"lock table billing_wallet in share row exclusive mode", cancel);
        }
    }
}
