using System.Net;
using System.Net.Http.Json;
using System.Text;

namespace Lodestone.Tests.Billing;

public sealed class PricesApiTests
{
    [Fact]
    public async Task A_published_price_is_current_and_its_forerunners_stay_in_the_history()
    {
        await using var shop = await Shop.OpenAsync();

        using var first = await shop.PublishAsync("0.10", "0.40");
        shop.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        using var second = await shop.PublishAsync("0.20", "0.80");

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first.StatusCode, second.StatusCode));
        var model = (await Shop.GetAsync(shop.Carol, "/api/v1/prices")).GetProperty("prices").EnumerateArray().Single();
        Assert.Equal((Shop.Model, "0.2", 2), (model.GetProperty("model").GetString(), model.GetProperty("current").GetProperty("inputPerMillion").GetString(), model.GetProperty("current").GetProperty("version").GetInt32()));
        Assert.Equal(["0.8", "0.4"], model.GetProperty("history").EnumerateArray().Select(v => v.GetProperty("outputPerMillion").GetString()));
    }

    [Theory]
    [InlineData("\"0.1234567890123\"", 422, "too_precise")]
    [InlineData("\"-0.1\"", 422, "amount_negative")]
    [InlineData("\"1000000.000000000001\"", 422, "price_too_high")]
    [InlineData("0.1", 400, "amount_not_string")]
    [InlineData("1", 400, "amount_not_string")]
    [InlineData("null", 400, "amount_malformed")]
    [InlineData("\"1e3\"", 400, "amount_malformed")]
    [InlineData("\"\"", 400, "amount_malformed")]
    [InlineData("\"1,000.00\"", 400, "amount_malformed")]
    public async Task Amounts_that_cannot_be_prices_are_refused_by_name(string amount, int status, string code)
    {
        await using var shop = await Shop.OpenAsync();
        using var body = new StringContent($$"""{"model":"{{Shop.Model}}","inputPerMillion":{{amount}},"outputPerMillion":"1","reason":"r"}""", Encoding.UTF8, "application/json");

        Assert.Equal((status, code), await Shop.RefusedAsync(shop.Carol.PostAsync("/api/v1/prices", body)));
    }

    [Fact]
    public async Task A_body_that_is_not_json_is_refused_with_the_place()
    {
        await using var shop = await Shop.OpenAsync();
        using var body = new StringContent("{\"model\":\n ?}", Encoding.UTF8, "application/json");

        using var answer = await shop.Carol.PostAsync("/api/v1/prices", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("line 2, position 2", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_of_more_than_threefold_has_to_be_confirmed()
    {
        await using var shop = await Shop.OpenAsync();
        using var first = await shop.PublishAsync("1", "1");

        Assert.Equal((409, "confirmation_required"), await Shop.RefusedAsync(shop.PublishAsync("3.000000000001", "1")));
        Assert.Equal((409, "confirmation_required"), await Shop.RefusedAsync(shop.PublishAsync("1", "0.333333333333")));
        using var threefold = await shop.PublishAsync("3", "1");
        using var confirmed = await shop.PublishAsync("30", "0", confirm: true);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (threefold.StatusCode, confirmed.StatusCode));
    }

    [Fact]
    public async Task A_price_may_begin_later_but_not_earlier()
    {
        await using var shop = await Shop.OpenAsync();
        var now = shop.World.Server.Clock.GetUtcNow();

        Assert.Equal((422, "effective_in_past"), await Shop.RefusedAsync(shop.PublishAsync("1", "1", from: now - TimeSpan.FromSeconds(1))));
        using var later = await shop.PublishAsync("1", "1", from: now + TimeSpan.FromHours(1));

        var model = (await Shop.GetAsync(shop.Carol, "/api/v1/prices")).GetProperty("prices").EnumerateArray().Single();
        Assert.Equal(System.Text.Json.JsonValueKind.Null, model.GetProperty("current").ValueKind);
        Assert.Equal(1, model.GetProperty("history").GetArrayLength());
    }

    [Fact]
    public async Task Only_administrators_see_and_publish_prices()
    {
        await using var shop = await Shop.OpenAsync();
        var price = new { model = Shop.Model, inputPerMillion = "1", outputPerMillion = "1", reason = "mine" };

        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/prices", price)));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.GetAsync("/api/v1/prices")));
        Assert.Equal((401, "unauthenticated"), await Shop.RefusedAsync(shop.World.AsNobody().GetAsync("/api/v1/prices")));
    }

    [Fact]
    public async Task A_price_names_a_model_that_is_known_its_currency_and_a_reason()
    {
        await using var shop = await Shop.OpenAsync();

        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync("/api/v1/prices", new { model = "acme/none", inputPerMillion = "1", outputPerMillion = "1", reason = "r" })));
        Assert.Equal((422, "unknown_currency"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync("/api/v1/prices", new { model = Shop.Model, inputPerMillion = "1", outputPerMillion = "1", reason = "r", currency = "EUR" })));
        Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(shop.Carol.PostAsJsonAsync("/api/v1/prices", new { model = Shop.Model, inputPerMillion = "1", outputPerMillion = "1", reason = " " })));
    }
}
