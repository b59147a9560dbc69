using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing;

public sealed class ConcurrencyTests
{
    [Fact]
    public async Task Two_hundred_calls_at_once_never_spend_more_than_there_is()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.PriceAsync("10000", "10000"); // one cent a token
        await world.TopUpAsync(BillingWorld.Usd("1.00"));

        var calls = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => TryAsync(world))));

        Assert.Equal(33, calls.Count(wasServed => wasServed)); // 3 cents each
        var wallet = await world.WalletAsync();
        Assert.Equal((BillingWorld.Usd("0.01"), BillingWorld.Usd("0")), (wallet.Balance, wallet.Held));
        Assert.All((await world.Get<ConservationChecks>().RunAsync(CancellationToken.None)).Checks, check => Assert.True(check.Holds, check.ToString()));
    }

    [Fact]
    public async Task First_calls_of_an_account_may_meet()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");

        var holds = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => world.ReserveAsync(100, 0))));

        Assert.Equal(BillingWorld.Usd("0.046"), (await world.WalletAsync()).FreeLeft);
        Assert.Equal(20, holds.Select(h => h.Id).Distinct().Count());
    }

    // All holds are open together before any is settled, so the limit is met by holds and not by charges.
    private static async Task<bool> TryAsync(BillingWorld world)
    {
        try
        {
            var hold = await world.ReserveAsync(1, 2);
            await world.SettleAsync(hold, 1, 2);
            return true;
        }
        catch (Refusal refusal)
        {
            Assert.Equal("spend_limit", refusal.Code.Code);
            return false;
        }
    }
}
