using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What happens to a subscription: of itself when its day has come, or because somebody wants it.</summary>
internal static class SubscriptionSteps
{
    private static readonly DateOnly Never = new(9000, 1, 1);

    public static DateOnly Today(PlanTurn turn, Subscription subscription) => new LocalDays(subscription.TimeZone).Of(turn.Now);

    public static DateTimeOffset DueAt(PlanTurn turn, Subscription subscription) => new LocalDays(subscription.TimeZone).StartOf(DueOn(turn, subscription));

    /// <summary>Does, one after another, what was due on the days up to today.</summary>
    /// <param name="canAfford">Whether a plan can be paid that would begin only now.</param>
    public static async Task AdvanceAsync(PlanTurn turn, Subscription subscription, Func<Money, Task<bool>> canAfford)
    {
        while (subscription.EndedAt is null && DueOn(turn, subscription) is var day && day <= Today(turn, subscription))
        {
            await StepAsync(turn, subscription, day, canAfford);
        }
    }

    /// <summary>From today on the account has the plan: the day is the new one's, whatever was before on it.</summary>
    public static Task ChangeNowAsync(PlanTurn turn, Subscription subscription, Plan plan) => ChangeAsync(turn, subscription, plan, Today(turn, subscription));

    /// <summary>Charges nothing from tomorrow on: this day has been used.</summary>
    public static async Task StopAsync(PlanTurn turn, Subscription subscription)
    {
        if (turn.SpanOf(subscription) is { } span)
        {
            var tomorrow = Today(turn, subscription).AddDays(1);
            var day = tomorrow < span.Since ? span.Since : tomorrow;
            await turn.CloseAsync(span, day < span.Until ? day : span.Until);
        }

        subscription.SpanId = null;
    }

    /// <summary>Begins with a period of its own, on the first day from then on that is not paid for.</summary>
    public static Task ReopenAsync(PlanTurn turn, Subscription subscription, DateOnly day)
    {
        var plan = turn.Plans[subscription.PlanId];
        (subscription.State, subscription.ResumesOn, subscription.TimeZone) = (SubscriptionState.Active, null, turn.Customer.TimeZone);
        (subscription.Anchor, subscription.PeriodNumber) = (turn.FreeFrom(subscription.Family, day), 0);
        var period = DayRange.Of(subscription.Anchor, plan.Period, 0);
        return turn.OpenAsync(subscription, plan, period, period.Start, new LocalDays(subscription.TimeZone).StartOf(period.Start));
    }

    public static async Task StandAsync(PlanTurn turn, Subscription subscription, Standing standing)
    {
        if (standing is Standing.Terminated)
        {
            await StopAsync(turn, subscription);
            subscription.End(turn.Now);
            return;
        }

        if (subscription.State is SubscriptionState.Trialing or SubscriptionState.Paused)
        {
            return;
        }

        subscription.State = standing switch
        {
            Standing.Current => SubscriptionState.Active,
            Standing.Suspended => SubscriptionState.Suspended,
            _ => SubscriptionState.PastDue,
        };
        if (subscription is { State: SubscriptionState.Active, SpanId: null })
        {
            await ReopenAsync(turn, subscription, Today(turn, subscription));
        }
    }

    private static DateOnly DueOn(PlanTurn turn, Subscription subscription)
    {
        DateOnly?[] days = subscription.State is SubscriptionState.Paused
            ? [subscription.ResumesOn]
            : [turn.SpanOf(subscription)?.PeriodEnd, subscription.SpanId is null ? null : subscription.ChangesOn, subscription.CancelsOn];
        return days.Min() ?? Never;
    }

    private static async Task StepAsync(PlanTurn turn, Subscription subscription, DateOnly day, Func<Money, Task<bool>> canAfford)
    {
        var span = turn.SpanOf(subscription);
        if (subscription.State is SubscriptionState.Paused && await canAfford(Price(turn, turn.Plans[subscription.PlanId])))
        {
            await ReopenAsync(turn, subscription, day);
        }
        else if (span is null || subscription.CancelsOn == day)
        {
            await EndAsync(turn, subscription, span, day);
        }
        else if (span.PeriodEnd != day)
        {
            await ChangeAsync(turn, subscription, turn.Plans[subscription.NextPlanId ?? subscription.PlanId], day);
        }
        else if (span.IsTrial && !await canAfford(Price(turn, NextPlan(turn, subscription, span))))
        {
            await Alerts.RaiseAsync(
                turn.Db, new NewAlert(subscription.AccountId, AlertKind.Payment, $"trial-ended:{subscription.Id:N}", $"The trial of {turn.PlanOf(span).Name} has ended, because there is nothing to pay it with", "/billing"), turn.Cancel);
            await EndAsync(turn, subscription, span, day);
        }
        else
        {
            await RenewAsync(turn, subscription, span);
        }
    }

    private static Money Price(PlanTurn turn, Plan plan) =>
        new(plan.Base.In(plan.Currency).Picos + (plan.IsInAdvance ? plan.PerSeat.In(plan.Currency).Picos * Math.Max(plan.MinSeats, turn.Use.At(turn.Now)) : 0), plan.Currency);

    private static Plan NextPlan(PlanTurn turn, Subscription subscription, PlanSpan span) =>
        subscription.ChangesOn <= span.PeriodEnd && subscription.NextPlanId is { } nextId ? turn.Plans[nextId] : turn.PlanOf(span);

    private static async Task EndAsync(PlanTurn turn, Subscription subscription, PlanSpan? span, DateOnly day)
    {
        if (span is not null)
        {
            await turn.CloseAsync(span, day);
        }

        subscription.End(turn.Now);
    }

    private static async Task RenewAsync(PlanTurn turn, Subscription subscription, PlanSpan span)
    {
        var (plan, day) = (turn.PlanOf(span), span.PeriodEnd);
        await turn.CloseAsync(span, day);
        if (subscription.State is SubscriptionState.Suspended)
        {
            subscription.SpanId = null; // it goes on when what is owed is paid
            return;
        }

        var next = NextPlan(turn, subscription, span);
        var restarts = span.IsTrial || next.Period != plan.Period || subscription.TimeZone != turn.Customer.TimeZone;
        (subscription.Anchor, subscription.PeriodNumber) = restarts ? (day, 0) : (subscription.Anchor, subscription.PeriodNumber + 1);
        subscription.TimeZone = turn.Customer.TimeZone;
        subscription.State = span.IsTrial ? SubscriptionState.Active : subscription.State;
        if (subscription.ChangesOn <= day)
        {
            subscription.Withdraw();
        }

        await turn.OpenAsync(subscription, next, DayRange.Of(subscription.Anchor, next.Period, subscription.PeriodNumber), day, new LocalDays(subscription.TimeZone).StartOf(day));
    }

    private static async Task ChangeAsync(PlanTurn turn, Subscription subscription, Plan plan, DateOnly on)
    {
        var span = turn.SpanOf(subscription) ?? throw new InvalidOperationException($"Subscription {subscription.Id} has no span to change.");
        var old = turn.PlanOf(span);
        var day = on < span.Since ? span.Since : on;
        var start = span.Calendar().StartOf(day);
        await turn.CloseAsync(span, day);
        var restarts = !span.IsTrial && plan.Period != old.Period;
        (subscription.Anchor, subscription.PeriodNumber) = restarts ? (day, 0) : (subscription.Anchor, subscription.PeriodNumber);
        subscription.Withdraw();
        var period = restarts ? DayRange.Of(day, plan.Period, 0) : new DayRange(span.PeriodStart, span.PeriodEnd);
        await turn.OpenAsync(subscription, plan, period, day, start > span.SinceAt ? start : span.SinceAt);
    }
}

/// <summary>Renews and ends subscriptions in time.</summary>
internal sealed class SubscriptionCare(Subscriptions subscriptions, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "billing.subscriptions";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var next = clock.GetUtcNow() + Every; // from its begin: what comes due while it runs is not left for longer
        await subscriptions.AdvanceAsync(cancel);
        return next;
    }
}

/// <summary>What an account owes decides what it has of its plan.</summary>
internal sealed class FollowStanding(Subscriptions subscriptions) : IEventHandler<AccountStandingChanged>
{
    public Task HandleAsync(Guid eventId, AccountStandingChanged happened, CancellationToken cancel) => subscriptions.StandAsync(happened.AccountId, cancel);
}
