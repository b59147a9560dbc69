using System.Net;
using System.Net.Http.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class TermsTests
{
    private const string Terms = "/api/v1/prices/terms";

    [Fact]
    public async Task An_allowance_covers_calls_without_balance_and_what_it_does_not_cover_costs_the_discounted_price()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "0");
        using var price = await shop.PublishAsync("2", "8");
        await AddAsync(shop, new { kind = "allowance", account = "alice", product = Shop.Model, quantity = 1_000, period = "day", reason = "trial" });
        await AddAsync(shop, new { kind = "percent_off", account = "alice", percent = "25", reason = "friends" });

        var covered = await shop.CallAsync(100, 800);
        Assert.Equal(("0.0066", "0"), (covered.ListValue.ToString(), covered.Charged.ToString()));
        await Assert.ThrowsAsync<Refusal>(() => shop.CallAsync(0, 101));
        using var paid = await shop.Alice.PostAsJsonAsync("/api/v1/topups", new { amount = "1", provider = "test" });
        var partly = await shop.CallAsync(0, 1_100); // a hundred of them covered
        Assert.Equal(("0.0088", "0.006"), (partly.ListValue.ToString(), partly.Charged.ToString()));
        shop.World.Server.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal("0", (await shop.CallAsync(0, 1_000)).Charged.ToString());

        var rows = await shop.World.UseAsync<BillingSteps, List<RatedRow>>(steps => steps.ReadAsync(db => db.RatedRows.AsNoTracking().ToListAsync()));
        Assert.Equal(["input:free", "output", "output:free", "output:free", "output:free"], rows.Select(r => r.Class).Order(StringComparer.Ordinal));
        Assert.Equal("0.002", rows.Single(r => r.Class == "output").Discount.In(BillingOptions.Currency).ToString());
        Assert.All((await shop.World.UseAsync<ConservationChecks, ConservationReport>(c => c.RunAsync(CancellationToken.None))).Checks, check => Assert.True(check.Holds, check.ToString()));
    }

    [Fact]
    public async Task An_allowance_that_blocks_refuses_what_it_does_not_cover()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "5");
        using var price = await shop.PublishAsync("2", "8");
        var term = await AddAsync(shop, new { kind = "allowance", account = "alice", quantity = 100, period = "month", onExhausted = "block", reason = "plan" });

        await shop.CallAsync(10, 80);
        var refusal = await Assert.ThrowsAsync<Refusal>(() => shop.CallAsync(5, 6));
        using var ended = await shop.Carol.PostAsync($"{Terms}/{term}:end", null);

        Assert.Equal(("free_quota_exhausted", 402), (refusal.Code.Code, refusal.Code.Status));
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.Equal("0.000058", (await shop.CallAsync(5, 6)).ListValue.ToString());
    }

    [Fact]
    public async Task A_commitment_is_discounted_while_it_lasts_and_trued_up_once_when_it_ends()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "0");
        using var price = await shop.PublishAsync("2", "8");
        using var paid = await shop.Alice.PostAsJsonAsync("/api/v1/topups", new { amount = "1", provider = "test" });
        var end = shop.World.Server.Clock.GetUtcNow().AddDays(30);
        var term = await AddAsync(shop, new { kind = "commitment", account = "alice", amount = "0.01", percent = "50", percentOver = "10", endsAt = end, reason = "contract" });

        var charged = (await shop.CallAsync(0, 1_000)).Charged;
        var refused = await Shop.RefusedAsync(shop.Carol.PostAsync($"{Terms}/{term}:end", null));
        shop.World.Server.Clock.Advance(TimeSpan.FromDays(30) + TimeSpan.FromHours(13));
        await shop.World.UseAsync<Commitments, int>(c => c.TrueUpAsync(CancellationToken.None));
        var again = await shop.World.UseAsync<Commitments, int>(c => c.TrueUpAsync(CancellationToken.None));

        Assert.Equal(("0.004", (409, "conflict"), 0), (charged.ToString(), refused, again));
        var charge = await shop.World.UseAsync<BillingSteps, Charge>(steps => steps.ReadAsync(db => db.Charges.AsNoTracking().SingleAsync()));
        Assert.Equal((ChargeKind.CommitTrueUp, "0.006"), (charge.Kind, charge.Amount.In(charge.Currency).ToString()));
    }

    [Fact]
    public async Task Terms_that_make_no_sense_are_refused_and_only_administrators_agree_to_any()
    {
        await using var shop = await Shop.OpenAsync();
        var (before, after) = (shop.World.Server.Clock.GetUtcNow().AddDays(-1), shop.World.Server.Clock.GetUtcNow().AddDays(1));

        foreach (var wanted in new object[]
        {
            new { kind = "gift", account = "alice", reason = "r" },
            new { kind = "allowance", account = "alice", reason = "r" },
            new { kind = "allowance", account = "alice", quantity = 1, amount = "1", reason = "r" },
            new { kind = "allowance", account = "alice", quantity = -1, reason = "r" },
            new { kind = "allowance", account = "alice", quantity = 1, period = "year", reason = "r" },
            new { kind = "percent_off", account = "alice", reason = "r" },
            new { kind = "percent_off", account = "alice", percent = "101", reason = "r" },
            new { kind = "percent_off", account = "alice", percent = "0.00001", reason = "r" },
            new { kind = "commitment", account = "alice", amount = "1", percent = "100", endsAt = after, reason = "r" },
            new { kind = "commitment", account = "alice", amount = "1", reason = "r" },
            new { kind = "amount_off", account = "alice", amount = "-1", reason = "r" },
            new { kind = "amount_off", account = "alice", amount = "1", reason = " " },
        })
        {
            Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync(Terms, wanted)));
        }

        Assert.Equal((422, "period_inverted"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync(Terms, new { kind = "amount_off", account = "alice", amount = "1", startsAt = before, reason = "r" })));
        Assert.Equal((422, "period_inverted"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync(Terms, new { kind = "amount_off", account = "alice", amount = "1", endsAt = before, reason = "r" })));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync(Terms, new { kind = "amount_off", account = "alice", amount = "1", product = "no/such", reason = "r" })));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Carol.PostAsync($"{Terms}/trm_none:end", null)));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync(Terms, new { kind = "amount_off", account = "alice", amount = "1", reason = "r" })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.GetAsync($"{Terms}?account=alice")));
        Assert.Equal((401, "unauthenticated"), await Shop.RefusedAsync(shop.World.AsNobody().GetAsync(Terms)));
    }

    private static async Task<string> AddAsync(Shop shop, object term)
    {
        using var answer = await shop.Carol.PostAsJsonAsync(Terms, term);
        Assert.True(answer.StatusCode is HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        var id = (await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>()).Text("id");
        Assert.Contains(id, (await Shop.GetAsync(shop.Carol, $"{Terms}?account=alice")).GetProperty("terms").EnumerateArray().Select(t => t.Text("id")));
        return id;
    }
}
