using System.Net;
using System.Net.Http.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class AlertsTests
{
    [Fact]
    public async Task What_is_raised_twice_is_told_once_to_those_who_look_after_the_account()
    {
        await using var shop = await Shop.OpenAsync();
        var alert = new NewAlert(shop.World.Acme.Id, AlertKind.Payment, "payment:1", "A payment of acme failed", "/billing?account=acme");

        var first = await RaiseAsync(shop, alert);
        var second = await RaiseAsync(shop, alert with { Title = "In other words" });
        await RaiseAsync(shop, alert with { AccountId = Guid.Empty, Key = "payment:2" });

        Assert.Equal((true, false), (first, second));
        Assert.Equal(["A payment of acme failed"], await ToldAsync(shop, shop.World.Alice.Id, 1));
        Assert.Equal(["A payment of acme failed"], await ToldAsync(shop, shop.World.Carol.Id, 1)); // the operator
        Assert.Empty(await ToldAsync(shop, shop.World.Bob.Id, 0)); // belongs to acme and does not administer it
    }

    [Fact]
    public async Task Marks_of_limits_pace_and_unusual_hours_are_told_once_each()
    {
        await using var shop = await RatingStageTests.OpenAsync();
        var clock = shop.World.Server.Clock;
        clock.SetUtcNow(new DateTimeOffset(2026, 3, 20, 9, 30, 0, TimeSpan.Zero));
        var soft = await InvoiceWorld.PostAsync(shop.Alice, "/api/v1/limits", new { scope = "organization", amount = "4", period = "month", kind = "soft" });
        var limit = soft.GetProperty("id").GetString();
        await InvoiceWorld.PostAsync(shop.Alice, "/api/v1/alerts", new { kind = "pace", limit });
        var rule = await InvoiceWorld.PostAsync(shop.Alice, "/api/v1/alerts", new { kind = "anomaly", floor = "0.5" });
        foreach (var day in Enumerable.Range(13, 7))
        {
            await UseAsync(shop, $"day {day}", 100_000, $"2026-03-{day}T09:10:00Z"); // 0.2 a day, in that hour
        }

        Assert.Equal(0, await RaisedAsync(shop)); // 1.4 and 11 days of 0.2
        await shop.CallAsync(125_000, 0); // 0.25, and the pace is known to be 3.85
        Assert.Equal(0, await RaisedAsync(shop));
        await UseAsync(shop, "more", 250_000, "2026-03-20T09:20:00Z"); // 0.5: half is spent, the month will come to 4.35, and the hour is at 0.75, where 0.1 is usual
        Assert.Equal(3, await RaisedAsync(shop));
        Assert.Equal(3, await RaisedAsync(shop));
        await UseAsync(shop, "much", 625_000, "2026-03-20T09:25:00Z"); // 3.4 of 4, in an hour that is told of already
        Assert.Equal(4, await RaisedAsync(shop));
        using var own = await shop.Alice.PostAsJsonAsync("/api/v1/alerts", new { kind = "threshold", limit, percents = new[] { 85, 300 } });
        Assert.Equal(5, await RaisedAsync(shop));
        using var raised = await shop.Alice.PatchAsJsonAsync($"/api/v1/limits/{limit}", new { amount = "3.5" });
        Assert.Equal(7, await RaisedAsync(shop)); // of another amount, and at a pace of another

        Assert.Equal(
            [
                "0.75 USD were spent in the hour from 2026-03-20T09:00:00.000Z, more than five times what that hour costs on other days",
                "50 % of the month limit of the organization alice is spent: 2.15 of 4 USD",
                "80 % of the month limit of the organization alice is spent: 3.4 of 4 USD",
                "85 % of the month limit of the organization alice is spent: 3.4 of 3.5 USD",
                "85 % of the month limit of the organization alice is spent: 3.4 of 4 USD",
                "At this pace 4.35 USD will be spent when the month limit of the organization alice ends, above its 4 USD",
                "At this pace 5.6 USD will be spent when the month limit of the organization alice ends, above its 3.5 USD",
            ],
            (await ToldAsync(shop, shop.World.Alice.Id, 7)).Order(StringComparer.Ordinal));
        var list = await Shop.GetAsync(shop.Alice, "/api/v1/alerts");
        Assert.Equal((3, 7), (list.GetProperty("rules").GetArrayLength(), list.GetProperty("alerts").GetArrayLength()));
        var place = $"/api/v1/alerts/{rule.GetProperty("id").GetString()}";
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Bob.DeleteAsync(place)));
        Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/alerts", new { kind = "threshold", limit, percents = new[] { 0 } })));
        Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/alerts", new { kind = "guess" })));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Bob.PostAsJsonAsync("/api/v1/alerts", new { kind = "pace", limit })));
        using var gone = await shop.Alice.DeleteAsync(place);
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
    }

    [Fact]
    public async Task Silent_sources_quarantine_and_conflicts_are_told_to_those_who_send_and_those_who_operate()
    {
        await using var shop = await RatingStageTests.OpenAsync();
        var (clock, start) = (shop.World.Server.Clock, new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
        for (var i = 0; i < 25; i++)
        {
            clock.SetUtcNow(start.AddHours(i));
            await UseAsync(shop, $"hourly {i}", 1, Instants.ToWire(clock.GetUtcNow()));
        }

        clock.SetUtcNow(start.AddHours(26));
        Assert.Equal(0, await RaisedAsync(shop)); // as long as ever, and not longer
        clock.SetUtcNow(start.AddHours(26.5));
        Assert.Equal(1, await RaisedAsync(shop));
        await UseAsync(shop, "back", 1, Instants.ToWire(clock.GetUtcNow()));
        clock.SetUtcNow(start.AddHours(29));
        Assert.Equal(2, await RaisedAsync(shop)); // the outage was no example

        await EventsApiTests.SendAsync(shop.Carol, EventsApiTests.Event("q1", "alice", new { pages = 4 }, type: "pages.printed"));
        await EventsApiTests.SendAsync(shop.Carol, EventsApiTests.Event("q2", "alice", new { pages = 5 }, type: "pages.printed"));
        await EventsApiTests.SendAsync(shop.Carol, EventsApiTests.Event("q3", "nobody-there", new { bytes = 1 }));
        Assert.Equal((409, "event_conflict"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync("/api/v1/meter/events", EventsApiTests.Event("q3", "alice", new { bytes = 2 }))));
        await RatingStageTests.RateAsync(shop);
        Assert.Equal(5, await RaisedAsync(shop));

        Assert.Equal(
            [
                "/tests has sent no remote.call events since 2026-03-03T09:00:00.000Z", "/tests has sent no remote.call events since 2026-03-03T11:30:00.000Z",
                "/tests sent events again with other content; the first ones stand", "Events of the type pages.printed wait in quarantine: no meter counts them",
                "Events wait in quarantine: no account is known as nobody-there",
            ],
            (await ToldAsync(shop, shop.World.Carol.Id, 5)).Order(StringComparer.Ordinal));
        Assert.Empty(await ToldAsync(shop, shop.World.Alice.Id, 0));
    }

    [Theory]
    [InlineData("50,80,90,100", "1.99", "4", null)]
    [InlineData("50,80,90,100", "2", "4", 50)]
    [InlineData("50,80,90,100", "3.6", "4", 90)]
    [InlineData("50,80,90,100", "9", "4", 100)]
    [InlineData("50,80,90,100", "0", "0", null)]
    [InlineData("", "9", "4", null)]
    public void The_highest_mark_that_is_reached_is_told(string marks, string used, string amount, int? mark) =>
        Assert.Equal(mark, LimitAlerts.Reached(marks, BillingWorld.Usd(used), BillingWorld.Usd(amount)));

    [Theory]
    [InlineData("1", "7,1,2,3,4,5,6", 10, "41")]
    [InlineData("1", "0,0,0,0,9,9,9", 10, "1")]
    [InlineData("1", "5,5,5,5,5,5,5", 0, "1")]
    public void A_forecast_goes_on_as_the_last_days_did_in_the_middle(string spent, string days, int left, string projected) =>
        Assert.Equal(BillingWorld.Usd(projected), LimitAlerts.Projected(BillingWorld.Usd(spent), [.. days.Split(',').Select(BillingWorld.Usd)], left));

    [Theory]
    [InlineData("5.01", "0,1,1,2", "2", true)]
    [InlineData("5", "0,1,1,2", "2", false)]
    [InlineData("5.01", "0,1,1,2", "5.01", false)]
    [InlineData("7.51", "0,1,2,3", "0", true)]
    [InlineData("7.5", "0,1,2,3", "0", false)]
    public void An_hour_is_unusual_above_five_times_the_median_and_the_floor(string spent, string before, string floor, bool isUnusual) =>
        Assert.Equal(isUnusual, SpendAnomalies.IsAnomaly(BillingWorld.Usd(spent), [.. before.Split(',').Select(BillingWorld.Usd)], BillingWorld.Usd(floor)));

    private static async Task UseAsync(Shop shop, string id, long tokens, string time)
    {
        await RatingStageTests.SendAsync(shop, id, tokens, time);
        await RatingStageTests.RateAsync(shop);
    }

    // The server looks too, by itself.
    private static async Task<int> RaisedAsync(Shop shop)
    {
        await shop.World.UseAsync<Alerting, int>(alerting => alerting.LookAsync(CancellationToken.None));
        await shop.World.UseAsync<Alerting, int>(alerting => alerting.LookAsync(CancellationToken.None));
        return await shop.World.UseAsync<BillingDb, int>(db => db.Alerts.CountAsync());
    }

    private static Task<bool> RaiseAsync(Shop shop, NewAlert alert) => shop.World.UseAsync<BillingSteps, bool>(steps => steps.WriteAsync(
        async (db, cancel) =>
        {
            var isNew = await Alerts.RaiseAsync(db, alert, cancel);
            await db.SaveChangesAsync(cancel);
            return isNew;
        },
        CancellationToken.None));

    private static async Task<IReadOnlyList<string>> ToldAsync(Shop shop, Guid userId, int count)
    {
        List<string> told = [];
        await Eventually.TrueAsync(async () => (told = await shop.World.UseAsync<HubDb, List<string>>(db =>
            db.Notifications.Where(n => n.UserId == userId).OrderBy(n => n.Id).Select(n => n.Title).ToListAsync())).Count >= count);
        return told;
    }
}
