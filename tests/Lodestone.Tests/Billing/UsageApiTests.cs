using Lodestone.Billing;

namespace Lodestone.Tests.Billing;

public sealed class UsageApiTests
{
    [Fact]
    public async Task A_call_can_be_followed_from_the_list_to_its_postings()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "0.005");
        using var price = await shop.PublishAsync("2", "8");
        using var paid = await shop.Alice.PostAsync("/api/v1/topups", new StringContent("""{"amount":"1","provider":"test"}""", System.Text.Encoding.UTF8, "application/json"));
        await shop.CallAsync(234, 567);
        shop.World.Server.Clock.Advance(TimeSpan.FromMilliseconds(1));

        await shop.CallAsync(1_000, 1_000);

        var calls = (await Shop.GetAsync(shop.Alice, "/api/v1/usage/calls")).GetProperty("calls").EnumerateArray().ToList();
        Assert.Equal(["req_2", "req_1"], calls.Select(c => c.GetProperty("requestId").GetString()));
        Assert.Equal(["0.01", "0.000004"], calls.Select(c => c.GetProperty("charged").GetString()));
        var call = await Shop.GetAsync(shop.Alice, "/api/v1/usage/calls/req_1");
        Assert.Equal(("alice", "alice"), (call.GetProperty("event").GetProperty("account").GetString(), call.GetProperty("event").GetProperty("caller").GetString()));
        Assert.Equal(
            [("input", 234, "0.000468", "0", "free"), ("output", 567, "0.004536", "0.000004", "free and prepaid")],
            call.GetProperty("rated").EnumerateArray().Select(r => (r.GetProperty("class").GetString(), r.GetProperty("quantity").GetInt32(), r.GetProperty("listValue").GetString(), r.GetProperty("amount").GetString(), r.GetProperty("funding").GetString())));
        Assert.Equal(
            [($"L:Prepaid:{shop.World.Alice.Id:N}", "0.000004"), ("R:Usage:inference", "-0.000004")],
            call.GetProperty("ledger").GetProperty("postings").EnumerateArray().Select(p => (p.GetProperty("account").GetString(), p.GetProperty("amount").GetString())));
    }

    [Fact]
    public async Task Usage_adds_up_by_day_and_by_model()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "0.004");
        using var price = await shop.PublishAsync("2", "8");
        using var paid = await shop.Alice.PostAsync("/api/v1/topups", new StringContent("""{"amount":"1","provider":"test"}""", System.Text.Encoding.UTF8, "application/json"));
        await shop.CallAsync(1_000, 100);
        shop.World.Server.Clock.Advance(TimeSpan.FromHours(24));
        await shop.CallAsync(1_000, 500);
        await shop.CallAsync(500, 0, CallOutcome.BackendFailed);

        var byDay = await Shop.GetAsync(shop.Alice, "/api/v1/usage");
        var byModel = await Shop.GetAsync(shop.Alice, "/api/v1/usage?groupBy=model&from=2026-03-01&to=2026-04-01");

        Assert.Equal(
            [("2026-03-02", 1, 1_000, 100, "0.0028", "0"), ("2026-03-03", 2, 1_000, 500, "0.006", "0.002")],
            byDay.GetProperty("rows").EnumerateArray().Select(Row));
        Assert.Equal([(Shop.Model, 3, 2_000, 600, "0.0088", "0.002")], byModel.GetProperty("rows").EnumerateArray().Select(Row));
        Assert.Equal(("total", 3, 2_000, 600, "0.0088", "0.002"), Row(byModel.GetProperty("total")));
    }

    [Fact]
    public async Task A_seller_sees_what_was_sold_but_not_who_of_the_buyers_people_called()
    {
        await using var shop = await Shop.OpenAsync();
        using var price = await shop.PublishAsync("2", "8");
        await shop.CallAsync(10, 10);

        var sold = await Shop.GetAsync(shop.Bob, "/api/v1/usage/calls?account=acme&side=seller");
        var call = await Shop.GetAsync(shop.Bob, "/api/v1/usage/calls/req_1");

        Assert.Equal(1, sold.GetProperty("calls").GetArrayLength());
        Assert.Equal("alice", call.GetProperty("event").GetProperty("account").GetString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, call.GetProperty("event").GetProperty("caller").ValueKind);
    }

    [Fact]
    public async Task Calls_of_others_look_absent()
    {
        await using var shop = await Shop.OpenAsync();
        using var price = await shop.PublishAsync("2", "8");
        await shop.CallAsync(10, 10);
        var stranger = await shop.World.UseAsync<Lodestone.Identity.Accounts, string>(async accounts =>
        {
            var id = await accounts.CreateUserAsync(new Lodestone.Identity.NewUser { Name = "dave", FullName = "Dave", Email = "dave@example.org" }, CancellationToken.None);
            return await accounts.IssueTokenAsync(id, new Lodestone.Identity.NewToken("t", Lodestone.Core.TokenScope.All), CancellationToken.None);
        });
        using var dave = shop.World.Server.With(stranger);

        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(dave.GetAsync("/api/v1/usage/calls/req_1")));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(dave.GetAsync("/api/v1/usage?account=alice")));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(dave.GetAsync("/api/v1/usage/calls?account=acme&side=seller")));
        Assert.Equal((401, "unauthenticated"), await Shop.RefusedAsync(shop.World.AsNobody().GetAsync("/api/v1/usage/calls/req_1")));
        Assert.Equal(0, (await Shop.GetAsync(dave, "/api/v1/usage/calls")).GetProperty("calls").GetArrayLength());
    }

    [Fact]
    public async Task Lists_of_calls_are_paged_without_gaps_or_repeats()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "10");
        using var price = await shop.PublishAsync("2", "8");
        for (var i = 0; i < 120; i++)
        {
            await shop.CallAsync(1, 1);
            shop.World.Server.Clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        var (path, seen) = ((string?)"/api/v1/usage/calls?model=acme/compass", new List<string?>());
        while (path is not null)
        {
            using var answer = await shop.Alice.GetAsync(path);
            var page = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
            seen.AddRange(page.GetProperty("calls").EnumerateArray().Select(c => c.GetProperty("requestId").GetString()));
            path = answer.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
        }

        Assert.Equal(Enumerable.Range(1, 120).Reverse().Select(i => $"req_{i}"), seen);
    }

    [Theory]
    [InlineData("/api/v1/usage?from=2026-03-02&to=2026-03-02", 422, "period_inverted")]
    [InlineData("/api/v1/usage?from=2026-03-02&to=2026-03-01", 422, "period_inverted")]
    [InlineData("/api/v1/usage?from=2020-01-01&to=2026-03-01", 422, "period_inverted")]
    [InlineData("/api/v1/usage?from=yesterday", 400, "invalid_request")]
    [InlineData("/api/v1/usage?groupBy=moon", 422, "unprocessable")]
    [InlineData("/api/v1/usage?side=dark", 422, "unprocessable")]
    [InlineData("/api/v1/usage/calls?cursor=%21", 400, "invalid_request")]
    public async Task Questions_that_make_no_sense_are_refused(string path, int status, string code)
    {
        await using var shop = await Shop.OpenAsync();

        Assert.Equal((status, code), await Shop.RefusedAsync(shop.Alice.GetAsync(path)));
    }

    [Fact]
    public async Task The_books_are_open_to_administrators_only_and_agree()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "0");
        using var price = await shop.PublishAsync("2", "8");
        using var paid = await shop.Alice.PostAsync("/api/v1/topups", new StringContent("""{"amount":"1","provider":"test"}""", System.Text.Encoding.UTF8, "application/json"));
        shop.World.Server.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await shop.CallAsync(100, 100);

        var checks = await Shop.GetAsync(shop.Carol, "/api/v1/ledger/checks");
        var journal = await Shop.GetAsync(shop.Carol, "/api/v1/ledger/transactions");

        Assert.All(checks.GetProperty("checks").EnumerateArray(), check => Assert.True(check.GetProperty("holds").GetBoolean(), check.ToString()));
        Assert.Equal(["usage", "top_up"], journal.GetProperty("transactions").EnumerateArray().Select(t => t.GetProperty("kind").GetString()));
        foreach (var path in new[] { "trial-balance", "checks", "transactions" })
        {
            Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.GetAsync($"/api/v1/ledger/{path}")));
        }
    }

    private static (string? Key, int Calls, int Input, int Output, string? ListValue, string? Charged) Row(System.Text.Json.JsonElement row) => (
        row.GetProperty("key").GetString(),
        row.GetProperty("calls").GetInt32(),
        row.GetProperty("inputTokens").GetInt32(),
        row.GetProperty("outputTokens").GetInt32(),
        row.GetProperty("listValue").GetString(),
        row.GetProperty("charged").GetString());
}
