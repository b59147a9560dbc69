using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

/// <summary>Credit of several origins: what pays first, what expires, what comes back.</summary>
public sealed class CreditGrantsTests
{
    [Fact]
    public async Task Credit_is_drawn_in_its_order_and_every_draw_is_a_row()
    {
        await using var world = await OpenAsync();
        var now = world.Clock.GetUtcNow();
        await world.TopUpAsync(BillingWorld.Usd("10"));
        var later = await world.GiveAsync(world.Alice, "1", expiresAt: now.AddDays(20));
        var sooner = await world.GiveAsync(world.Alice, "1", expiresAt: now.AddDays(10));
        var first = await world.GiveAsync(world.Alice, "1", priority: 5);
        var scoped = await world.GiveAsync(world.Alice, "1", model: world.Model);
        Assert.Equal(BillingWorld.Usd("13"), (await world.WalletAsync()).Balance);

        await CallAsync(world, 3_500_000);

        var grants = await GrantsAsync(world);
        Assert.Equal(
            ["0", "0", "0", "0.5", "10"],
            new[] { scoped.Id, first.Id, sooner.Id, later.Id, grants.Single(g => g.Kind is GrantKind.Paid).Id }.Select(id => Remaining(grants.Single(g => g.Id == id))));
        var draws = await world.Steps.ReadAsync(db => db.GrantDraws.AsNoTracking().ToListAsync());
        Assert.Equal([scoped.Id, first.Id, sooner.Id, later.Id], draws.OrderByDescending(d => d.GrantId == scoped.Id).ThenByDescending(d => d.GrantId == first.Id).ThenByDescending(d => d.GrantId == sooner.Id).Select(d => d.GrantId));
        Assert.Equal(BillingWorld.Usd("10.5"), (await world.WalletAsync()).Balance);
        await AgreeAsync(world, ("R:Promo", "3.5"), ("R:Usage:inference", "-3.5"), ("M:PromoUsed", "3.5"));
    }

    [Fact]
    public async Task Credit_for_a_model_is_not_promised_to_other_usage_nor_twice()
    {
        await using var world = await OpenAsync();
        await world.GiveAsync(world.Alice, "1", model: Guid.CreateVersion7());
        var refused = await Assert.ThrowsAsync<Refusal>(() => world.ReserveAsync(500_000, 0));
        Assert.Equal(402, refused.Code.Status);

        await world.GiveAsync(world.Alice, "1", model: world.Model);
        Assert.Equal(BillingWorld.Usd("0"), (await world.WalletAsync()).Balance);
        var holds = new List<Hold> { await world.ReserveAsync(600_000, 0) };
        await Assert.ThrowsAsync<Refusal>(() => world.ReserveAsync(600_000, 0));
        holds.Add(await world.ReserveAsync(400_000, 0));
        await world.SettleAsync(holds[0], 100_000, 0);
        await world.Metering.ReleaseAsync(holds[1].Id, CancellationToken.None);

        var again = await world.ReserveAsync(900_000, 0);
        await world.SettleAsync(again, 900_000, 0);

        Assert.Equal(["0", "1"], (await GrantsAsync(world)).OrderBy(g => !g.Covers(world.Model)).Select(Remaining));
        await AgreeAsync(world, ("R:Promo", "1"));
    }

    [Fact]
    public async Task Scheduled_credit_begins_and_expired_credit_ends_at_its_instant_without_waiting_for_anybody()
    {
        await using var world = await OpenAsync();
        var now = world.Clock.GetUtcNow();
        await world.GiveAsync(world.Alice, "1", startsAt: now.AddHours(1), expiresAt: now.AddHours(2));
        await world.GiveAsync(world.Alice, "2", GrantKind.Paid, expiresAt: now.AddHours(3));

        await CallAsync(world, 500_000);
        world.Clock.Advance(TimeSpan.FromHours(1));
        await CallAsync(world, 2_250_000);
        world.Clock.Advance(TimeSpan.FromHours(1));
        await Assert.ThrowsAsync<Refusal>(() => world.ReserveAsync(500_000, 0));
        world.Clock.Advance(TimeSpan.FromHours(1));
        await Assert.ThrowsAsync<Refusal>(() => world.ReserveAsync(1, 0));

        var grants = (await GrantsAsync(world)).OrderBy(g => g.Kind).ToList();
        Assert.Equal([("0", "0.25"), ("0", "0")], grants.Select(g => (Remaining(g), g.Forfeited.In(g.Currency).ToString())));
        await AgreeAsync(world, ("R:Breakage", "-0.25"), ("R:Promo", "1"), ("L:Prepaid:" + world.Alice.ToString("N"), "0"));
    }

    [Fact]
    public async Task A_call_that_began_before_an_expiry_draws_on_what_was_forfeited_and_the_breakage_is_partly_reversed()
    {
        await using var world = await OpenAsync();
        await world.GiveAsync(world.Alice, "2", GrantKind.Paid, expiresAt: world.Clock.GetUtcNow().AddMinutes(1));
        var running = await world.ReserveAsync(1_500_000, 0);
        world.Clock.Advance(TimeSpan.FromMinutes(5));
        await world.Get<CreditGrants>().TurnAsync(world.Alice, CancellationToken.None);
        await AgreeAsync(world, ("R:Breakage", "-2"));

        await world.SettleAsync(running, 1_500_000, 0);

        Assert.Equal(BillingWorld.Usd("0.5"), (await GrantsAsync(world)).Single().Forfeited.In(Currency.Usd));
        Assert.Equal(BillingWorld.Usd("0"), (await world.WalletAsync()).Held);
        await AgreeAsync(world, ("R:Breakage", "-0.5"), ("R:Usage:inference", "-1.5"));
    }

    [Fact]
    public async Task Void_and_refund_act_on_the_remainder_and_leave_alone_what_running_calls_were_promised()
    {
        await using var world = await OpenAsync();
        var (grants, alice) = (world.Get<CreditGrants>(), world.Alice);
        await world.TopUpAsync(BillingWorld.Usd("5"));
        var paid = (await GrantsAsync(world)).Single();
        await CallAsync(world, 1_000_000);
        var promo = await world.GiveAsync(alice, "3");

        var running = await world.ReserveAsync(6_000_000, 0);
        Assert.Equal("conflict", (await RefusedAsync(grants.VoidAsync(alice, promo.Id, CancellationToken.None))).Code.Code);
        await world.Metering.ReleaseAsync(running.Id, CancellationToken.None);
        await grants.VoidAsync(alice, promo.Id, CancellationToken.None);
        await grants.VoidAsync(alice, promo.Id, CancellationToken.None);
        Assert.Equal("exceeds_remainder", (await RefusedAsync(grants.RefundAsync(alice, paid.Id, BillingWorld.Usd("4.000000000001"), CancellationToken.None))).Code.Code);
        Assert.Equal("not_refundable", (await RefusedAsync(grants.RefundAsync(alice, promo.Id, BillingWorld.Usd("1"), CancellationToken.None))).Code.Code);
        await grants.RefundAsync(alice, paid.Id, BillingWorld.Usd("1.5"), CancellationToken.None);
        await grants.RefundAsync(alice, paid.Id, BillingWorld.Usd("1.5"), CancellationToken.None);

        Assert.Equal(BillingWorld.Usd("1"), (await world.WalletAsync()).Balance);
        await AgreeAsync(world, ($"L:RefundPayable:{alice:N}", "-3"), ($"L:Prepaid:{alice:N}", "-1"), ($"M:PromoAvailable:{alice:N}", "0"));
    }

    [Fact]
    public async Task Two_hundred_calls_at_once_spend_mixed_credit_to_the_pico_and_not_beyond()
    {
        await using var world = await OpenAsync();
        await world.GiveAsync(world.Alice, "0.35", model: world.Model);
        await world.GiveAsync(world.Alice, "0.3", expiresAt: world.Clock.GetUtcNow().AddDays(1));
        await world.GiveAsync(world.Alice, "0.35", GrantKind.Paid);

        var spent = await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            try
            {
                return (await world.SettleAsync(await world.ReserveAsync(10_000, 0), 10_000, 0)).Charged;
            }
            catch (Refusal)
            {
                return BillingWorld.Usd("0");
            }
        }));

        Assert.Equal(BillingWorld.Usd("1"), spent.Aggregate((sum, one) => sum + one));
        Assert.All(await GrantsAsync(world), g => Assert.Equal("0", Remaining(g)));
        await AgreeAsync(world, ("R:Promo", "0.65"), ("R:Usage:inference", "-1"));
    }

    private static async Task<BillingWorld> OpenAsync()
    {
        var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.PriceAsync("1", "0");
        return world;
    }

    private static async Task CallAsync(BillingWorld world, long tokens) => await world.SettleAsync(await world.ReserveAsync(tokens, 0), tokens, 0);

    private static Task<List<CreditGrant>> GrantsAsync(BillingWorld world) => world.Get<CreditGrants>().OfAsync(world.Alice, CancellationToken.None);

    private static string Remaining(CreditGrant grant) => grant.Remaining.In(grant.Currency).ToString();

    private static Task<Refusal> RefusedAsync(Task<CreditGrant> act) => Assert.ThrowsAsync<Refusal>(() => act);

    /// <summary>The books agree with each other, and these accounts have these balances.</summary>
    private static async Task AgreeAsync(BillingWorld world, params (string Account, string Balance)[] expected)
    {
        var balance = await world.Get<TrialBalance>().ComputeAsync(CancellationToken.None);
        Assert.All((await world.Get<ConservationChecks>().RunAsync(CancellationToken.None)).Checks, check => Assert.True(check.Holds, check.ToString()));
        Assert.Equal(expected, expected.Select(e => (e.Account, balance.Lines.SingleOrDefault(l => l.Account == e.Account)?.Balance.ToString() ?? "0")));
    }
}
