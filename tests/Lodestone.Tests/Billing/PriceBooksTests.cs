using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Tests.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class PriceBooksTests
{
    private const string Versions = "/api/v1/prices/books/list/versions";

    [Fact]
    public async Task Keys_are_published_simulated_on_real_use_and_kept_where_they_are_not_named()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "5");
        using var plain = await shop.PublishAsync("2", "8");
        await shop.CallAsync(1_000, 3_000);
        await shop.CallAsync(1_000, 3_000);
        var tiers = new
        {
            reason = "cheaper by volume",
            keys = new object[]
            {
                new { product = Shop.Model, @class = "output", charge = new { model = "graduated", per = 1_000_000, tiers = new object[] { new { upTo = 4_000, amount = "8" }, new { amount = "4" } } } },
                new { product = Shop.Model, @class = "input_cached", charge = new { model = "unit", per = 1_000_000, amount = "0.5" } },
            },
        };

        var simulated = await ReadAsync(await shop.Carol.PostAsJsonAsync($"{Versions}:simulate", tiers));
        Assert.Equal(("0.052", "0.044"), (simulated.Text("before"), simulated.Text("after"))); // 2,000 of the 6,000 cost half
        Assert.Equal([("input", "0.004", "0.004"), ("output", "0.048", "0.04")], simulated.GetProperty("lines").EnumerateArray().Select(l => (l.Text("line"), l.Text("before"), l.Text("after"))));
        shop.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        var published = await ReadAsync(await shop.Carol.PostAsJsonAsync(Versions, tiers));
        var call = await shop.CallAsync(0, 6_000);

        Assert.Equal((2, "cheaper by volume"), (published.GetProperty("version").GetInt32(), published.Text("reason")));
        Assert.Equal(["input", "output", "input_cached"], published.GetProperty("prices")[0].GetProperty("keys").EnumerateArray().Select(k => k.Text("class")));
        Assert.Equal("0.04", call.ListValue.ToString());
        var history = (await Shop.GetAsync(shop.Carol, Versions)).GetProperty("versions");
        Assert.Equal([2, 1], history.EnumerateArray().Select(v => v.GetProperty("version").GetInt32()));
        Assert.All((await shop.World.UseAsync<ConservationChecks, ConservationReport>(c => c.RunAsync(CancellationToken.None))).Checks, check => Assert.True(check.Holds, check.ToString()));
        var earlier = await Shop.GetAsync(shop.Carol, $"/api/v1/prices?at={Uri.EscapeDataString(Instants.ToWire(shop.World.Server.Clock.GetUtcNow() - TimeSpan.FromSeconds(1)))}");
        Assert.Equal(1, earlier.GetProperty("prices")[0].GetProperty("current").GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task What_cannot_be_published_is_refused_by_name()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "5");
        using var plain = await shop.PublishAsync("2", "8");
        await shop.CallAsync(10, 10);
        shop.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        static object Unit(string amount, long per = 1_000_000) => new { model = "unit", amount, per };
        object Key(object charge, string name = "output") => new { product = Shop.Model, @class = name, charge };

        var tiers = await shop.Carol.PostAsJsonAsync(Versions, new { reason = "r", keys = new[] { Key(new { model = "volume", tiers = new object[] { new { upTo = 5, amount = "1" }, new { upTo = 3, amount = "1" } } }) } });
        var (status, body) = (tiers.StatusCode, await tiers.Content.ReadFromJsonAsync<JsonElement>());
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "tiers_invalid", 1), (status, body.Text("code"), body.GetProperty("index").GetInt32()));

        Assert.Equal((422, "key_twice"), await RefusedAsync(shop, new { reason = "r", keys = new[] { Key(Unit("8")), Key(Unit("9")) } }));
        Assert.Equal((409, "price_gap"), await RefusedAsync(shop, new { reason = "r", retire = new[] { new { product = Shop.Model, @class = "output" } } }));
        Assert.Equal((409, "confirmation_required"), await RefusedAsync(shop, new { reason = "r", keys = new[] { Key(Unit("25")) } }));
        Assert.Equal((409, "confirmation_required"), await RefusedAsync(shop, new { reason = "r", keys = new[] { Key(Unit("0.01", 1), "reasoning") } })); // for one token
        Assert.Equal((422, "unprocessable"), await RefusedAsync(shop, new { reason = "r", keys = Array.Empty<object>() }));
        Assert.Equal((422, "unprocessable"), await RefusedAsync(shop, new { reason = "", keys = new[] { Key(Unit("8")) } }));
        Assert.Equal((404, "not_found"), await RefusedAsync(shop, new { reason = "r", keys = new object[] { new { product = "no/such", @class = "input", charge = Unit("1") } } }));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync("/api/v1/prices/books/none/versions", new { reason = "r", keys = new[] { Key(Unit("8")) } })));
        Assert.Equal((422, "effective_in_past"), await RefusedAsync(shop, new { reason = "r", effectiveFrom = shop.World.Server.Clock.GetUtcNow().AddDays(-1), keys = new[] { Key(Unit("8")) } }));
        Assert.Equal((422, "not_credit_only"), await RefusedAsync(shop, new { reason = "r", creditOnly = true, effectiveFrom = new DateTimeOffset(shop.World.Server.Clock.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero), keys = new[] { Key(Unit("8.1")) } }));
        foreach (var (client, code) in new[] { (shop.Alice, "forbidden"), (shop.World.AsNobody(), "unauthenticated") })
        {
            Assert.Equal(code, (await Shop.RefusedAsync(client.PostAsJsonAsync(Versions, new { reason = "r", keys = new[] { Key(Unit("8")) } }))).Code);
            Assert.Equal(code, (await Shop.RefusedAsync(client.GetAsync("/api/v1/prices/books"))).Code);
            Assert.Equal(code, (await Shop.RefusedAsync(client.GetAsync("/api/v1/prices/proposals"))).Code);
        }
    }

    [Fact]
    public async Task A_contract_comes_before_the_plan_and_the_plan_before_the_list()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "5");
        using var plain = await shop.PublishAsync("2", "8");
        foreach (var (slug, kind, output) in new[] { ("team", "plan", "6"), ("alice-2028", "contract", "5") })
        {
            using var book = await shop.Carol.PostAsJsonAsync("/api/v1/prices/books", new { slug, kind });
            using var version = await shop.Carol.PostAsJsonAsync($"/api/v1/prices/books/{slug}/versions:publish", new { reason = "agreed", keys = new[] { new { product = Shop.Model, @class = "output", charge = new { model = "unit", amount = output, per = 1_000_000 } } } });
            Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (book.StatusCode, version.StatusCode));
        }

        var charged = new List<string>();
        foreach (var (slug, ends) in new[] { ("team", false), ("alice-2028", false), ("alice-2028", true), ("team", true) })
        {
            shop.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
            using var assigned = await shop.Carol.PostAsJsonAsync($"/api/v1/prices/books/{slug}/accounts", new { account = "alice", ends });
            Assert.Equal(HttpStatusCode.NoContent, assigned.StatusCode);
            shop.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
            charged.Add((await shop.CallAsync(0, 1_000)).ListValue.ToString());
        }

        Assert.Equal(["0.006", "0.005", "0.006", "0.008"], charged);
        Assert.Equal(["list", "alice-2028", "team"], (await Shop.GetAsync(shop.Carol, "/api/v1/prices/books")).GetProperty("books").EnumerateArray().Select(b => b.Text("slug")));
        Assert.Equal((409, "name_taken"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync("/api/v1/prices/books", new { slug = "list", kind = "plan" })));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync("/api/v1/prices/books/list/accounts", new { account = "alice" })));
    }

    [Fact]
    public async Task Where_there_are_two_administrators_what_looks_mistaken_needs_both()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "5");
        await shop.World.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(
            new NewUser { Name = "erin", Email = "erin@example.org", Password = "correct horse battery staple", IsAdministrator = true }, CancellationToken.None));
        using var erin = await shop.World.Server.SignedInAsync("erin", "correct horse battery staple");
        using var plain = await shop.PublishAsync("2", "8");

        using var proposed = await shop.PublishAsync("20", "80", confirm: true);
        var id = (await proposed.Content.ReadFromJsonAsync<JsonElement>()).Text("id");
        using var second = await shop.PublishAsync("30", "80", confirm: true);
        var other = (await second.Content.ReadFromJsonAsync<JsonElement>()).Text("id");
        Assert.Equal(HttpStatusCode.Accepted, proposed.StatusCode);
        Assert.Equal((409, "own_proposal"), await Shop.RefusedAsync(shop.Carol.PostAsync($"/api/v1/prices/proposals/{id}:confirm", null)));
        using var withdrawn = await shop.Carol.PostAsync($"/api/v1/prices/proposals/{other}:withdraw", null);
        shop.World.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("0.008", (await shop.CallAsync(0, 1_000)).ListValue.ToString());

        var page = await erin.OpenAsync("/admin/prices");
        Assert.Contains("more than threefold", page.Html, StringComparison.Ordinal);
        var confirmed = await erin.SendAsync(page, "decide", ("confirm", id));

        Assert.Equal(HttpStatusCode.Redirect, confirmed.Status);
        shop.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("0.08", (await shop.CallAsync(0, 1_000)).ListValue.ToString());
        var newest = (await Shop.GetAsync(shop.Carol, Versions)).GetProperty("versions")[0];
        Assert.Equal(("carol", "erin"), (newest.Text("publishedBy"), newest.Text("confirmedBy")));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Carol.PostAsync($"/api/v1/prices/proposals/{other}:confirm", null)));
    }

    [Fact]
    public async Task A_price_of_the_past_gives_back_what_was_paid_too_much()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "0.004");
        using var plain = await shop.PublishAsync("2", "8");
        using var paid = await shop.Alice.PostAsJsonAsync("/api/v1/topups", new { amount = "1", provider = "test" });
        shop.World.Server.Clock.Advance(TimeSpan.FromDays(1));
        await shop.CallAsync(0, 1_000); // 0.008, half of it free
        var midnight = new DateTimeOffset(shop.World.Server.Clock.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        object Wanted(string output) => new { reason = "agreed late", creditOnly = true, effectiveFrom = midnight, keys = new[] { new { product = Shop.Model, @class = "output", charge = new { model = "unit", amount = output, per = 1_000_000 } } } };

        var published = await ReadAsync(await shop.Carol.PostAsJsonAsync(Versions, Wanted("6")));

        Assert.True(published.GetProperty("creditOnly").GetBoolean());
        var credit = await shop.World.UseAsync<BillingSteps, Charge>(steps => steps.ReadAsync(db => db.Charges.AsNoTracking().SingleAsync()));
        Assert.Equal((ChargeKind.PriceCorrection, "-0.002", 1_000L), (credit.Kind, credit.Amount.In(credit.Currency).ToString(), credit.Quantity));
        shop.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("0.006", (await shop.CallAsync(0, 1_000)).ListValue.ToString());
    }

    private static Task<(int Status, string Code)> RefusedAsync(Shop shop, object wanted) => Shop.RefusedAsync(shop.Carol.PostAsJsonAsync(Versions, wanted));

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
            return await answer.Content.ReadFromJsonAsync<JsonElement>();
        }
    }
}

internal static class JsonTexts
{
    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
