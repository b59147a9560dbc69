using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Begins, changes, renews and ends subscriptions, and charges for them. Those of one account take turns by its wallet's lock.</summary>
internal sealed class Subscriptions(BillingSteps steps, TimeProvider clock)
{
    private static readonly RefusalCode UnknownPlan = new("unknown_plan", 422);

    /// <summary>An account's, newest first.</summary>
    public Task<List<(Subscription Subscription, Plan Plan)>> OfAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(async db =>
    {
        var found = await db.Subscriptions.AsNoTracking().Where(s => s.AccountId == accountId).OrderByDescending(s => s.Id)
            .Join(db.Plans, s => s.PlanId, p => p.Id, (s, p) => new { s, p }).ToListAsync(cancel);
        return found.ConvertAll(f => (f.s, f.p));
    });

    /// <summary>Begins a plan, with its trial where it has one.</summary>
    /// <param name="members">Who holds a seat from now on, at least: of some it may never have been told that they came.</param>
    /// <exception cref="Refusal"><c>unknown_plan</c>, <c>conflict</c> where the account has a plan of the family.</exception>
    public Task<Subscription> BeginAsync(Guid accountId, IReadOnlyList<Guid> members, string? code, bool isAdministrator, CancellationToken cancel) => TurnAsync(accountId, async turn =>
    {
        var plan = await PlanAsync(turn.Db, code, isAdministrator, turn.Cancel);
        if (await LiveAsync(turn.Db, accountId, plan.Family, turn.Cancel) is not null)
        {
            throw new Refusal(RefusalCode.Conflict, "The account has a plan already. Change it instead.");
        }

        var seats = Math.Max(plan.MinSeats, members.Count);
        turn.Db.SeatChanges.AddRange(members.Select(m => new SeatChange { Id = Guid.CreateVersion7(turn.Now), AccountId = accountId, UserId = m, IsHeld = true, At = turn.Now }));
        var isTrial = plan.TrialDays > 0;
        var days = isTrial ? new DayRange(turn.Today, turn.Today.AddDays((int)plan.TrialDays)) : DayRange.Of(turn.Today, plan.Period, 0);
        var subscription = new Subscription
        {
            Id = Guid.CreateVersion7(turn.Now),
            AccountId = accountId,
            Family = plan.Family,
            PlanId = plan.Id,
            State = isTrial ? SubscriptionState.Trialing : SubscriptionState.Active,
            Anchor = turn.Today,
            PeriodNumber = 0,
            PeriodStart = days.Start,
            PeriodEnd = days.End,
            PlanSince = days.Start,
            Seats = seats,
            SeatDays = seats * days.Length,
            DueAt = turn.Customer.StartOf(days.End),
            CreatedAt = turn.Now,
        };
        turn.Db.Subscriptions.Add(subscription);
        await OpenPeriodAsync(turn, subscription, plan);
        return subscription;
    }, cancel);

    /// <summary>What a change of plan would cost today.</summary>
    public Task<IReadOnlyList<ChargeLine>> PreviewAsync(Guid accountId, Guid subscriptionId, string? code, bool isAdministrator, CancellationToken cancel) => TurnAsync(accountId, async turn =>
    {
        var (subscription, old, plan) = await ChangingAsync(turn, subscriptionId, code, isAdministrator);
        return (IReadOnlyList<ChargeLine>)Lines(turn, subscription, old, plan);
    }, cancel);

    /// <summary>At once, or when the period ends; a change that was to come is replaced.</summary>
    public Task<Subscription> ChangeAsync(Guid accountId, Guid subscriptionId, string? code, bool isNow, bool isAdministrator, CancellationToken cancel) => TurnAsync(accountId, async turn =>
    {
        var (subscription, old, plan) = await ChangingAsync(turn, subscriptionId, code, isAdministrator);
        if (isNow)
        {
            await ChangeNowAsync(turn, subscription, old, plan);
        }
        else
        {
            (subscription.NextPlanId, subscription.ChangesOn) = (plan.Id, subscription.PeriodEnd);
        }

        return subscription;
    }, cancel);

    /// <summary>Takes a change back that has not begun, and a cancellation.</summary>
    public Task<Subscription> ResumeAsync(Guid accountId, Guid subscriptionId, CancellationToken cancel) => TurnAsync(accountId, async turn =>
    {
        var subscription = await FindAsync(turn, subscriptionId);
        (subscription.NextPlanId, subscription.ChangesOn, subscription.CancelsOn) = (null, null, null);
        subscription.State = subscription.State is SubscriptionState.Canceling ? SubscriptionState.Active : subscription.State;
        return subscription;
    }, cancel);

    /// <summary>At once, with what was paid for the rest of the period credited; or when the period ends.</summary>
    public Task<Subscription> CancelAsync(Guid accountId, Guid subscriptionId, bool isNow, CancellationToken cancel) => TurnAsync(accountId, async turn =>
    {
        var subscription = await FindAsync(turn, subscriptionId);
        if (isNow)
        {
            var plan = await turn.Db.Plans.SingleAsync(p => p.Id == subscription.PlanId, turn.Cancel);
            Charge(turn, subscription, subscription.State is SubscriptionState.Trialing ? [] : [.. Used(turn, subscription, plan, turn.Today), .. SubscriptionCharges.Rest(subscription, plan, turn.Today)]);
            End(turn, subscription);
        }
        else
        {
            (subscription.State, subscription.CancelsOn) = (subscription.State is SubscriptionState.Trialing ? SubscriptionState.Trialing : SubscriptionState.Canceling, subscription.PeriodEnd);
        }

        return subscription;
    }, cancel);

    /// <summary>More seats are held than were paid for: they are charged from the day on which that came to be so.</summary>
    public Task SeatsChangedAsync(SeatChange change, CancellationToken cancel) => TurnAsync(change.AccountId, async turn =>
    {
        var day = turn.Customer.DayOf(change.At);
        foreach (var subscription in await turn.Db.Subscriptions.Where(s => s.AccountId == change.AccountId && s.EndedAt == null).ToListAsync(turn.Cancel))
        {
            var plan = await turn.Db.Plans.SingleAsync(p => p.Id == subscription.PlanId, turn.Cancel);
            var more = turn.Use.At(change.At) - subscription.Seats;
            if (more <= 0 || plan.SeatMode is not SeatMode.Prorated || day < subscription.PlanSince || day >= subscription.PeriodEnd)
            {
                continue;
            }

            Charge(turn, subscription, subscription.State is SubscriptionState.Trialing || plan.PerSeat.IsZero ? [] : [SubscriptionCharges.Added(subscription, plan, more, day)]);
            (subscription.Seats, subscription.SeatDays) = (subscription.Seats + more, subscription.SeatDays + (more * subscription.Days.From(day)));
        }

        return true;
    }, cancel);

    /// <summary>Does what is due of all accounts.</summary>
    public async Task AdvanceAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        foreach (var accountId in await steps.ReadAsync(db => db.Subscriptions.Where(s => s.EndedAt == null && s.DueAt <= now).Select(s => s.AccountId).Distinct().ToListAsync(cancel)))
        {
            await TurnAsync(accountId, async turn =>
            {
                foreach (var subscription in await turn.Db.Subscriptions.Where(s => s.AccountId == accountId && s.EndedAt == null).ToListAsync(cancel))
                {
                    await AdvanceAsync(turn, subscription);
                }

                return true;
            }, cancel);
        }
    }

    private static async Task AdvanceAsync(Turn turn, Subscription subscription)
    {
        while (subscription.EndedAt is null && subscription.PeriodEnd <= turn.Today)
        {
            var plan = await turn.Db.Plans.SingleAsync(p => p.Id == subscription.PlanId, turn.Cancel);
            var wasTrial = subscription.State is SubscriptionState.Trialing;
            Charge(turn, subscription, wasTrial ? [] : [.. Used(turn, subscription, plan, subscription.PeriodEnd)]);
            if (subscription.CancelsOn is not null || (wasTrial && !plan.IsFree && !await CanPayAsync(turn)))
            {
                End(turn, subscription);
                continue;
            }

            var next = subscription.NextPlanId is { } id ? await turn.Db.Plans.SingleAsync(p => p.Id == id, turn.Cancel) : plan;
            var restarts = wasTrial || next.Period != plan.Period;
            (subscription.Anchor, subscription.PeriodNumber) = restarts ? (subscription.PeriodEnd, 0) : (subscription.Anchor, subscription.PeriodNumber + 1);
            var days = DayRange.Of(subscription.Anchor, next.Period, subscription.PeriodNumber);
            Begin(subscription, next, days, days.Start, Math.Max(next.MinSeats, turn.Use.At(turn.Customer.StartOf(subscription.PeriodEnd))));
            await OpenPeriodAsync(turn, subscription, next);
        }
    }

    private static async Task ChangeNowAsync(Turn turn, Subscription subscription, Plan old, Plan plan)
    {
        if (subscription.State is SubscriptionState.Trialing)
        {
            subscription.PlanId = plan.Id;
            return;
        }

        Charge(turn, subscription, Lines(turn, subscription, old, plan));
        var days = plan.Period == old.Period ? subscription.Days : DayRange.Of(turn.Today, plan.Period, 0);
        (subscription.Anchor, subscription.PeriodNumber) = plan.Period == old.Period ? (subscription.Anchor, subscription.PeriodNumber) : (turn.Today, 0);
        Begin(subscription, plan, days, turn.Today, Math.Max(plan.MinSeats, turn.Use.At(turn.Now)));
        await IncludeAsync(turn, subscription, plan);
    }

    private static List<ChargeLine> Lines(Turn turn, Subscription subscription, Plan old, Plan plan)
    {
        if (subscription.State is SubscriptionState.Trialing)
        {
            return [];
        }

        var seats = Math.Max(plan.MinSeats, turn.Use.At(turn.Now));
        if (plan.Period == old.Period)
        {
            return [.. Used(turn, subscription, old, turn.Today), .. SubscriptionCharges.Change(subscription, old, plan, seats, turn.Today)];
        }

        var whole = DayRange.Of(turn.Today, plan.Period, 0);
        return [.. Used(turn, subscription, old, turn.Today), .. SubscriptionCharges.Rest(subscription, old, turn.Today), .. SubscriptionCharges.Whole(plan, seats, whole)];
    }

    private static IEnumerable<ChargeLine> Used(Turn turn, Subscription subscription, Plan plan, DateOnly until) =>
        SubscriptionCharges.Arrears(subscription, plan, turn.Use, new DayRange(subscription.PlanSince, until), turn.Customer.StartOf);

    private static void Begin(Subscription subscription, Plan plan, DayRange days, DateOnly since, long seats)
    {
        (subscription.PlanSince, subscription.SeatDays) = (since, seats * days.From(since));
        (subscription.PlanId, subscription.State, subscription.Seats) = (plan.Id, SubscriptionState.Active, seats);
        (subscription.PeriodStart, subscription.PeriodEnd) = (days.Start, days.End);
        (subscription.NextPlanId, subscription.ChangesOn, subscription.CancelsOn) = (null, null, null);
    }

    private static void End(Turn turn, Subscription subscription) => (subscription.State, subscription.EndedAt) = (SubscriptionState.Canceled, turn.Now);

    private static async Task OpenPeriodAsync(Turn turn, Subscription subscription, Plan plan)
    {
        Charge(turn, subscription, subscription.State is SubscriptionState.Trialing ? [] : SubscriptionCharges.Period(subscription, plan));
        await IncludeAsync(turn, subscription, plan);
    }

    private static async Task IncludeAsync(Turn turn, Subscription subscription, Plan plan)
    {
        if (plan.Included(subscription.Seats) is { IsZero: false } included && turn.Customer.StartOf(subscription.PeriodEnd) > turn.Now)
        {
            var wanted = new NewGrant(subscription.AccountId, GrantKind.Plan, included, $"plan:{subscription.Id:N}:{plan.Id:N}:{subscription.PeriodStart:yyyy-MM-dd}") { ExpiresAt = turn.Customer.StartOf(subscription.PeriodEnd) };
            await CreditGrants.GiveAsync(turn.Db, wanted, turn.Now, turn.Cancel);
        }
    }

    private static void Charge(Turn turn, Subscription subscription, IEnumerable<ChargeLine> lines)
    {
        foreach (var line in lines)
        {
            var id = Guid.CreateVersion7(turn.Now);
            turn.Db.Charges.Add(new Charge
            {
                Id = id,
                Key = line.Kind is ChargeKind.Subscription ? $"subscription:{subscription.Id:N}:{line.Days.Start:yyyy-MM-dd}" : $"subscription:{subscription.Id:N}:{id:N}",
                AccountId = subscription.AccountId,
                Kind = line.Kind,
                Item = line.Item,
                Description = line.Description,
                Quantity = line.Quantity,
                Currency = line.Amount.Currency,
                Amount = line.Amount,
                PeriodStart = turn.Customer.StartOf(line.Days.Start),
                PeriodEnd = turn.Customer.StartOf(line.Days.End),
                OccurredAt = turn.Now,
                RecordedAt = turn.Now,
            });
        }
    }

    /// <summary>Whoever pays by invoice, or has paid something in.</summary>
    private static async Task<bool> CanPayAsync(Turn turn) => turn.Customer.Funding is Funding.Postpaid
        || await turn.Db.TopUps.AnyAsync(t => t.AccountId == turn.Customer.Id && t.State == TopUpState.Succeeded, turn.Cancel);

    private static async Task<(Subscription Subscription, Plan Old, Plan New)> ChangingAsync(Turn turn, Guid subscriptionId, string? code, bool isAdministrator)
    {
        var subscription = await FindAsync(turn, subscriptionId);
        var plan = await PlanAsync(turn.Db, code, isAdministrator, turn.Cancel);
        return plan.Family == subscription.Family
            ? (subscription, await turn.Db.Plans.SingleAsync(p => p.Id == subscription.PlanId, turn.Cancel), plan)
            : throw new Refusal(UnknownPlan, $"{plan.Name} is of another family of plans. Subscribe to it instead.") { Param = "plan" };
    }

    private static async Task<Subscription> FindAsync(Turn turn, Guid subscriptionId) =>
        await turn.Db.Subscriptions.SingleOrDefaultAsync(s => s.Id == subscriptionId && s.AccountId == turn.Customer.Id && s.EndedAt == null, turn.Cancel)
        ?? throw new Refusal(RefusalCode.NotFound, "The account has no such subscription.");

    private static Task<Subscription?> LiveAsync(BillingDb db, Guid accountId, string family, CancellationToken cancel) =>
        db.Subscriptions.SingleOrDefaultAsync(s => s.AccountId == accountId && s.Family == family && s.EndedAt == null, cancel);

    private static async Task<Plan> PlanAsync(BillingDb db, string? code, bool isAdministrator, CancellationToken cancel) =>
        await db.Plans.Where(p => p.Code == code && p.IsOffered && (!p.IsContract || isAdministrator)).OrderByDescending(p => p.Version).FirstOrDefaultAsync(cancel)
        ?? throw new Refusal(UnknownPlan, $"There is no plan '{code}' on offer. See /api/v1/plans.") { Param = "plan" };

    private Task<T> TurnAsync<T>(Guid accountId, Func<Turn, Task<T>> act, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var now = clock.GetUtcNow();
            await db.LockWalletAsync(accountId, token);
            var customer = await db.CustomerAsync(accountId, now, token);
            var use = new SeatUse(await db.SeatChanges.AsNoTracking().Where(c => c.AccountId == accountId).ToListAsync(token));
            var result = await act(new Turn(db, customer, use, customer.DayOf(now), now, token));
            foreach (var subscription in db.ChangeTracker.Entries<Subscription>().Select(e => e.Entity))
            {
                subscription.DueAt = customer.StartOf(subscription.DueOn);
            }

            await db.SaveChangesAsync(token);
            return result;
        },
        cancel);

    private sealed record Turn(BillingDb Db, Customer Customer, SeatUse Use, DateOnly Today, DateTimeOffset Now, CancellationToken Cancel);
}

/// <summary>Renews and ends subscriptions in time.</summary>
internal sealed class SubscriptionCare(Subscriptions subscriptions, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "billing.subscriptions";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await subscriptions.AdvanceAsync(cancel);
        return clock.GetUtcNow() + Every;
    }
}
