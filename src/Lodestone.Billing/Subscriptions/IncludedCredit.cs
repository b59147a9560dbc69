using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>
/// The credit that comes with a plan. It is earned day by day, as the price is: who leaves the plan early keeps what is earned, loses
/// what is unspent of the rest, and pays what is spent of it. No day earns twice.
/// </summary>
internal static class IncludedCredit
{
    /// <summary>How the item of a charge for spent credit ends.</summary>
    public const string ItemSuffix = ".credit";

    public static async Task GiveAsync(PlanTurn turn, PlanSpan span, Plan plan)
    {
        var until = span.Calendar().StartOf(span.PeriodEnd);
        var from = turn.Spans.Where(s => s.Family == span.Family).Select(s => s.CreditUntil).Append(span.Since).Max();
        if (span.IsTrial || turn.IsPreview || from >= span.PeriodEnd || until <= turn.Now || plan.Included(span.Seats) is { IsZero: true })
        {
            return;
        }

        var amount = Proration.Part(plan.Included(span.Seats), span.PeriodEnd.DayNumber - from.DayNumber, span.Length);
        var grant = await CreditGrants.GiveAsync(turn.Db, new NewGrant(span.AccountId, GrantKind.Plan, amount, $"plan:{span.Id:N}") { ExpiresAt = until }, turn.Now, turn.Cancel);
        (span.GrantId, span.CreditSince, span.CreditUntil) = (grant.Id, from, span.PeriodEnd);
    }

    /// <param name="span">Which has just ended.</param>
    public static async Task WithdrawAsync(PlanTurn turn, PlanSpan span, Plan plan)
    {
        if (span.GrantId is not { } grantId || span.Until >= span.CreditUntil)
        {
            return;
        }

        var grant = await turn.Db.CreditGrants.SingleAsync(g => g.Id == grantId, turn.Cancel);
        var zero = Money.Zero(grant.Currency);
        var earned = Proration.Part(grant.Amount.In(grant.Currency), Math.Max(0, span.Until.DayNumber - span.CreditSince.DayNumber), span.CreditUntil.DayNumber - span.CreditSince.DayNumber);
        var unearned = grant.Amount.In(grant.Currency) - grant.Forfeited.In(grant.Currency) - grant.Withdrawn.In(grant.Currency) - earned;
        var wallet = turn.IsPreview ? await turn.Db.Wallets.SingleAsync(w => w.Id == span.AccountId, turn.Cancel) : await turn.Db.LockWalletAsync(span.AccountId, turn.Cancel);
        var unspent = Money.Min(Money.Min(unearned, grant.Remaining.In(grant.Currency)), wallet.Unheld); // what running calls were promised counts as spent
        if (unspent > zero)
        {
            await CreditGrants.TakeAsync(turn.Db, wallet, grant, unspent, isVoid: false, turn.Now, turn.Cancel);
        }

        var spent = unearned - (unspent > zero ? unspent : zero);
        if (spent > zero)
        {
            var days = new DayRange(span.Since, span.Until > span.Since ? span.Until : span.Since.AddDays(1));
            turn.Charge(span, [new ChargeLine(ChargeKind.Proration, plan.Code + ItemSuffix, $"{plan.Name}, included credit spent beyond its days", 1, spent, days)]);
        }

        span.CreditUntil = span.Until > span.CreditSince ? span.Until : span.CreditSince;
    }
}
