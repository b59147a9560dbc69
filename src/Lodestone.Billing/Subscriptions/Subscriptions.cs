using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What accounts do with their plans. The acts of one account take turns, by its wallet's lock.</summary>
internal sealed class Subscriptions(BillingSteps steps, PaymentMethods methods, InvoiceOptions invoicing, Tasks tasks, Entitlements entitlements, TimeProvider clock)
{
    public const int LongestPause = 90;

    private static readonly RefusalCode UnknownPlan = new("unknown_plan", 422);
    private static readonly RefusalCode DateOutOfRange = new("date_out_of_range", 422);

    /// <summary>An account's, newest first.</summary>
    public Task<List<SubscriptionFacts>> OfAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(async db =>
    {
        var plans = await db.Plans.AsNoTracking().Where(p => db.Subscriptions.Any(s => s.AccountId == accountId && (s.PlanId == p.Id || s.NextPlanId == p.Id))).ToDictionaryAsync(p => p.Id, cancel);
        var spans = await db.PlanSpans.AsNoTracking().Where(s => s.AccountId == accountId).ToDictionaryAsync(s => s.Id, cancel);
        var subscriptions = await db.Subscriptions.AsNoTracking().Where(s => s.AccountId == accountId).OrderByDescending(s => s.Id).ToListAsync(cancel);
        return subscriptions.ConvertAll(s => new SubscriptionFacts(s, plans[s.PlanId], spans.GetValueOrDefault(s.SpanId ?? Guid.Empty), plans.GetValueOrDefault(s.NextPlanId ?? Guid.Empty)));
    });

    /// <summary>Begins a plan; with its trial, where it has one and the account never had a plan of the family.</summary>
    /// <exception cref="Refusal"><c>unknown_plan</c>, <c>payment_required</c>; <c>conflict</c> where the account has a plan of the family.</exception>
    public Task<Subscription> BeginAsync(Guid accountId, NewSubscription wanted, CancellationToken cancel) => TurnAsync(accountId, async (turn, canPay) =>
    {
        var (subscription, plan) = await BeginAsync(turn, wanted);
        await PlanFunds.SetAsideAsync(turn, canPay || plan.IsContract, isRequired: true, invoicing);
        return subscription;
    }, cancel);

    /// <summary>What a plan would cost that begins today. Nothing begins.</summary>
    public Task<ChangePreview> QuoteAsync(Guid accountId, NewSubscription wanted, CancellationToken cancel) => steps.ReadAsync(async db =>
    {
        var turn = await PlanTurn.BeginAsync(db, accountId, clock.GetUtcNow(), isPreview: true, cancel);
        var (subscription, plan) = await BeginAsync(turn, wanted);
        return new ChangePreview(subscription.Anchor, turn.Lines, plan);
    });

    private static async Task<(Subscription Subscription, Plan Plan)> BeginAsync(PlanTurn turn, NewSubscription wanted)
    {
        var accountId = turn.Customer.Id;
        var plan = await PlanAsync(turn, wanted.Plan, wanted.IsAdministrator);
        var earlier = await turn.Db.Subscriptions.Where(s => s.AccountId == accountId && s.Family == plan.Family).ToListAsync(turn.Cancel);
        if (earlier.Exists(s => s.EndedAt is null))
        {
            throw new Refusal(RefusalCode.Conflict, "The account has a plan already. Change it instead.");
        }

        turn.Seat(wanted.People, wanted.SeatedAt);
        var calendar = new LocalDays(turn.Customer.TimeZone);
        var isTrial = plan.TrialDays > 0 && earlier.Count == 0;
        var first = turn.FreeFrom(plan.Family, calendar.Of(turn.Now));
        var subscription = new Subscription
        {
            Id = Guid.CreateVersion7(turn.Now),
            AccountId = accountId,
            Family = plan.Family,
            PlanId = plan.Id,
            State = isTrial ? SubscriptionState.Trialing : SubscriptionState.Active,
            TimeZone = turn.Customer.TimeZone,
            Anchor = first,
            PeriodNumber = 0,
            DueAt = turn.Now,
            CreatedAt = turn.Now,
        };
        turn.Db.Subscriptions.Add(subscription);
        await turn.OpenAsync(subscription, plan, isTrial ? new DayRange(first, first.AddDays((int)plan.TrialDays)) : DayRange.Of(first, plan.Period, 0), first, wanted.SeatedAt);
        return (subscription, plan);
    }

    /// <summary>What a change would cost, and from when it would hold. Nothing changes.</summary>
    public async Task<ChangePreview> PreviewAsync(Guid accountId, Guid subscriptionId, PlanChange wanted, CancellationToken cancel) => await steps.ReadAsync(async db =>
    {
        var turn = await PlanTurn.BeginAsync(db, accountId, clock.GetUtcNow(), isPreview: true, cancel);
        var (subscription, plan, on) = await ChangingAsync(turn, subscriptionId, wanted);
        if (on is null)
        {
            await SubscriptionSteps.ChangeNowAsync(turn, subscription, plan);
        }

        return new ChangePreview(on ?? SubscriptionSteps.Today(turn, subscription), turn.Lines, plan);
    });

    /// <summary>What an account was charged and has used beyond its credit, and no invoice has asked for yet.</summary>
    public Task<Money> UnbilledAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(async db =>
    {
        var charges = await db.Charges.AsNoTracking().Where(c => c.AccountId == accountId && !db.InvoicedCharges.Any(i => i.Id == c.Id)).ToListAsync(cancel);
        return charges.Aggregate(await db.LedgerSumAsync(LedgerAccounts.Unbilled(accountId), BillingOptions.Currency, cancel), (sum, charge) => sum + charge.Amount.In(charge.Currency));
    });

    /// <summary>At once, when the period ends, or on a day; a change that was to come is replaced, and withdrawn by one to the present plan.</summary>
    /// <exception cref="Refusal"><c>unknown_plan</c>, <c>payment_required</c>, <c>date_out_of_range</c>, <c>not_found</c>; <c>conflict</c> where the plan ends before.</exception>
    public Task<Subscription> ChangeAsync(Guid accountId, Guid subscriptionId, PlanChange wanted, CancellationToken cancel) => TurnAsync(accountId, async (turn, canPay) =>
    {
        var (subscription, plan, on) = await ChangingAsync(turn, subscriptionId, wanted);
        if (plan.Id == subscription.PlanId)
        {
            subscription.Withdraw();
        }
        else if (on is { } day)
        {
            subscription.Schedule(plan.Id, day);
        }
        else
        {
            await SubscriptionSteps.ChangeNowAsync(turn, subscription, plan);
            await PlanFunds.SetAsideAsync(turn, canPay || plan.IsContract, isRequired: true, invoicing);
        }

        return subscription;
    }, cancel);

    /// <summary>At once, with what was paid for the days after this one given back; or when the period ends.</summary>
    public Task<Subscription> CancelAsync(Guid accountId, Guid subscriptionId, bool isNow, CancellationToken cancel) => TurnAsync(accountId, async (turn, _) =>
    {
        var subscription = await FindAsync(turn, subscriptionId);
        if (!isNow && turn.SpanOf(subscription) is { } span)
        {
            subscription.CancelsOn = span.PeriodEnd;
            return subscription;
        }

        await SubscriptionSteps.StopAsync(turn, subscription);
        subscription.End(turn.Now);
        return subscription;
    }, cancel);

    /// <summary>Nothing is charged and nothing of the plan is the account's, for some days; what was paid for the days after this one is given back.</summary>
    /// <exception cref="Refusal"><c>date_out_of_range</c>, <c>conflict</c> where the plan is not one that goes on.</exception>
    public Task<Subscription> PauseAsync(Guid accountId, Guid subscriptionId, int? days, CancellationToken cancel) => TurnAsync(accountId, async (turn, _) =>
    {
        var subscription = await FindAsync(turn, subscriptionId);
        if (subscription.State is not SubscriptionState.Active || subscription.CancelsOn is not null)
        {
            throw new Refusal(RefusalCode.Conflict, $"The plan is {subscription.Shown}: only an active one can be paused.");
        }

        if (days is < 1 or > LongestPause)
        {
            throw new Refusal(DateOutOfRange, $"A pause is of 1 to {LongestPause} days.") { Param = "days" };
        }

        var today = SubscriptionSteps.Today(turn, subscription);
        await SubscriptionSteps.StopAsync(turn, subscription);
        (subscription.State, subscription.ResumesOn) = (SubscriptionState.Paused, today.AddDays(days ?? LongestPause));
        subscription.Withdraw();
        return subscription;
    }, cancel);

    /// <summary>Ends a pause, with a period from today on; or takes a cancellation back that has not come.</summary>
    /// <exception cref="Refusal"><c>payment_required</c>.</exception>
    public Task<Subscription> ResumeAsync(Guid accountId, Guid subscriptionId, CancellationToken cancel) => TurnAsync(accountId, async (turn, canPay) =>
    {
        var subscription = await FindAsync(turn, subscriptionId);
        subscription.CancelsOn = null;
        if (subscription.State is SubscriptionState.Paused)
        {
            await SubscriptionSteps.ReopenAsync(turn, subscription, SubscriptionSteps.Today(turn, subscription));
            await PlanFunds.SetAsideAsync(turn, canPay, isRequired: true, invoicing);
        }

        return subscription;
    }, cancel);

    /// <summary>Charges what was told of seats.</summary>
    public Task SettleSeatsAsync(Guid accountId, CancellationToken cancel) => TurnAsync(accountId, async (turn, canPay) =>
    {
        foreach (var span in turn.Spans)
        {
            turn.SettleSeats(span);
        }

        return await PlanFunds.SetAsideAsync(turn, canPay, isRequired: false, invoicing);
    }, cancel);

    /// <summary>An account that owes keeps its plan for a while, then not; one that has paid has it again.</summary>
    public Task StandAsync(Guid accountId, CancellationToken cancel) => TurnAsync(accountId, async (turn, canPay) =>
    {
        var standing = await turn.Db.BilledAccounts.Where(a => a.Id == accountId).Select(a => (Standing?)a.Standing).SingleOrDefaultAsync(turn.Cancel) ?? Standing.Current; // as it is by now
        foreach (var subscription in await LiveAsync(turn))
        {
            await SubscriptionSteps.StandAsync(turn, subscription, standing);
        }

        return await PlanFunds.SetAsideAsync(turn, canPay, isRequired: false, invoicing);
    }, cancel);

    /// <summary>Does what is due of all accounts.</summary>
    public async Task AdvanceAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        foreach (var accountId in await steps.ReadAsync(db => db.Subscriptions.Where(s => s.EndedAt == null && s.DueAt <= now).Select(s => s.AccountId).Distinct().ToListAsync(cancel)))
        {
            await TurnAsync(accountId, async (turn, canPay) =>
            {
                foreach (var subscription in await LiveAsync(turn))
                {
                    await SubscriptionSteps.AdvanceAsync(turn, subscription, price => PlanFunds.CanAffordAsync(turn, price, canPay, invoicing));
                }

                return await PlanFunds.SetAsideAsync(turn, canPay, isRequired: false, invoicing);
            }, cancel);
        }
    }

    private async Task<T> TurnAsync<T>(Guid accountId, Func<PlanTurn, bool, Task<T>> act, CancellationToken cancel)
    {
        var canPay = await methods.CanPayAsync(accountId, cancel);
        var (result, isCharged) = await steps.WriteAsync(
            async (db, token) =>
            {
                await db.LockWalletAsync(accountId, token);
                var turn = await PlanTurn.BeginAsync(db, accountId, clock.GetUtcNow(), isPreview: false, token);
                var done = await act(turn, canPay);
                foreach (var subscription in db.ChangeTracker.Entries<Subscription>().Select(e => e.Entity).Where(s => s.EndedAt is null))
                {
                    subscription.DueAt = SubscriptionSteps.DueAt(turn, subscription);
                }

                await db.SaveChangesAsync(token);
                return (done, turn.Lines.Count > 0);
            },
            cancel);
        entitlements.Forget(accountId);
        if (isCharged)
        {
            await tasks.ScheduleAsync(Invoicing.Kind, BillingAtStart.TheOnly, RollUp.MinuteOf(clock.GetUtcNow()) + TimeSpan.FromMinutes(1), new { }, cancel); // what is paid in advance is asked for as soon as an invoice can have it
        }

        return result;
    }

    /// <returns>The subscription, the plan that it is to have, and the day from which; null: at once.</returns>
    private static async Task<(Subscription Subscription, Plan Plan, DateOnly? On)> ChangingAsync(PlanTurn turn, Guid subscriptionId, PlanChange wanted)
    {
        var subscription = await FindAsync(turn, subscriptionId);
        var plan = await PlanAsync(turn, wanted.Plan, wanted.IsAdministrator);
        if (plan.Family != subscription.Family)
        {
            throw new Refusal(UnknownPlan, $"{plan.Name} is of another family of plans. Subscribe to it instead.") { Param = "plan" };
        }

        if (turn.SpanOf(subscription) is not { } span)
        {
            throw new Refusal(RefusalCode.Conflict, $"The plan is {subscription.Shown}. Resume it first.");
        }

        var present = turn.PlanOf(span);
        var on = wanted.When switch
        {
            null when plan.Yearly(span.Seats) < present.Yearly(span.Seats) => span.PeriodEnd,
            null or "now" => (DateOnly?)null,
            "period_end" => span.PeriodEnd,
            var text when DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) => day,
            _ => throw new Refusal(RefusalCode.Unprocessable, "\"when\" is \"now\", \"period_end\" or a day such as \"2026-03-31\".") { Param = "when" },
        };
        if (on <= SubscriptionSteps.Today(turn, subscription))
        {
            throw new Refusal(DateOutOfRange, "The day must be one that is still to come. For today say \"now\".") { Param = "when" };
        }

        return on >= subscription.CancelsOn
            ? throw new Refusal(RefusalCode.Conflict, $"The plan ends on {subscription.CancelsOn:yyyy-MM-dd}. Take the cancellation back first.")
            : (subscription, plan, on);
    }

    private static async Task<Subscription> FindAsync(PlanTurn turn, Guid subscriptionId) =>
        (await LiveAsync(turn)).Find(s => s.Id == subscriptionId) ?? throw new Refusal(RefusalCode.NotFound, "The account has no such subscription.");

    private static async Task<List<Subscription>> LiveAsync(PlanTurn turn)
    {
        var live = await turn.Db.Subscriptions.Where(s => s.AccountId == turn.Customer.Id && s.EndedAt == null).ToListAsync(turn.Cancel);
        foreach (var nextId in live.Select(s => s.NextPlanId).OfType<Guid>())
        {
            turn.Plans[nextId] = await turn.Db.Plans.AsNoTracking().SingleAsync(p => p.Id == nextId, turn.Cancel);
        }

        return live;
    }

    private static async Task<Plan> PlanAsync(PlanTurn turn, string? code, bool isAdministrator) =>
        await turn.Db.Plans.AsNoTracking().Where(p => p.Code == code).OrderByDescending(p => p.Version).FirstOrDefaultAsync(turn.Cancel) is { IsOffered: true } plan && (!plan.IsContract || isAdministrator)
            ? plan
            : throw new Refusal(UnknownPlan, $"There is no plan '{code}' on offer. See /api/v1/plans.") { Param = "plan" };
}

/// <param name="Plan">A plan's code.</param>
/// <param name="IsAdministrator">Plans by agreement are theirs to give.</param>
/// <param name="People">Who holds a seat, at least.</param>
/// <param name="SeatedAt">When that was read: who has left since was told of later.</param>
internal sealed record NewSubscription(string? Plan, bool IsAdministrator, IReadOnlyList<Guid> People, DateTimeOffset SeatedAt);

/// <param name="When"><c>now</c>, <c>period_end</c> or a local day; null: at once, or with the period where it becomes cheaper.</param>
internal sealed record PlanChange(string? Plan, string? When, bool IsAdministrator);

/// <param name="On">The first local day of the new plan.</param>
/// <param name="Lines">What is charged and credited at once.</param>
internal sealed record ChangePreview(DateOnly On, IReadOnlyList<ChargeLine> Lines, Plan Plan);

/// <param name="Span">The present one; null where nothing is charged.</param>
/// <param name="Next">The plan that it changes to.</param>
internal sealed record SubscriptionFacts(Subscription Subscription, Plan Plan, PlanSpan? Span, Plan? Next);
