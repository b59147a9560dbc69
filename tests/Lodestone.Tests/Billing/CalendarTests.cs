using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

/// <summary>Midnight, the month's end, and prices that change while calls run.</summary>
public sealed class CalendarTests
{
    [Fact]
    public async Task The_free_allowance_is_whole_again_at_midnight_utc()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0.01");
        await world.PriceAsync("10", "10");
        await world.SettleAsync(await world.ReserveAsync(1_000, 0), 1_000, 0);

        world.Clock.Set(new DateTimeOffset(2026, 3, 2, 23, 59, 59, TimeSpan.Zero));
        await Assert.ThrowsAsync<Refusal>(() => world.ReserveAsync(1, 0));
        world.Clock.Advance(TimeSpan.FromSeconds(1));

        var wallet = await world.WalletAsync();
        Assert.Equal((BillingWorld.Usd("0.01"), new DateTimeOffset(2026, 3, 4, 0, 0, 0, TimeSpan.Zero)), (wallet.FreeLeft, wallet.ResetsAt));
        await world.ReserveAsync(1_000, 0);
    }

    [Fact]
    public async Task A_call_that_crosses_midnight_uses_the_allowance_of_the_day_it_began()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0.01");
        await world.PriceAsync("10", "10");
        world.Clock.Set(new DateTimeOffset(2026, 3, 2, 23, 59, 0, TimeSpan.Zero));
        var late = await world.ReserveAsync(1_000, 0);

        world.Clock.Advance(TimeSpan.FromMinutes(2));
        var early = await world.ReserveAsync(400, 0);
        await world.SettleAsync(late, 1_000, 0);

        Assert.Equal(BillingWorld.Usd("0.006"), (await world.WalletAsync()).FreeLeft);
        await world.SettleAsync(early, 400, 0);
        Assert.Equal(BillingWorld.Usd("0.006"), (await world.WalletAsync()).FreeLeft);
    }

    [Fact]
    public async Task A_call_pays_the_price_that_held_when_it_began()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.TopUpAsync(BillingWorld.Usd("5"));
        await world.PriceAsync("1", "1");
        await world.PriceAsync("3", "3", from: world.Clock.GetUtcNow() + TimeSpan.FromHours(1));

        var before = await world.ReserveAsync(1_000, 0);
        world.Clock.Advance(TimeSpan.FromHours(1));
        var after = await world.ReserveAsync(1_000, 0);

        Assert.Equal(BillingWorld.Usd("0.001"), (await world.SettleAsync(before, 1_000, 0)).Charged);
        Assert.Equal(BillingWorld.Usd("0.003"), (await world.SettleAsync(after, 1_000, 0)).Charged);
    }

    [Fact]
    public async Task Rounding_starts_anew_with_each_month_and_price()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0.01");
        await world.PriceAsync("0.0000006", "0"); // 0.6 of a pico per token: 1 + 0 + 1 + 0 + 1 picos
        world.Clock.Set(new DateTimeOffset(2026, 3, 31, 23, 0, 0, TimeSpan.Zero));

        var march = await ChargesAsync(world, 5);
        world.Clock.Advance(TimeSpan.FromHours(1));
        var april = await ChargesAsync(world, 2);
        await world.PriceAsync("0.0000006", "0");
        var reissued = await ChargesAsync(world, 2);

        Assert.Equal([1, 0, 1, 0, 1], march);
        Assert.Equal([1, 0], april);
        Assert.Equal([1, 0], reissued);
        Assert.Equal(3, await world.Steps.ReadAsync(db => db.RatingTotals.CountAsync()));
    }

    private static async Task<List<long>> ChargesAsync(BillingWorld world, int calls)
    {
        var charges = new List<long>();
        for (var i = 0; i < calls; i++)
        {
            charges.Add((long)(await world.SettleAsync(await world.ReserveAsync(1, 0), 1, 0)).ListValue.Picos);
        }

        return charges;
    }
}
