using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Billing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing.Payments;

public sealed class StripePaymentsTests
{
    [Fact]
    public async Task A_card_given_on_stripes_page_pays_invoices_and_top_ups_and_fees_and_payouts_reach_the_books()
    {
        await using var world = await PaymentWorld.OpenAsync();
        Assert.Equal((409, "no_payment_method"), await Shop.RefusedAsync(world.Alice.PostAsJsonAsync("/api/v1/topups", new { amount = "10", provider = "stripe" })));
        await world.GiveCardAsync("ok");
        var method = (await Shop.GetAsync(world.Alice, "/api/v1/payment-methods")).GetProperty("paymentMethods")[0];
        Assert.Equal(("visa", "4242", 12, 2030), (method.GetProperty("brand").GetString(), method.GetProperty("lastFour").GetString(), method.GetProperty("expiryMonth").GetInt32(), method.GetProperty("expiryYear").GetInt32()));

        Assert.Equal("succeeded", (await world.TopUpAsync("10")).GetProperty("state").GetString());
        var number = await world.InvoiceAsync(20, PaymentWorld.April);
        await Eventually.TrueAsync(async () => (await world.InvoiceAsync(number)).State == "paid");
        await world.DeliverAsync(world.Stripe.Objects.Payout(2_853)); // 30.00 less fees of 0.59 and 0.88
        Assert.Equal(2, world.Stripe.Asked.Count(path => path == "/v1/payment_intents"));

        Assert.Equal(("10", "0", "28.53", "1.47"), (await world.BalanceAsync(), await world.Books.SumAsync(LedgerAccounts.Receivable(world.AliceId)), await world.Books.SumAsync(LedgerAccounts.Bank), await world.Books.SumAsync(LedgerAccounts.PaymentFee)));
        await world.DeliverAsync(world.Stripe.Objects.FailPayout(StripeObjects.Text(world.Stripe.Objects.Of("payout").Single(), "id")));
        Assert.Equal(("0", "28.53"), (await world.Books.SumAsync(LedgerAccounts.Bank), await world.Books.SumAsync(LedgerAccounts.Clearing("stripe"))));
        await world.AgreeAsync();
    }

    [Fact]
    public async Task A_charge_whose_answer_was_lost_is_found_again_and_one_that_never_arrived_is_not_made_up_for()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("ok");
        world.Stripe.LoseAnswers();
        var number = await world.InvoiceAsync(4, PaymentWorld.April);
        await Eventually.TrueAsync(async () => (await world.AttemptsAsync(number)) is [("unknown", null)]);
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Alice.PostAsJsonAsync($"/api/v1/invoices/{number}/pay", new { })));

        world.Books.World.Server.Clock.Advance(TimeSpan.FromMinutes(2));
        await world.Get<InvoicePayments>().ResolveAsync(CancellationToken.None);
        Assert.Equal(("paid", "0.00"), await world.InvoiceAsync(number));
        world.Stripe.Fail();
        var never = await world.TopUpAsync("7");
        Assert.Equal("unknown", never.GetProperty("state").GetString());
        world.Books.World.Server.Clock.Advance(TimeSpan.FromMinutes(2));
        await world.Get<TopUps>().ResolveAsync(CancellationToken.None);

        Assert.Equal("0", await world.BalanceAsync());
        Assert.Equal(1, world.Stripe.Asked.Count(path => path == "/v1/payment_intents"));
        var topUps = (await Shop.GetAsync(world.Alice, "/api/v1/topups")).GetProperty("topUps").EnumerateArray().Select(t => t.GetProperty("state").GetString());
        Assert.Equal(["failed"], topUps);
        await world.AgreeAsync();
    }

    /// <summary>The server dies after its charge was taken on and before that is written down: the row says submitted, and the provider knows.</summary>
    [Fact]
    public async Task A_server_that_dies_between_charge_and_record_leaves_an_attempt_that_is_cleared_up_by_asking()
    {
        await using var world = await PaymentWorld.OpenAsync();
        var number = await world.InvoiceAsync(6, PaymentWorld.April);
        await Eventually.TrueAsync(() => world.Books.ReadAsync(async db => !await db.Outbox.AnyAsync())); // what would be collected by itself was tried, in vain
        await world.GiveCardAsync("ok");
        await Eventually.TrueAsync(() => world.Books.ReadAsync(async db => !await db.Outbox.AnyAsync()));
        using var death = new CancellationTokenSource();
        world.Stripe.Taken = death.Cancel;
        var invoiceId = await world.Books.ReadAsync(db => db.Invoices.Where(i => i.Number == number).Select(i => i.Id).SingleAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Get<InvoicePayments>().CollectAsync(invoiceId, death.Token));
        world.Stripe.Taken = null;
        Assert.Equal([("submitted", null)], await world.AttemptsAsync(number));
        Assert.Null(await world.Get<InvoicePayments>().CollectAsync(invoiceId, CancellationToken.None)); // at most one is under way

        world.Books.World.Server.Clock.Advance(TimeSpan.FromMinutes(2));
        await world.Get<InvoicePayments>().ResolveAsync(CancellationToken.None);

        Assert.Equal(("paid", "0.00"), await world.InvoiceAsync(number));
        Assert.Equal(1, world.Stripe.Asked.Count(path => path == "/v1/payment_intents"));
        await world.AgreeAsync();
    }

    [Fact]
    public async Task Messages_count_once_in_any_order_and_only_with_stripes_signature()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("processing");
        var number = await world.InvoiceAsync(5, PaymentWorld.April);
        await Eventually.TrueAsync(async () => (await world.AttemptsAsync(number)) is [("processing", null)]);
        var intent = world.Stripe.Objects.Of("payment_intent").Single();
        var old = world.Stripe.Objects.Happens("payment_intent.processing", intent);
        var done = world.Stripe.Objects.Succeed(StripeObjects.Text(intent, "id"));
        using var nobody = world.Books.World.AsNobody();

        Assert.Equal((400, "bad_signature"), await Shop.RefusedAsync(nobody.SendAsync(world.Stripe.Message(done, secret: "whsec_other"))));
        Assert.Equal((400, "bad_signature"), await Shop.RefusedAsync(nobody.SendAsync(world.Stripe.Message(done, PaymentWorld.April.AddMinutes(-6)))));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(nobody.PostAsJsonAsync("/webhooks/payments/nobody", new { })));
        Assert.Equal((400, "bad_signature"), await Shop.RefusedAsync(nobody.PostAsJsonAsync("/webhooks/payments/test", new { })));
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => nobody.SendAsync(world.Stripe.Message(done))));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        await world.DeliverAsync(done);
        await world.DeliverAsync(old); // of before
        var unknown = world.Stripe.Objects.Happens("radar.early_fraud_warning.created", new JsonObject { ["id"] = "issfr_1", ["object"] = "radar.early_fraud_warning" });
        using var stored = await nobody.SendAsync(world.Stripe.Message(unknown));

        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        Assert.Equal(("paid", "0.00"), await world.InvoiceAsync(number));
        Assert.Equal(("4.56", "0.44"), (await world.Books.SumAsync(LedgerAccounts.Clearing("stripe")), await world.Books.SumAsync(LedgerAccounts.PaymentFee)));
        Assert.Equal(4, await world.Books.ReadAsync(db => db.PaymentEvents.CountAsync())); // the card, and three
        await world.AgreeAsync();
    }

    [Fact]
    public async Task A_bank_that_wants_its_customer_is_confirmed_by_the_customer_and_given_up_after_a_day()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("action");
        var number = await world.InvoiceAsync(5, PaymentWorld.April);
        await Eventually.TrueAsync(async () => (await world.AttemptsAsync(number)) is [("failed", "authentication_required")]); // nobody is there

        var paying = await InvoiceWorld.PostAsync(world.Alice, $"/api/v1/invoices/{number}/pay", new { provider = "stripe" });
        Assert.Equal("requires_action", paying.GetProperty("state").GetString());
        Assert.StartsWith("https://hooks.stripe.test/pi_", paying.GetProperty("actionUrl").GetString(), StringComparison.Ordinal);
        world.Books.World.Server.Clock.Advance(TimeSpan.FromDays(2));
        await world.Get<InvoicePayments>().ResolveAsync(CancellationToken.None);
        Assert.Equal([("failed", "authentication_required"), ("failed", "canceled")], await world.AttemptsAsync(number));

        var again = await InvoiceWorld.PostAsync(world.Alice, $"/api/v1/invoices/{number}/pay", new { provider = "stripe" });
        await world.DeliverAsync(world.Stripe.Objects.Succeed(again.GetProperty("actionUrl").GetString()!.Split('/')[^1])); // asserted above
        Assert.Equal(("paid", "0.00"), await world.InvoiceAsync(number));
    }

    [Fact]
    public async Task The_same_key_with_other_parameters_is_refused_and_with_the_same_ones_is_the_same_object()
    {
        await using var stripe = await StripeFake.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(stripe.Url) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", StripeFake.SecretKey);

        var first = await AskAsync(client, "k1", "a");
        var second = await AskAsync(client, "k1", "a");
        var other = await AskAsync(client, "k1", "b");

        Assert.Equal(first.Body, second.Body);
        Assert.Equal((HttpStatusCode.BadRequest, "idempotency_error"), (other.Status, (string?)JsonNode.Parse(other.Body)!["error"]!["type"]));
        Assert.Single(stripe.Objects.Of("customer"));
    }

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(HttpClient client, string key, string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/customers") { Content = new FormUrlEncodedContent([KeyValuePair.Create("name", name)]) };
        request.Headers.Add("Idempotency-Key", key);
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
