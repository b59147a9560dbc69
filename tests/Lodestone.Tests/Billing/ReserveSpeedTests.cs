using System.Diagnostics;
using System.Globalization;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing;

/// <summary>How long it takes to say whether a call may be made. <c>scripts/bench-reserve</c> makes enough of them for figures.</summary>
public sealed class ReserveSpeedTests
{
    private static readonly int Calls = int.Parse(Environment.GetEnvironmentVariable("LODESTONE_BENCH_CALLS") ?? "20", CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_reserve_under_four_nested_limits_holds_in_each_of_them()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.PriceAsync("1", "1");
        await world.TopUpAsync(BillingWorld.Usd("1000"));
        var key = Guid.CreateVersion7(world.Clock.GetUtcNow());
        var before = await MeasureAsync(world, "no limits", null);
        foreach (var (scope, of) in new[] { (LimitScope.Key, key), (LimitScope.User, world.Alice), (LimitScope.Organization, world.Alice), (LimitScope.Instance, Guid.Empty) })
        {
            await world.Get<Limits>().SetAsync(
                new WantedLimit(scope is LimitScope.Instance ? Guid.Empty : world.Alice, scope, of, "all", BillingWorld.Usd("500"), LimitPeriod.Month, LimitKind.Hard), world.Administrator, CancellationToken.None);
        }

        var holds = await MeasureAsync(world, "four nested limits", key);
        await EmptyAsync(world);

        var states = (await world.Get<Limits>().OfAsync(world.Alice, CancellationToken.None)).Concat(await world.Get<Limits>().OfAsync(Guid.Empty, CancellationToken.None)).ToList();
        Assert.Equal([holds, before + holds, before + holds, before + holds], states.Select(s => s.Held).Order()); // what ran already counts, and had no key
    }

    /// <returns>What is held.</returns>
    private static async Task<Money> MeasureAsync(BillingWorld world, string name, Guid? key)
    {
        var (times, held) = (new List<TimeSpan>(), Money.Zero(Currency.Usd));
        for (var i = 0; i < Calls; i++)
        {
            var call = world.Call(100, 100) with { TokenId = key };
            var started = Stopwatch.GetTimestamp();
            var hold = await world.Metering.ReserveAsync(call, CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(started));
            held += hold.Amount;
        }

        Say(name, times);
        return held;
    }

    // What is left when nothing is decided: entering the database, and leaving it.
    private static async Task EmptyAsync(BillingWorld world)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < Calls; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await world.Get<Database>().WriteAsync(DatabaseFile.Billing, Durability.Process, sql => sql.ExecuteAsync($"update billing_rating_position set position = position", CancellationToken.None), CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(started));
        }

        Say("one empty write", times);
    }

    private static void Say(string name, List<TimeSpan> times)
    {
        var sorted = times.Skip(times.Count / 10).Order().ToList(); // the first ones compile
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: p50 {sorted[sorted.Count / 2].TotalMicroseconds:N0} us, p99 {sorted[sorted.Count * 99 / 100].TotalMicroseconds:N0} us, of {times.Count:N0}"));
    }
}
