using System.Net;
using Lodestone.Billing;
using Lodestone.Identity;
using Lodestone.Tests.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing.Payments;

public sealed class PaymentPagesTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_customer_gives_a_card_on_stripes_page_pays_and_takes_it_away_and_strangers_see_nothing_of_it()
    {
        await using var world = await PaymentWorld.OpenAsync();
        var (server, stripe) = (world.Books.World.Server, world.Stripe.Objects);
        await server.JoinAsync("dave", Password);
        await server.JoinAsync("mallory", Password);
        using var dave = await server.SignedInAsync("dave", Password);
        using var mallory = await server.SignedInAsync("mallory", Password);
        var id = (await world.Books.World.UseAsync<Namespaces, Namespace?>(names => names.FindAsync("dave", CancellationToken.None)))!.Id; // just joined

        var begun = await dave.SendAsync(await dave.OpenAsync("/billing"), "add-payment-method", ("provider", "stripe"));
        var page = begun.Document.QuerySelector("a[href^='https://checkout.stripe.test/']")!.GetAttribute("href")!; // the way to Stripe's page
        var session = page.Split('/')[^1];
        stripe.GiveCard(session, "ok");
        var back = $"/billing/payment-methods/return?account=dave&provider=stripe&setup={session}";
        Assert.Equal($"{server.Url.ToString().TrimEnd('/')}{back.Replace(session, "{CHECKOUT_SESSION_ID}", StringComparison.Ordinal)}", StripeObjects.Text(stripe[session], "success_url"));
        Assert.Equal(HttpStatusCode.NotFound, (await mallory.OpenAsync(back)).Status);
        await mallory.OpenAsync(back.Replace("account=dave", "account=mallory", StringComparison.Ordinal)); // dave's set-up is not mallory's
        Assert.Contains("Nothing is kept yet", (await mallory.OpenAsync("/billing")).Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, (await dave.OpenAsync(back)).Status);
        var kept = await dave.OpenAsync("/billing");
        Assert.Contains("visa ending in 4242, until 12/2030", kept.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("visa ending in 4242", (await mallory.OpenAsync("/billing")).Html, StringComparison.Ordinal);

        await world.Books.UseAsync(id, 2_000_000, 0, PaymentWorld.April.AddMinutes(-1));
        stripe.Becomes(StripeObjects.Text(stripe.Of("payment_method").Single(), "id"), "action");
        world.Books.GoTo(PaymentWorld.April);
        await world.Books.IssueAsync("dave");
        await Eventually.TrueAsync(() => world.Books.ReadAsync(db => db.PaymentAttempts.AnyAsync(a => a.State == TopUpState.Failed)));
        using var again = await server.SignedInAsync("dave", Password);
        await again.SendAsync(await again.OpenAsync("/billing/invoices/LS-2026-000001"), "pay", ("provider", "stripe"));
        Assert.StartsWith("https://hooks.stripe.test/", (await again.OpenAsync("/billing/invoices/LS-2026-000001")).Document.QuerySelector(".alert a")?.GetAttribute("href"), StringComparison.Ordinal);
        await world.DeliverAsync(stripe.Succeed(StripeObjects.Text(stripe.Of("payment_intent").Last(), "id")));
        Assert.Equal("paid", (await again.OpenAsync("/billing/invoices/LS-2026-000001")).Text(".page-header .badge"));

        var remove = (await again.OpenAsync("/billing")).Document.QuerySelector("button[value^='remove ']")!.GetAttribute("value")!; // one card is kept
        Assert.Equal(HttpStatusCode.Redirect, (await again.SendAsync(await again.OpenAsync("/billing"), "payment-method", ("act", remove))).Status);
        Assert.Contains("Nothing is kept yet", (await again.OpenAsync("/billing")).Html, StringComparison.Ordinal);
        Assert.Null(stripe.Of("payment_method").Single()["customer"]);
    }

    [Fact]
    public async Task An_operator_finds_who_owes_and_decides_with_a_reason_and_others_are_refused()
    {
        await using var world = await PaymentWorld.OpenAsync();
        var server = world.Books.World.Server;
        await world.Books.World.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(new NewUser { Name = "erin", Email = "erin@example.org", Password = Password, IsAdministrator = true }, CancellationToken.None));
        using (var nobodyYet = await server.SignedInAsync("erin", Password))
        {
            Assert.Equal("No customers yet", (await nobodyYet.OpenAsync("/admin/customers")).Text(".empty h2"));
            await world.Get<Reconciling>().RunAsync(CancellationToken.None);
            Assert.Equal("agrees", (await nobodyYet.OpenAsync("/admin/reconciliation")).Text("tbody .badge"));
        }

        await world.GiveCardAsync("lost_card");
        var number = await world.InvoiceAsync(5, PaymentWorld.April);
        await Eventually.TrueAsync(async () => (await world.AttemptsAsync(number)) is [("failed", "lost_card")]);
        await InvoiceWorld.PostAsync(world.Alice, "/api/v1/topups", new { amount = "3", provider = "test" });
        world.Books.GoTo(PaymentWorld.April.AddDays(15));
        await world.Get<Dunning>().RunAsync(CancellationToken.None);
        using var erin = await server.SignedInAsync("erin", Password);

        var list = await erin.OpenAsync("/admin/customers?standing=suspended");
        Assert.Equal("alice", list.Text("tbody th a"));
        var customer = await erin.OpenAsync("/admin/customers/alice");
        Assert.Equal("suspended", customer.Text(".page-header .badge"));
        var refused = await erin.SendAsync(customer, "dunning", ("decision", "promise"), ("until", ""), ("reason", "x"));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "Say until which day."), (refused.Status, refused.Text(".alert")));
        Assert.Equal(HttpStatusCode.Redirect, (await erin.SendAsync(customer, "dunning", ("decision", "promise"), ("until", "2026-04-20"), ("reason", "Transfer is on its way"))).Status);
        Assert.Equal("past due", (await erin.OpenAsync("/admin/customers/alice")).Text(".page-header .badge"));
        Assert.Equal(HttpStatusCode.Redirect, (await erin.SendAsync(customer, "refund", ("amount", "2"), ("why", "Asked for"))).Status);
        Assert.Equal(HttpStatusCode.Redirect, (await erin.SendAsync(customer, "write-off", ("number", number), ("because", "Insolvent"))).Status);
        var after = await erin.OpenAsync("/admin/customers/alice");

        Assert.Equal("current", after.Text(".page-header .badge"));
        foreach (var text in (string[])["uncollectible", "Insolvent", "Transfer is on its way", "Asked for"])
        {
            Assert.Contains(text, after.Html, StringComparison.Ordinal);
        }

        foreach (var path in (string[])["/admin/customers", "/admin/customers/alice", "/admin/reconciliation"])
        {
            using var alice = await world.Alice.GetAsync(path);
            Assert.Equal(HttpStatusCode.Forbidden, alice.StatusCode);
        }
    }
}
