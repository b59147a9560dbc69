using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

public sealed class RatingStageTests
{
    [Fact]
    public async Task An_event_is_charged_amended_and_voided_to_the_last_pico()
    {
        await using var shop = await OpenAsync();
        var key = (await SendAsync(shop, "one", 1_000_000)).GetProperty("key").GetString();
        await RateAsync(shop);
        Assert.Equal("8", await BalanceAsync(shop));

        using var amended = await shop.Carol.PostAsJsonAsync($"/api/v1/meter/events/{key}:amend", new { data = new { tokens = 250_000 }, reason = "counted twice" });
        Assert.True(amended.IsSuccessStatusCode, await amended.Content.ReadAsStringAsync());
        await RateAsync(shop);
        Assert.Equal("9.5", await BalanceAsync(shop));

        using var voided = await shop.Carol.PostAsJsonAsync($"/api/v1/meter/events/{key}:void", new { reason = "a test" });
        await RateAsync(shop);
        Assert.Equal("10", await BalanceAsync(shop));
        var history = await Shop.GetAsync(shop.Alice, $"/api/v1/meter/events/{key}");
        Assert.Equal("voided", history.GetProperty("state").GetString());
        Assert.Equal(["event", "amend", "void"], history.GetProperty("versions").EnumerateArray().Select(v => v.GetProperty("kind").GetString()));
        Assert.Equal((409, "event_voided"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync($"/api/v1/meter/events/{key}:void", new { reason = "again" })));
        Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync($"/api/v1/meter/events/{(await SendAsync(shop, "two", 1)).GetProperty("key").GetString()}:void", new { })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync($"/api/v1/meter/events/{key}:void", new { reason = "mine" })));
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task Resent_and_raced_events_are_charged_once()
    {
        await using var shop = await OpenAsync();

        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => SendAsync(shop, $"r{i % 10}", 100_000)));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => RateAsync(shop))));

        Assert.Equal("8", await BalanceAsync(shop)); // ten of 0.2
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task What_has_no_price_waits_in_sight_and_is_charged_when_it_has_one()
    {
        await using var shop = await OpenAsync(isPriced: false);
        await SendAsync(shop, "early", 1_000_000, "2026-03-02T09:04:00Z");
        await SendAsync(shop, "never", 1_000_000, "2026-03-02T08:00:00Z");
        await RateAsync(shop);
        Assert.Equal(2, await UnratedAsync(shop));

        shop.World.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        using var price = await shop.PublishAsync("2", "8");
        await CareAsync(shop);

        Assert.Equal("8", await BalanceAsync(shop));
        var left = Assert.Single((await Shop.GetAsync(shop.Alice, "/api/v1/meter/events?state=unrated")).GetProperty("events").EnumerateArray());
        Assert.Equal(("never", "unpriced"), (left.GetProperty("id").GetString(), left.GetProperty("reason").GetString()));
        await HoldsAsync(shop);
    }

    [Fact]
    public async Task Quarantine_is_left_when_meter_and_account_appear_and_the_event_keeps_its_time()
    {
        await using var shop = await OpenAsync();
        await EventsApiTests.SendAsync(shop.Carol, EventsApiTests.Event("q1", "dave", new { pages = 4 }, type: "pages.printed", time: "2026-02-28T08:00:00Z"));
        await RateAsync(shop);
        await HoldsAsync(shop);

        await shop.World.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(new NewUser { Name = "dave", FullName = "Dave", Email = "dave@example.org" }, CancellationToken.None));
        using var meter = await shop.Carol.PostAsJsonAsync("/api/v1/meters", new { slug = "pages", eventType = "pages.printed", aggregation = "sum", valuePath = "pages" });
        await CareAsync(shop);
        await RateAsync(shop);

        var report = await Shop.GetAsync(shop.Carol, "/api/v1/meters/pages/query?account=dave&window=day");
        var row = Assert.Single(report.GetProperty("rows").EnumerateArray());
        Assert.Equal(("2026-02-28T00:00:00.000Z", "4"), (row.GetProperty("start").GetString(), row.GetProperty("value").GetString()));
        await HoldsAsync(shop);
    }

    internal static async Task<Shop> OpenAsync(bool isPriced = true)
    {
        var shop = await Shop.OpenAsync(freePerDay: "0");
        using var price = isPriced ? await shop.PublishAsync("2", "8") : null;
        using var paid = await shop.Alice.PostAsJsonAsync("/api/v1/topups", new { amount = "10", provider = "test" });
        using var meter = await shop.Carol.PostAsJsonAsync("/api/v1/meters", new { slug = "remote.tokens", eventType = "remote.call", aggregation = "sum", valuePath = "tokens", product = Shop.Model, @class = "input" });
        Assert.True(meter.IsSuccessStatusCode, await meter.Content.ReadAsStringAsync());
        return shop;
    }

    internal static Task<JsonElement> SendAsync(Shop shop, string id, long tokens, string time = "2026-03-02T09:00:00Z") =>
        EventsApiTests.SendAsync(shop.Carol, EventsApiTests.Event(id, "alice", new { tokens }, type: "remote.call", time: time));

    internal static Task<bool> RateAsync(Shop shop) => shop.World.UseAsync<RatingStage, bool>(async stage =>
    {
        await stage.CatchUpAsync(CancellationToken.None);
        return true;
    });

    internal static async Task HoldsAsync(Shop shop)
    {
        var checks = await shop.World.Server.Services.GetRequiredService<ConservationChecks>().RunAsync(CancellationToken.None);
        Assert.All(checks.Checks, check => Assert.True(check.Holds, check.ToString()));
    }

    internal static async Task<string?> BalanceAsync(Shop shop) => (await Shop.GetAsync(shop.Alice, "/api/v1/wallet")).GetProperty("balance").GetString();

    private static Task<bool> CareAsync(Shop shop) => shop.World.UseAsync<EventCare, bool>(async care =>
    {
        await care.ReleaseAsync(CancellationToken.None);
        await care.RateAsync(CancellationToken.None);
        return true;
    });

    private static async Task<int> UnratedAsync(Shop shop) => (await Shop.GetAsync(shop.Alice, "/api/v1/meter/events?state=unrated")).GetProperty("events").GetArrayLength();
}
