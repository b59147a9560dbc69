using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lodestone.Tests.Billing;

public sealed class OrphanTests
{
    [Fact]
    public async Task A_call_whose_server_died_is_settled_by_what_was_delivered()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");
        var hold = await world.ReserveAsync(100, 500);
        await world.Metering.DeliveredAsync(hold.Id, new CallUsage(100, 64), CancellationToken.None);
        await world.Metering.DeliveredAsync(hold.Id, new CallUsage(100, 128), CancellationToken.None);

        await world.OrphanAsync(hold);

        var call = await world.Steps.ReadAsync(db => db.Events.SingleAsync());
        Assert.Equal((100, 128, CallOutcome.Orphaned, Measurement.Estimated), (call.InputTokens, call.OutputTokens, call.Outcome, call.Measurement));
        Assert.Equal(BillingWorld.Usd("0.048776"), (await world.WalletAsync()).FreeLeft);
    }

    [Fact]
    public async Task A_call_whose_server_died_before_the_first_token_costs_nothing()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");

        await world.OrphanAsync(await world.ReserveAsync(100, 500));

        Assert.Equal(BillingWorld.Usd("0.05"), (await world.WalletAsync()).FreeLeft);
    }

    [Fact]
    public async Task A_late_settlement_of_an_orphan_returns_what_was_settled()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");
        var hold = await world.ReserveAsync(100, 500);
        await world.Metering.DeliveredAsync(hold.Id, new CallUsage(100, 64), CancellationToken.None);
        await world.OrphanAsync(hold);

        var settlement = await world.SettleAsync(hold, 100, 500);

        Assert.Equal(new CallUsage(100, 64), settlement.Usage);
    }

    [Fact]
    public async Task The_sweep_waits_for_the_model_and_a_minute_more()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");
        await world.Metering.ReserveAsync(world.Call(100, 100, modelTimeout: TimeSpan.FromMinutes(2)), CancellationToken.None);

        world.Clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(0, await world.Get<Orphans>().SettleAllAsync(CancellationToken.None));
        world.Clock.Advance(TimeSpan.FromMilliseconds(1));

        await Eventually.TrueAsync(() => world.Steps.ReadAsync(db => db.Events.AnyAsync()));
    }

    [Fact]
    public async Task A_restarted_server_settles_the_calls_of_its_last_run_where_it_is_the_only_one()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");
        await world.ReserveAsync(100, 100);
        var database = world.Get<Database>();
        var restarted = new Orphans(world.Metering, new ServerEpoch(world.Clock), database, world.Clock, NullLogger<Orphans>.Instance);

        var settled = await restarted.SettleAllAsync(CancellationToken.None);

        Assert.Equal(database.IsPostgres ? 0 : 1, settled); // on PostgreSQL the other run may be another server, alive
    }
}
