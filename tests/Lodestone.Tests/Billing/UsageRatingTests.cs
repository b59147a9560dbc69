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
    public async Task All_rows_of_an_event_are_taken_back_by_their_names()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.Get<Products>().RegisterAsync(world.Model, "acme/compass", world.Acme, CancellationToken.None);
        var volume = new ChargeWire("volume", Tiers: [new TierWire(5, new AmountText("5")), new TierWire(null, new AmountText("3"))]);
        await world.Steps.WriteAsync(
            async (db, cancel) =>
            {
                var wanted = new NewPublication([new ProductKey("acme/compass", "output", volume, "eu")], "list");
                var now = world.Clock.GetUtcNow();
                db.Terms.Add(new Term
                {
                    Id = PublicId.New(world.Clock), AccountId = world.Alice, Kind = TermKind.Allowance, Quantity = 2, Amount = default, Share = 0, ShareOver = 0, Period = TermPeriod.Once,
                    Scope = TermScope.Account, OnExhausted = OnExhausted.Charge, StartsAt = now, CreatedAt = now, Reason = "trial",
                });
                return await Publishing.AddAsync(db, await PriceDraft.ReadAsync(db, PriceBook.List, wanted, now, cancel), wanted, new Publisher(world.Alice, "root"), now, cancel);
            },
            CancellationToken.None);

        var first = await RateAsync(world, Noon, ("output@eu", 5));
        var across = await RateAsync(world, Noon, ("output@eu", 4));
        var back = await RateAsync(world, Noon, [.. across.Select(r => (r.Class, -r.Quantity))]);
        var rest = await RateAsync(world, Noon, [.. first.Select(r => (r.Class, -r.Quantity))]);

        Assert.Equal(["output@eu:free", "output@eu"], first.Select(r => r.Class));
        Assert.Equal([("output@eu", 4L), ("output@eu:rerated", 0L)], across.Select(r => (r.Class, r.Quantity)));
        Assert.Equal(-across.Aggregate((Int128)0, (sum, r) => sum + r.List), back.Aggregate((Int128)0, (sum, r) => sum + r.List));
        Assert.Equal([("output@eu:free", -2L), ("output@eu", -3L)], rest.Select(r => (r.Class, r.Quantity)));
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
