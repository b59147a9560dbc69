using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

public sealed class TopUpsApiTests
{
    [Fact]
    public async Task A_test_payment_raises_the_balance_at_once()
    {
        await using var shop = await Shop.OpenAsync();

        var topUp = await PayAsync(shop.Alice, "10.00", "test");

        Assert.Equal("succeeded", topUp.GetProperty("state").GetString());
        Assert.Equal("10", (await Shop.GetAsync(shop.Alice, "/api/v1/wallet")).GetProperty("balance").GetString());
        var balance = await Shop.GetAsync(shop.Carol, "/api/v1/ledger/trial-balance");
        Assert.True(balance.GetProperty("isZero").GetBoolean());
        Assert.Equal([("A:Clearing:test", "10"), ($"L:Prepaid:{shop.World.Alice.Id:N}", "-10")], balance.GetProperty("accounts").EnumerateArray().Select(a => (a.GetProperty("account").GetString(), a.GetProperty("amount").GetString())));
    }

    [Fact]
    public async Task A_bank_transfer_counts_when_an_administrator_confirms_it_and_only_once()
    {
        await using var shop = await Shop.OpenAsync();
        var topUp = await PayAsync(shop.Alice, "25", "manual");
        Assert.Equal("awaiting", topUp.GetProperty("state").GetString());
        Assert.Matches("^LS-[A-Z2-9]{8}$", topUp.GetProperty("reference").GetString());
        var confirmation = $"/api/v1/topups/{topUp.GetProperty("id").GetString()}/confirmation";

        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.PostAsync(confirmation, content: null)));
        Assert.Equal("0", (await Shop.GetAsync(shop.Alice, "/api/v1/wallet")).GetProperty("balance").GetString());
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shop.Carol.PostAsync(confirmation, content: null)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal("25", (await Shop.GetAsync(shop.Alice, "/api/v1/wallet")).GetProperty("balance").GetString());
    }

    [Theory]
    [InlineData("0.99", "test", 422, "amount_out_of_range")]
    [InlineData("-5", "test", 422, "amount_out_of_range")]
    [InlineData("10000.01", "test", 422, "amount_out_of_range")]
    [InlineData("5.0000000000001", "test", 422, "too_precise")]
    [InlineData("five", "test", 400, "amount_malformed")]
    [InlineData("5", "stripe", 422, "unknown_provider")]
    public async Task Top_ups_that_cannot_be_are_refused_by_name(string amount, string provider, int status, string code)
    {
        await using var shop = await Shop.OpenAsync();

        Assert.Equal((status, code), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/topups", new { amount, provider })));
    }

    [Fact]
    public async Task What_a_body_leaves_out_is_missed_and_never_guessed()
    {
        await using var shop = await Shop.OpenAsync();

        Assert.Equal((400, "amount_malformed"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/topups", new { provider = "test" })));
        Assert.Equal((422, "unknown_provider"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/topups", new { amount = "5" })));
        Assert.Equal((400, "amount_not_string"), await Shop.RefusedAsync(shop.Alice.PostAsJsonAsync("/api/v1/topups", new { amount = 5, provider = "test" })));
    }

    [Fact]
    public async Task A_declined_payment_changes_nothing()
    {
        await using var shop = await Shop.OpenAsync();

        var topUp = await PayAsync(shop.Alice, "4.02", "test");

        Assert.Equal("failed", topUp.GetProperty("state").GetString());
        Assert.Equal("0", (await Shop.GetAsync(shop.Alice, "/api/v1/wallet")).GetProperty("balance").GetString());
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(shop.Carol.PostAsync($"/api/v1/topups/{topUp.GetProperty("id").GetString()}/confirmation", content: null)));
    }

    [Fact]
    public async Task An_organization_is_topped_up_by_those_who_may_change_it_and_absent_for_strangers()
    {
        await using var shop = await Shop.OpenAsync();

        using var byAlice = await shop.Alice.PostAsJsonAsync("/api/v1/topups", new { amount = "5", provider = "test", account = "acme" });

        Assert.Equal(HttpStatusCode.Created, byAlice.StatusCode);
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Bob.PostAsJsonAsync("/api/v1/topups", new { amount = "5", provider = "test", account = "acme" })));
        Assert.Equal("5", (await Shop.GetAsync(shop.Bob, "/api/v1/wallet?account=acme")).GetProperty("balance").GetString());
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Bob.GetAsync("/api/v1/wallet?account=alice")));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(shop.Bob.GetAsync("/api/v1/topups?account=alice")));
    }

    [Fact]
    public async Task A_payment_whose_answer_was_lost_is_cleared_up_by_asking_and_never_by_paying_again()
    {
        var bank = new DeafBank();
        await using var world = await World.CreateAsync(services => services.AddSingleton<IPaymentProvider>(bank));
        var topUp = await PayAsync(world.As(world.Alice), "7", "deaf");
        Assert.Equal("unknown", topUp.GetProperty("state").GetString());

        world.Server.Clock.Advance(TimeSpan.FromMinutes(2));
        await Eventually.TrueAsync(async () => (await Shop.GetAsync(world.As(world.Alice), "/api/v1/wallet")).GetProperty("balance").GetString() == "7");

        Assert.Equal(1, bank.Charges);
    }

    private static async Task<JsonElement> PayAsync(HttpClient client, string amount, string provider)
    {
        using var answer = await client.PostAsJsonAsync("/api/v1/topups", new { amount, provider });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>Takes the money, and its answer is lost on the way.</summary>
    private sealed class DeafBank : IPaymentProvider
    {
        private int _charges;

        public int Charges => _charges;

        public string Name => "deaf";

        public bool IsOffered => true;

        public string ArrivesIn => "A:Clearing:deaf";

        public Task<PaymentResult> ChargeAsync(Payment payment, CancellationToken cancel)
        {
            Interlocked.Increment(ref _charges);
            throw new HttpRequestException("timed out");
        }

        public Task<PaymentResult?> FindAsync(Payment payment, CancellationToken cancel) => Task.FromResult<PaymentResult?>(new PaymentResult(TopUpState.Succeeded, "deaf-1"));
    }
}
