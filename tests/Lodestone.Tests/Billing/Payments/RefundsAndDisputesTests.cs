using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing.Payments;

public sealed class RefundsAndDisputesTests
{
    [Fact]
    public async Task Credit_is_sent_back_newest_payment_first_and_never_more_than_is_unspent()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("ok");
        await world.TopUpAsync("10");
        world.Books.World.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.TopUpAsync("5");
        await world.Books.Shop.CallAsync(1_000_000, 0); // 2, of the older payment

        Assert.Equal((409, "exceeds_remainder"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync("/api/v1/customers/alice/refunds", new { amount = "13.01", reason = "Closing" })));
        Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync("/api/v1/customers/alice/refunds", new { amount = "1" })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.PostAsJsonAsync("/api/v1/customers/alice/refunds", new { amount = "1", reason = "Mine" })));
        world.Stripe.LoseAnswers();
        var sent = await InvoiceWorld.PostAsync(world.Carol, "/api/v1/customers/alice/refunds", new { amount = "7", reason = "Closing" });
        Assert.Equal([("5.00", "unknown"), ("2.00", "succeeded")], Facts(sent));
        world.Books.World.Server.Clock.Advance(TimeSpan.FromMinutes(2));
        await world.Get<Refunds>().ResolveAsync(CancellationToken.None);

        Assert.Equal(["succeeded", "succeeded"], Facts(await Shop.GetAsync(world.Alice, "/api/v1/customers/alice/refunds")).Select(r => r.State));
        Assert.Equal(2, world.Stripe.Asked.Count(path => path == "/v1/refunds"));
        Assert.Equal(("6", "-6", "0"), (await world.BalanceAsync(), await world.Books.SumAsync(LedgerAccounts.Prepaid(world.AliceId)), await world.Books.SumAsync(LedgerAccounts.RefundPayable(world.AliceId))));
        Assert.Equal((409, "exceeds_remainder"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync("/api/v1/customers/alice/refunds", new { amount = "6.01", reason = "Closing" })));
        await world.AgreeAsync();
    }

    [Fact]
    public async Task A_credited_invoice_is_sent_back_as_far_as_it_was_paid_and_what_the_card_refuses_goes_by_bank()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("ok");
        var number = await world.InvoiceAsync(10, PaymentWorld.April);
        await Eventually.TrueAsync(async () => (await world.InvoiceAsync(number)).State == "paid");
        Assert.Equal((409, "exceeds_paid"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync($"/api/v1/invoices/{number}/refunds", new { amount = "1", reason = "Outage" })));
        await InvoiceWorld.PostAsync(world.Carol, $"/api/v1/invoices/{number}/credit", new { reason = "Outage", lines = new[] { new { line = 1, amount = "4.00" } } });

        Assert.Equal((409, "exceeds_paid"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync($"/api/v1/invoices/{number}/refunds", new { amount = "4.01", reason = "Outage" })));
        Assert.Equal([("1.50", "succeeded")], Facts(await InvoiceWorld.PostAsync(world.Carol, $"/api/v1/invoices/{number}/refunds", new { amount = "1.50", reason = "Outage" })));
        var refund = world.Stripe.Objects.Of("refund").Single();
        world.Stripe.Objects.Forge(StripeObjects.Text(refund, "id"), "status", "failed"); // the bank has sent it back
        await world.DeliverAsync(world.Stripe.Objects.Happens("refund.failed", refund));
        Assert.Equal(("-1.5", "-2.5"), (await world.Books.SumAsync(LedgerAccounts.RefundPayable(world.AliceId)), await world.Books.SumAsync(LedgerAccounts.CustomerBalance(world.AliceId))));
        var failed = (await Shop.GetAsync(world.Carol, "/api/v1/customers/alice/refunds")).GetProperty("refunds")[0];
        await InvoiceWorld.PostAsync(world.Carol, $"/api/v1/refunds/{failed.GetProperty("id").GetString()}/confirmation", new { });
        await InvoiceWorld.PostAsync(world.Carol, $"/api/v1/refunds/{failed.GetProperty("id").GetString()}/confirmation", new { });

        Assert.Equal(("0", "-1.5"), (await world.Books.SumAsync(LedgerAccounts.RefundPayable(world.AliceId)), await world.Books.SumAsync(LedgerAccounts.Bank)));
        Assert.Equal((409, "exceeds_paid"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync($"/api/v1/invoices/{number}/refunds", new { amount = "2.51", reason = "Outage" })));
        await world.AgreeAsync();
    }

    [Fact]
    public async Task A_chargeback_freezes_what_is_left_and_what_was_used_is_charged_again_when_it_is_lost()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("ok");
        await world.TopUpAsync("10");
        await world.Books.Shop.CallAsync(1_500_000, 0); // 3
        var intent = StripeObjects.Text(world.Stripe.Objects.Of("payment_intent").Single(), "id");

        var opened = world.Stripe.Objects.Dispute(intent, "needs_response");
        await world.DeliverAsync(opened);
        Assert.Equal(("0", "10"), (await world.BalanceAsync(), await world.Books.SumAsync(LedgerAccounts.Disputed(world.AliceId))));
        Assert.Equal((409, "exceeds_remainder"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync("/api/v1/customers/alice/refunds", new { amount = "1", reason = "Too late" })));
        await world.DeliverAsync(world.Stripe.Objects.Decide(StripeObjects.Text(world.Stripe.Objects.Of("dispute").Single(), "id"), "lost"));
        await world.DeliverAsync(opened); // late
        Assert.Equal(("0", "3", "0"), (await world.BalanceAsync(), await world.Books.SumAsync(LedgerAccounts.Disputed(world.AliceId)), await world.Books.SumAsync(LedgerAccounts.Prepaid(world.AliceId))));
        await world.AgreeAsync();

        world.Books.World.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        var invoice = await world.Books.IssueAsync("alice");
        Assert.Equal(("3.00", "0"), (invoice.GetProperty("total").GetString(), await world.Books.SumAsync(LedgerAccounts.Disputed(world.AliceId))));
        await Eventually.TrueAsync(async () => (await world.InvoiceAsync(invoice.GetProperty("number").GetString()!)).State == "paid"); // issued
        Assert.All(await world.Books.VerifyAsync(), verified => Assert.Null(verified.Fault));
        await world.AgreeAsync();
    }

    [Fact]
    public async Task A_dispute_that_is_won_gives_everything_back_and_one_over_an_invoice_that_is_lost_is_bad_debt()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("ok");
        await world.TopUpAsync("8");
        var topUp = StripeObjects.Text(world.Stripe.Objects.Of("payment_intent").Single(), "id");
        await world.DeliverAsync(world.Stripe.Objects.Dispute(topUp, "warning_needs_response", fee: 0));
        Assert.Equal("8", await world.BalanceAsync()); // the bank only asks
        await world.DeliverAsync(world.Stripe.Objects.Decide(StripeObjects.Text(world.Stripe.Objects.Of("dispute").Single(), "id"), "needs_response", "charge.dispute.updated"));
        Assert.Equal("0", await world.BalanceAsync());
        await world.DeliverAsync(world.Stripe.Objects.Decide(StripeObjects.Text(world.Stripe.Objects.Of("dispute").Single(), "id"), "won"));
        Assert.Equal(("8", "0"), (await world.BalanceAsync(), await world.Books.SumAsync(LedgerAccounts.Disputed(world.AliceId))));

        var number = await world.InvoiceAsync(4, PaymentWorld.April);
        await Eventually.TrueAsync(async () => (await world.InvoiceAsync(number)).State == "paid");
        var paid = StripeObjects.Text(world.Stripe.Objects.Of("payment_intent").Last(), "id");
        await world.DeliverAsync(world.Stripe.Objects.Dispute(paid, "lost")); // all that is known of it is its end
        Assert.Equal(("uncollectible", "4", "0"), ((await world.InvoiceAsync(number)).State, await world.Books.SumAsync(LedgerAccounts.BadDebt), await world.Books.SumAsync(LedgerAccounts.Disputed(world.AliceId))));
        Assert.Equal("15", await world.Books.ReadAsync(async db => (await db.ProviderMovements.Where(m => m.Kind == ProviderMovementKind.DisputeFee).SingleAsync()).Amount.In(Lodestone.Core.Currency.Usd).ToString()));
        await world.AgreeAsync();
    }

    private static List<(string? Amount, string? State)> Facts(JsonElement refunds) =>
        [.. refunds.GetProperty("refunds").EnumerateArray().Select(r => (r.GetProperty("amount").GetString(), r.GetProperty("state").GetString()))];
}
