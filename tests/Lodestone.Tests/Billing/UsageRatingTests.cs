using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class UsageRatingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Events_of_any_class_go_on_from_one_total_and_corrections_take_back_exactly()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.PriceAsync("0.0000006", "8"); // 0.6 of a pico per token: 1 + 0 + 1 picos

        var first = await RateAsync(world, Noon, (UsageClass.Input, 1), (UsageClass.Reasoning, 3));
        var twice = await RateAsync(world, Noon, (UsageClass.Input, 1), (UsageClass.Output, 0));
        var taken = await RateAsync(world, Noon, (UsageClass.Input, -2));

        Assert.Equal([("input", 1L, (Int128)1), ("reasoning", 3L, 24_000_000)], first);
        Assert.Equal([("input", 1L, (Int128)0)], twice);
        Assert.Equal([("input", -2L, (Int128)(-1))], taken);
        var totals = await world.Steps.ReadAsync(db => db.RatingTotals.AsNoTracking().ToListAsync());
        Assert.Equal([("input", 0L), ("reasoning", 3L)], totals.OrderBy(t => t.Class, StringComparer.Ordinal).Select(t => (t.Class, t.Quantity)));
    }

    [Fact]
    public async Task What_has_no_price_is_refused_by_the_name_of_its_product()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.Get<Products>().RegisterAsync(world.Model, "acme/compass", world.Acme, CancellationToken.None);
        await world.PriceAsync("2", "8", from: Noon);

        var early = await Assert.ThrowsAsync<Refusal>(() => RateAsync(world, Noon - TimeSpan.FromMicroseconds(1), (UsageClass.Input, 1)));
        var unknown = await Assert.ThrowsAsync<Refusal>(() => RateAsync(world, Noon, ("image_out", 1)));

        Assert.Equal(("unpriced", "unpriced"), (early.Code.Code, unknown.Code.Code));
        Assert.Contains("acme/compass has no price", early.Message, StringComparison.Ordinal);
    }

    private static Task<List<(string Class, long Quantity, Int128 List)>> RateAsync(BillingWorld world, DateTimeOffset time, params (string Class, long Quantity)[] quantities) =>
        world.Steps.WriteAsync(
            async (db, cancel) =>
            {
                var usage = new RatableUsage(PublicId.New(world.Clock), world.Alice, world.Model, world.Acme, time, quantities);
                var rows = await UsageRating.RateAsync(db, usage, cancel);
                await db.SaveChangesAsync(cancel);
                return rows.Select(r => (r.Class, r.Quantity, r.List.In(r.Currency).Picos)).ToList();
            },
            CancellationToken.None);
}
