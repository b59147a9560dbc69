using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Billing;

public sealed class SpendLimitsTests
{
    [Fact]
    public async Task Two_hundred_streams_on_one_key_with_one_dollar_left_never_spend_more()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.PriceAsync("10000", "10000"); // one cent a token
        await world.TopUpAsync(BillingWorld.Usd("100"));
        var key = Guid.CreateVersion7(world.Clock.GetUtcNow());
        await SetAsync(world, LimitScope.Key, key, "1.00");

        var served = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => TryAsync(world, world.Call(1, 2) with { TokenId = key }))));

        Assert.Equal(33, served.Count(s => s is null));
        Assert.All(served.Where(s => s is not null), refusal => Assert.Equal(("spend_limit", "key"), (refusal!.Code.Code, refusal.Details["scope"])));
        var state = Assert.Single(await world.Get<Limits>().OfAsync(world.Alice, CancellationToken.None));
        Assert.Equal((BillingWorld.Usd("0.99"), BillingWorld.Usd("0")), (state.Used, state.Held));
        Assert.Equal(BillingWorld.Usd("99.01"), (await world.WalletAsync()).Balance);
        Assert.Null(await TryAsync(world, world.Call(1, 2))); // without that key
        Assert.All((await world.Get<ConservationChecks>().RunAsync(CancellationToken.None)).Checks, check => Assert.True(check.Holds, check.ToString()));
    }

    [Fact]
    public async Task Accounts_that_meet_at_one_limit_stay_within_it_together()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.PriceAsync("10000", "10000");
        var bob = PublicId.New(world.Clock);
        await world.TopUpAsync(BillingWorld.Usd("100"));
        await world.TopUpAsync(BillingWorld.Usd("100"), BillingWorld.Member(bob));
        await world.Get<Limits>().SetAsync(new WantedLimit(Guid.Empty, LimitScope.Instance, Guid.Empty, "this server", BillingWorld.Usd("1.00"), LimitPeriod.Day, LimitKind.Hard), world.Administrator, CancellationToken.None);

        var served = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() => TryAsync(world, world.Call(1, 2, i % 2 == 0 ? world.Alice : bob)))));

        Assert.Equal(33, served.Count(s => s is null));
    }

    [Fact]
    public async Task The_strictest_scope_wins_the_narrowest_is_named_and_windows_end()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.PriceAsync("10000", "10000");
        await world.TopUpAsync(BillingWorld.Usd("100"));
        await world.SettleAsync(await world.ReserveAsync(10, 0), 10, 0); // counts in limits that are set later
        var open = await world.ReserveAsync(5, 0); // and so does what is held
        await SetAsync(world, LimitScope.Organization, world.Alice, "0.20", LimitPeriod.Rolling30d);
        var day = await SetAsync(world, LimitScope.User, world.Alice, "0.15", LimitPeriod.Day);
        await SetAsync(world, LimitScope.Model, world.Model, "0.01", LimitPeriod.Month, LimitKind.Soft);

        var refusal = await TryAsync(world, world.Call(1, 0));
        Assert.Equal(("user", TimeSpan.FromHours(15), "0.1", "0.05"), (refusal?.Details["scope"], refusal?.RetryAfter, refusal?.Details["used"], refusal?.Details["held"]));
        await world.Metering.ReleaseAsync(open.Id, CancellationToken.None);
        Assert.Null(await TryAsync(world, world.Call(5, 0)));

        await world.Get<Limits>().ChangeAsync(day.Limit.Id, world.Alice, BillingWorld.Usd("50"), null, CancellationToken.None); // raised: the next call may
        Assert.Null(await TryAsync(world, world.Call(5, 0)));
        Assert.Equal("organization", (await TryAsync(world, world.Call(1, 0)))?.Details["scope"]);
        world.Clock.Advance(TimeSpan.FromDays(29));
        Assert.Equal("organization", (await TryAsync(world, world.Call(1, 0)))?.Details["scope"]);
        world.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(await TryAsync(world, world.Call(1, 0)));
        await world.Get<Limits>().ChangeAsync(day.Limit.Id, world.Alice, BillingWorld.Usd("0"), null, CancellationToken.None); // zero refuses all
        Assert.Equal("user", (await TryAsync(world, world.Call(0, 0)))?.Details["scope"]);
        await world.Get<Limits>().RemoveAsync(day.Limit.Id, world.Alice, CancellationToken.None);
        Assert.Null(await TryAsync(world, world.Call(0, 0)));
    }

    [Fact]
    public async Task Limits_are_set_by_those_who_administer_the_account()
    {
        await using var shop = await RatingStageTests.OpenAsync();
        using var set = await shop.Alice.PostAsJsonAsync("/api/v1/limits", new { account = "acme", scope = "organization", amount = "20", period = "month" });
        var limit = await set.Content.ReadFromJsonAsync<JsonElement>();
        var place = $"/api/v1/limits/{limit.GetProperty("id").GetString()}";

        Assert.Equal(("organization", "acme", "20", "0", "2026-04-01T00:00:00.000Z"), (Text(limit, "scope"), Text(limit, "name"), Text(limit, "amount"), Text(limit, "used"), Text(limit, "resetsAt")));
        Assert.Equal(1, (await Shop.GetAsync(shop.Bob, "/api/v1/limits?account=acme")).GetProperty("limits").GetArrayLength());
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Bob.PatchAsJsonAsync(place, new { amount = "30" })));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Bob.PostAsJsonAsync("/api/v1/limits", new { account = "alice", scope = "organization", amount = "1" })));
        Assert.Equal((422, "unknown_scope"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/limits", new { scope = "group", amount = "1" })));
        Assert.Equal((400, "amount_not_string"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/limits", new { scope = "organization", amount = 1 })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/limits", new { scope = "instance", amount = "1" })));

        using var changed = await shop.Alice.PatchAsJsonAsync(place, new { amount = "0.5", kind = "soft" });
        var lowered = await changed.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(("0.5", "soft"), (Text(lowered, "amount"), Text(lowered, "kind")));
        using var gone = await shop.Alice.DeleteAsync(place);
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Alice.DeleteAsync(place)));

        using var own = await shop.Alice.PostAsJsonAsync("/api/v1/limits", new { scope = "model", of = Shop.Model, amount = "5", period = "day" });
        await RatingStageTests.SendAsync(shop, "counted", 500_000);
        await RatingStageTests.RateAsync(shop);
        Assert.Equal("1", Text(Assert.Single((await Shop.GetAsync(shop.Alice, "/api/v1/limits")).GetProperty("limits").EnumerateArray()), "used"));
    }

    [Fact]
    public async Task A_limit_is_set_seen_and_removed_on_its_page()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.World.Server.JoinAsync("dave", "correct horse battery");
        using var dave = await shop.World.Server.SignedInAsync("dave", "correct horse battery");
        var page = await dave.OpenAsync("/billing/limits");
        Assert.Equal("No limits yet", page.Text(".empty h2"));

        var refused = await dave.SendAsync(page, "set-limit", ("scope", "model"), ("of", "no/such"), ("amount", "5"), ("period", "day"), ("kind", "hard"));
        var set = await dave.SendAsync(page, "set-limit", ("scope", "organization"), ("of", ""), ("amount", "5"), ("period", "day"), ("kind", "hard"));
        var after = await dave.OpenAsync("/billing/limits");

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "This account has no model no/such."), (refused.Status, refused.Text(".field__error")));
        Assert.Equal(HttpStatusCode.Redirect, set.Status);
        Assert.Equal("0 of 5 USD", after.Text(".progress .muted"));
        var form = System.Text.RegularExpressions.Regex.Match(after.Html, "remove-[0-9a-f]{32}", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)).Value;
        await dave.SendAsync(after, form, ("removed", $"lim_{form[7..]}"));
        Assert.Equal("No limits yet", (await dave.OpenAsync("/billing/limits")).Text(".empty h2"));
    }

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();

    private static Task<LimitState> SetAsync(BillingWorld world, LimitScope scope, Guid id, string amount, LimitPeriod period = LimitPeriod.Month, LimitKind kind = LimitKind.Hard) =>
        world.Get<Limits>().SetAsync(new WantedLimit(world.Alice, scope, id, "it", BillingWorld.Usd(amount), period, kind), world.Administrator, CancellationToken.None);

    private static async Task<Refusal?> TryAsync(BillingWorld world, NewHold call)
    {
        try
        {
            var hold = await world.Metering.ReserveAsync(call, CancellationToken.None);
            await world.SettleAsync(hold, call.PromptTokens, call.MaxOutputTokens);
            return null;
        }
        catch (Refusal refusal)
        {
            return refusal;
        }
    }
}
