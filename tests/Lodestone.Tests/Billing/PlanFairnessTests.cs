using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

/// <summary>Nobody gains by subscribing and leaving, by going up and down, or by the order in which things become known; nobody loses by it either.</summary>
public sealed class PlanFairnessTests : IAsyncLifetime
{
    private BillingWorld _world = null!; // opened before the first test

    private Subscriptions Plans => _world.Get<Subscriptions>();

    public async ValueTask InitializeAsync()
    {
        _world = await BillingWorld.StartAsync(freePerDay: "0");
        await _world.PriceAsync("1000000", "1000000"); // a dollar a token
        await PublishAsync(new PlanRequest("small", "Small") { Base = new AmountText("31"), IncludedCredit = new AmountText("31") });
        await PublishAsync(new PlanRequest("large", "Large") { Base = new AmountText("93"), IncludedCredit = new AmountText("62") });
        await PublishAsync(new PlanRequest("seats", "Seats") { PerSeat = new AmountText("31") });
    }

    [Fact]
    public async Task Whoever_spends_the_included_credit_and_cancels_pays_for_it()
    {
        var alice = await PostpaidAsync();
        var plan = await BeginAsync(alice, "small");
        await SpendAsync(alice, 20);
        await Plans.CancelAsync(alice, plan.Id, isNow: true, CancellationToken.None);

        // 1 of 31 days is used: 30 go back, of which 19 are for credit that was spent and not earned.
        Assert.Equal(["31", "-30", "19"], await ChargesAsync(alice));
        Assert.Equal("0", await BalanceAsync(alice));

        _world.Clock.Advance(TimeSpan.FromMinutes(1));
        var again = await BeginAsync(alice, "small");
        Assert.Equal("31", await BalanceAsync(alice)); // of the period from tomorrow on: this day was paid for
        await Plans.CancelAsync(alice, again.Id, isNow: true, CancellationToken.None);
        Assert.Equal("0", await BalanceAsync(alice));
        Assert.Equal(["31", "-31"], (await ChargesAsync(alice))[3..]); // it had not begun

        var bob = await PostpaidAsync();
        await PublishAsync(new PlanRequest("gift", "Gift") { PerSeat = new AmountText("31"), SeatMode = "seat_days", IncludedCredit = new AmountText("31") });
        var gift = await BeginAsync(bob, "gift");
        await SpendAsync(bob, 20);
        await Plans.CancelAsync(bob, gift.Id, isNow: true, CancellationToken.None);
        Assert.Equal(["1", "19"], await ChargesAsync(bob)); // also where nothing was paid in advance
        await SoundAsync();
    }

    [Fact]
    public async Task Going_up_and_down_in_turn_gains_nothing_however_often()
    {
        var (alice, random) = (await PostpaidAsync(), new Random(3));
        var plan = await BeginAsync(alice, "small");
        var (used, first) = (0L, _world.Clock.GetUtcNow());
        for (var step = 0; step < 40; step++)
        {
            _world.Clock.Advance(TimeSpan.FromHours(random.Next(1, 12)));
            var left = (long)(await _world.WalletAsync(alice)).Balance.Units;
            if (random.Next(2) == 0 && left > 0)
            {
                var tokens = random.NextInt64(1, left + 1);
                await SpendAsync(alice, tokens);
                used += tokens;
            }

            plan = random.Next(5) switch
            {
                0 => await CancelAndReturnAsync(alice, plan, random.Next(2) == 0 ? "small" : "large"),
                1 => await PauseAndReturnAsync(alice, plan),
                _ => await Plans.ChangeAsync(alice, plan.Id, new PlanChange(random.Next(2) == 0 ? "small" : "large", "now", IsAdministrator: false), CancellationToken.None),
            };
        }

        await Plans.CancelAsync(alice, plan.Id, isNow: true, CancellationToken.None);
        var paid = (await ChargesAsync(alice)).Aggregate(Money.Zero(Currency.Usd), (sum, amount) => sum + BillingWorld.Usd(amount));
        var postpaid = await _world.Steps.ReadAsync(db => db.LedgerSumAsync(LedgerAccounts.Unbilled(alice), Currency.Usd, CancellationToken.None));
        Assert.True(postpaid + paid >= Money.FromStored(used, 0, Currency.Usd), $"used {used}, paid {paid} from {first:O}"); // a plan costs at least what credit it has
        await SoundAsync();
    }

    [Fact]
    public async Task Seats_cost_the_same_in_whatever_order_people_are_told_of()
    {
        var (start, random) = (_world.Clock.GetUtcNow(), new Random(5));
        Guid[] people = [.. Enumerable.Range(0, 6).Select(_ => PublicId.New(_world.Clock))];
        (int Day, int Person, bool IsHeld)[] news = [(3, 1, true), (4, 2, true), (5, 1, false), (6, 3, true), (9, 4, true), (10, 4, false), (10, 4, true), (12, 5, true)];
        var costs = new List<string>();
        for (var order = 0; order < 4; order++)
        {
            var organization = await PostpaidAsync();
            _world.Clock.Set(start);
            await Plans.BeginAsync(organization, new NewSubscription("seats", IsAdministrator: false, [people[0]], start), CancellationToken.None);
            _world.Clock.Advance(TimeSpan.FromDays(order is 3 ? 40 : 20)); // the last is told after the period's end
            var told = news.ToArray();
            if (order > 0)
            {
                random.Shuffle(told);
            }

            foreach (var (day, person, isHeld) in told)
            {
                await TellAsync(organization, people[person], isHeld, start.AddDays(day).AddHours(isHeld ? 2 : 1));
                await Plans.SettleSeatsAsync(organization, CancellationToken.None);
            }

            costs.Add(await _world.Steps.ReadAsync(async db =>
            {
                var period = await db.PlanSpans.Where(s => s.AccountId == organization).OrderBy(s => s.Id).FirstAsync();
                var charges = await db.Charges.Where(c => c.AccountId == organization && c.Key.StartsWith($"{PlanTurn.KeyPrefix}{period.Id:N}")).ToListAsync();
                return $"{period.SeatDays} {charges.Aggregate(Money.Zero(Currency.Usd), (sum, c) => sum + c.Amount.In(c.Currency))}";
            }));
        }

        // 1 from day 0, 2 from day 3, 3 from day 4 (who leaves on day 5 makes room for day 6), 4 from day 9, 5 from day 12; of 31.
        Assert.All(costs, cost => Assert.Equal($"{3 + (2 * 1) + (3 * 5) + (4 * 3) + (5 * 19)} {3 + (2 * 1) + (3 * 5) + (4 * 3) + (5 * 19)}", cost));
        await SoundAsync();

        await _world.Steps.WriteAsync((db, cancel) => db.PlanSpans.OrderBy(s => s.Id).Take(1).ExecuteUpdateAsync(set => set.SetProperty(s => s.SeatDays, s => s.SeatDays - 1), cancel), CancellationToken.None);
        Assert.Equal(
            ["Charges of a plan's days add up to their price", "Seat-days charged are those of the membership"],
            (await ChecksAsync()).Where(c => !c.Holds).Select(c => c.Name).Order());
    }

    [Fact]
    public async Task At_the_end_of_a_period_nothing_is_deferred_and_what_was_not_given_back_is_revenue()
    {
        var alice = await PostpaidAsync();
        var plan = await BeginAsync(alice, "seats");
        await DaysAsync(alice, 10);
        await Plans.ChangeAsync(alice, plan.Id, new PlanChange("large", "now", IsAdministrator: false), CancellationToken.None);
        await DaysAsync(alice, 5);
        await Plans.CancelAsync(alice, plan.Id, isNow: true, CancellationToken.None);
        await DaysAsync(alice, 1);
        Assert.Equal("0", await LedgerAsync(LedgerAccounts.DeferredSubscription(alice))); // what was given back is deferred no longer
        await DaysAsync(alice, 30);

        var charged = (await ChargesAsync(alice)).Aggregate(Money.Zero(Currency.Usd), (sum, amount) => sum + BillingWorld.Usd(amount));
        Assert.Equal(BillingWorld.Usd("28"), charged); // 10 days of 31 for a seat, 6 of 93
        Assert.Equal("0", await LedgerAsync(LedgerAccounts.DeferredSubscription(alice)));
        Assert.Equal((-charged).ToString(), await LedgerAsync(LedgerAccounts.SubscriptionRevenue));
        await SoundAsync();
    }

    [Fact]
    public async Task Credit_that_was_bought_pays_for_a_plan_once_and_money_that_is_not_there_for_none()
    {
        var owner = BillingWorld.Member(PublicId.New(_world.Clock));
        await _world.TopUpAsync(BillingWorld.Usd("40"), owner);
        await Assert.ThrowsAsync<Refusal>(() => BeginAsync(owner.Id, "large"));
        Assert.Empty(await ChargesAsync(owner.Id));

        var plan = await BeginAsync(owner.Id, "seats");
        Assert.Equal("9", await BalanceAsync(owner.Id));
        Assert.Equal("-31", await LedgerAsync(LedgerAccounts.CustomerBalance(owner.Id)));
        Assert.Equal("payment_required", (await Assert.ThrowsAsync<Refusal>(() => Plans.ChangeAsync(owner.Id, plan.Id, new PlanChange("large", "now", IsAdministrator: false), CancellationToken.None))).Code.Code);
        await Plans.ChangeAsync(owner.Id, plan.Id, new PlanChange("small", "now", IsAdministrator: false), CancellationToken.None);
        Assert.Equal("40", await BalanceAsync(owner.Id)); // it costs the same; its credit came
        _world.Clock.Advance(TimeSpan.FromHours(2));
        await Eventually.TrueAsync(async () => await LedgerAsync(LedgerAccounts.CustomerBalance(owner.Id)) == "0"); // the invoice has taken it
        Assert.Equal("0", await LedgerAsync(LedgerAccounts.Receivable(owner.Id)));
        await SoundAsync();
    }

    [Fact]
    public async Task Who_owes_for_long_loses_the_plan_until_the_debt_is_paid_and_for_good_in_the_end()
    {
        var alice = await PostpaidAsync();
        var plan = await BeginAsync(alice, "small");
        Assert.Equal("Small", (await _world.Get<Entitlements>().OfAsync(alice, CancellationToken.None)).Plan);
        foreach (var (standing, state, name) in ((Standing, SubscriptionState, string)[])
            [
                (Standing.PastDue, SubscriptionState.PastDue, "Small"), (Standing.Suspended, SubscriptionState.Suspended, ""), (Standing.Current, SubscriptionState.Active, "Small"),
                (Standing.Suspended, SubscriptionState.Suspended, ""), (Standing.Terminated, SubscriptionState.Canceled, ""),
            ])
        {
            await _world.Steps.WriteAsync(
                async (db, cancel) =>
                {
                    (await db.LockBilledAsync(alice, cancel)).Stand(standing, _world.Clock.GetUtcNow());
                    return await db.SaveChangesAsync(cancel);
                },
                CancellationToken.None);
            await Plans.StandAsync(alice, CancellationToken.None);
            Assert.Equal(state, (await Plans.OfAsync(alice, CancellationToken.None)).Single().Subscription.State);
            Assert.Equal(name, (await _world.Get<Entitlements>().OfAsync(alice, CancellationToken.None)).Plan);
        }

        Assert.Equal(["31", "-30"], await ChargesAsync(alice));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private Task<Plan> PublishAsync(PlanRequest plan) => _world.Get<PlanBook>().PublishAsync(plan, CancellationToken.None);

    private async Task<Guid> PostpaidAsync()
    {
        var accountId = PublicId.New(_world.Clock);
        await _world.Steps.WriteAsync(
            (db, cancel) =>
            {
                db.Customers.Add(new Customer { Id = accountId, Currency = Currency.Usd, TimeZone = "Etc/UTC", Funding = Funding.Postpaid, CreatedAt = _world.Clock.GetUtcNow() });
                return db.SaveChangesAsync(cancel);
            },
            CancellationToken.None);
        return accountId;
    }

    private Task<Subscription> BeginAsync(Guid accountId, string plan) =>
        Plans.BeginAsync(accountId, new NewSubscription(plan, IsAdministrator: false, [accountId], _world.Clock.GetUtcNow()), CancellationToken.None);

    private async Task<Subscription> CancelAndReturnAsync(Guid accountId, Subscription plan, string code)
    {
        await Plans.CancelAsync(accountId, plan.Id, isNow: true, CancellationToken.None);
        return await BeginAsync(accountId, code);
    }

    private async Task<Subscription> PauseAndReturnAsync(Guid accountId, Subscription plan)
    {
        await Plans.PauseAsync(accountId, plan.Id, 1, CancellationToken.None);
        return await Plans.ResumeAsync(accountId, plan.Id, CancellationToken.None);
    }

    private async Task SpendAsync(Guid accountId, long dollars) => await _world.SettleAsync(await _world.ReserveAsync(dollars, 0, accountId), dollars, 0);

    private Task<bool> TellAsync(Guid organization, Guid person, bool isHeld, DateTimeOffset at) => _world.Steps.WriteAsync(
        async (db, cancel) =>
        {
            db.SeatChanges.Add(new SeatChange { Id = PublicId.New(_world.Clock), AccountId = organization, UserId = person, IsHeld = isHeld, At = at, RecordedAt = _world.Clock.GetUtcNow() });
            return await db.SaveChangesAsync(cancel) > 0;
        },
        CancellationToken.None);

    /// <summary>Days go by; what was charged is invoiced, and each day becomes revenue.</summary>
    private async Task DaysAsync(Guid accountId, int days)
    {
        _world.Clock.Advance(TimeSpan.FromDays(days));
        await Eventually.TrueAsync(() => _world.Steps.ReadAsync(async db => !await db.Charges.AnyAsync(c => c.AccountId == accountId && !db.InvoicedCharges.Any(i => i.Id == c.Id && db.Invoices.Any(v => v.Id == i.InvoiceId && v.Form != null)))));
        await _world.Get<Recognition>().RecognizeAsync(CancellationToken.None);
    }

    private async Task<string> BalanceAsync(Guid accountId) => (await _world.WalletAsync(accountId)).Balance.ToString();

    private Task<string> LedgerAsync(string account) => _world.Steps.ReadAsync(async db => (await db.LedgerSumAsync(account, Currency.Usd, CancellationToken.None)).ToString());

    private Task<List<string>> ChargesAsync(Guid accountId) => _world.Steps.ReadAsync(async db =>
        (await db.Charges.AsNoTracking().Where(c => c.AccountId == accountId).ToListAsync()).OrderBy(c => c.RecordedAt).ThenBy(c => c.Key.Length).ThenBy(c => c.Key).Select(c => c.Amount.In(c.Currency).ToString()).ToList());

    private async Task<IReadOnlyList<ConservationCheck>> ChecksAsync()
    {
        _world.Clock.Advance(TimeSpan.FromMinutes(10));
        return (await _world.Get<ConservationChecks>().RunAsync(CancellationToken.None)).Checks;
    }

    private async Task SoundAsync() => Assert.All(await ChecksAsync(), check => Assert.True(check.Holds, check.ToString()));
}
