using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class BackfillsTests
{
    private const string Place = "/api/v1/meter/backfills";

    [Fact]
    public async Task A_job_says_what_it_will_change_on_which_invoice_does_just_that_and_can_be_taken_back()
    {
        await using var shop = await RatingStageTests.OpenAsync();
        var clock = shop.World.Server.Clock;
        await RatingStageTests.SendAsync(shop, "billed", 500_000);
        await RatingStageTests.SendAsync(shop, "before the price", 7, "2026-03-01T08:00:00Z"); // waits
        await SendAtPriceAsync(shop, "a", 1_000_000);
        await RatingStageTests.RateAsync(shop);
        clock.SetUtcNow(new DateTimeOffset(2026, 4, 1, 13, 0, 0, TimeSpan.Zero));
        var draft = await InvoiceWorld.PostAsync(shop.Carol, "/api/v1/invoices", new { account = "alice" });
        var issued = await InvoiceWorld.PostAsync(shop.Carol, $"/api/v1/invoices/{draft.GetProperty("id").GetString()}/issue", new { });
        var number = issued.GetProperty("number").GetString();
        await SendAtPriceAsync(shop, "b", 250_000, "2026-04-01T12:00:00Z");
        await RatingStageTests.RateAsync(shop);
        var balance = await RatingStageTests.BalanceAsync(shop);

        var wanted = new { filter = new { account = "alice", type = "remote.call", data = new { kind = "odd" } }, replaceWith = new { tokens = 200_000, seen = true }, reason = "counted wrongly", dryRun = true };
        var look = await InvoiceWorld.PostAsync(shop.Carol, Place, wanted);
        await RatingStageTests.RateAsync(shop);

        Assert.Equal((JsonValueKind.Null, 2), (look.GetProperty("id").ValueKind, look.GetProperty("events").GetInt32()));
        Assert.Equal([("alice", null, null, Shop.Model, "input", -50_000, "-0.1"), ("alice", number, issued.GetProperty("state").GetString(), Shop.Model, "input", -800_000, "-1.6")], Changes(look));
        Assert.Equal(balance, await RatingStageTests.BalanceAsync(shop));

        var done = await InvoiceWorld.PostAsync(shop.Carol, Place, wanted with { dryRun = false });
        var id = done.GetProperty("id").GetString();
        await RatingStageTests.RateAsync(shop);
        Assert.Equal(Changes(look), Changes(done));
        Assert.Equal("8.2", await RatingStageTests.BalanceAsync(shop)); // 1, and 0.4 twice
        var seen = await Shop.GetAsync(shop.Carol, "/api/v1/meter/events?subject=alice&type=remote.call");
        Assert.Equal(2, seen.GetProperty("events").EnumerateArray().Count(e => e.GetProperty("kind").GetString() == "amend" && e.GetProperty("data").GetProperty("seen").GetBoolean()));
        await RatingStageTests.HoldsAsync(shop);

        clock.SetUtcNow(new DateTimeOffset(2026, 5, 1, 13, 0, 0, TimeSpan.Zero));
        var next = await InvoiceWorld.PostAsync(shop.Carol, "/api/v1/invoices", new { account = "alice" });
        Assert.Equal(-600_000, await QuantityAsync(shop, next.GetProperty("id").GetString()!)); // 200,000 of b, and 800,000 less of a, which is on the one before; it has an id
        using var discarded = await shop.Carol.PostAsync($"/api/v1/invoices/{next.GetProperty("id").GetString()}/discard", content: null);

        var back = await InvoiceWorld.PostAsync(shop.Carol, $"{Place}/{id}:revert", new { reason = "it was right" });
        await RatingStageTests.RateAsync(shop);
        Assert.Equal(balance, await RatingStageTests.BalanceAsync(shop));
        Assert.Equal(2, back.GetProperty("events").GetInt32());
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync($"{Place}/{id}:revert", new { reason = "again" })));
        var jobs = (await Shop.GetAsync(shop.Carol, Place)).GetProperty("jobs").EnumerateArray().ToList();
        Assert.Equal([id, null], jobs.Select(j => j.GetProperty("reverts").GetString()));
        await RatingStageTests.HoldsAsync(shop);
    }

    [Fact]
    public async Task Events_are_voided_and_brought_back_together_or_not_at_all()
    {
        await using var shop = await RatingStageTests.OpenAsync();
        foreach (var i in Enumerable.Range(0, 12))
        {
            await RatingStageTests.SendAsync(shop, $"v{i}", 100_000);
        }

        await RatingStageTests.RateAsync(shop);
        Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync(Place, new { filter = new { type = "remote.call" }, @void = true, reason = "whose" })));
        Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync(Place, new { filter = new { account = "alice" }, reason = "nothing" })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync(Place, new { filter = new { account = "alice" }, @void = true, reason = "mine" })));

        var voided = await InvoiceWorld.PostAsync(shop.Carol, Place, new { filter = new { account = "alice", source = "/tests", from = "2026-03-02T09:00:00Z", to = "2026-03-02T09:00:01Z" }, @void = true, reason = "a test run" });
        var id = voided.GetProperty("id").GetString();
        await RatingStageTests.RateAsync(shop);
        Assert.Equal((12, "10"), (voided.GetProperty("events").GetInt32(), await RatingStageTests.BalanceAsync(shop)));
        Assert.Equal(0, (await InvoiceWorld.PostAsync(shop.Carol, Place, new { filter = new { account = "alice" }, @void = true, reason = "again" })).GetProperty("events").GetInt32());
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync($"{Place}/job_none:revert", new { reason = "no" })));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => shop.Carol.PostAsJsonAsync($"{Place}/{id}:revert", new { reason = "no test" })));
        await RatingStageTests.RateAsync(shop);

        Assert.Equal("7.6", await RatingStageTests.BalanceAsync(shop)); // once
        await RatingStageTests.HoldsAsync(shop);
    }

    private static Task<long> QuantityAsync(Shop shop, string invoice) => shop.World.UseAsync<BillingDb, long>(db =>
    {
        Assert.True(PublicId.TryParse("inv", invoice, out var id));
        return db.RollUps.Where(u => u.InvoiceId == id).Join(db.RatedRows, u => u.Id, r => r.RollUpId, (_, r) => r.Quantity).SumAsync();
    });

    private static async Task SendAtPriceAsync(Shop shop, string id, long tokens, string time = "2026-03-02T09:00:00Z") => await EventsApiTests.SendAsync(
        shop.Carol, EventsApiTests.Event(id, "alice", new { tokens, kind = "odd" }, type: "remote.call", time: time));

    private static IEnumerable<(string?, string?, string?, string?, string?, long, string?)> Changes(JsonElement answer) => answer.GetProperty("changes").EnumerateArray().Select(c => (
        c.GetProperty("account").GetString(), c.GetProperty("invoice").GetString(), c.GetProperty("invoiceState").GetString(), c.GetProperty("product").GetString(),
        c.GetProperty("class").GetString(), c.GetProperty("quantity").GetInt64(), c.GetProperty("amount").GetString()));
}
