using System.Net;
using Lodestone.Identity;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Billing;

public sealed class BillingPagesTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Someone_new_is_told_what_to_do_next_on_every_page()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.World.Server.JoinAsync("dave", Password);
        using var dave = await shop.World.Server.SignedInAsync("dave", Password);

        var usage = await dave.OpenAsync("/usage");
        var sold = await dave.OpenAsync("/usage?side=seller");
        var billing = await dave.OpenAsync("/billing");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK), (usage.Status, sold.Status, billing.Status));
        Assert.Equal("No calls yet", usage.Text(".empty h2"));
        Assert.Equal("Publish a model", sold.Text(".empty .button"));
        Assert.Equal("Nothing paid in yet", billing.Text(".empty h2"));
    }

    [Fact]
    public async Task A_top_up_by_the_form_raises_the_balance_that_the_frame_shows()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.World.Server.JoinAsync("dave", Password);
        using var dave = await shop.World.Server.SignedInAsync("dave", Password);
        var billing = await dave.OpenAsync("/billing");
        Assert.Contains("$0.05 free", billing.Html, StringComparison.Ordinal);

        var refused = await dave.SendAsync(billing, "top-up", ("amount", "0.5"), ("provider", "test"));
        var answer = await dave.SendAsync(billing, "top-up", ("amount", "12.5"), ("provider", "test"));
        var after = await dave.OpenAsync("/billing");

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "Top up between 1 and 10000 USD."), (refused.Status, refused.Text(".field__error")));
        Assert.Equal(HttpStatusCode.Redirect, answer.Status);
        Assert.Contains("$12.50 is on your balance.", after.Html, StringComparison.Ordinal);
        Assert.Equal("$12.50", after.Text(".tile__value"));
        Assert.Equal("paid in", after.Text(".table .badge"));
    }

    [Fact]
    public async Task A_call_leads_from_the_plot_and_the_list_to_its_ledger_rows()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "0");
        using var price = await shop.PublishAsync("2", "8");
        using var paid = await shop.Alice.PostAsync("/api/v1/topups", new StringContent("""{"amount":"1","provider":"test"}""", System.Text.Encoding.UTF8, "application/json"));
        await shop.CallAsync(234, 567);
        using var alice = shop.Alice;

        var usage = await ReadAsync(alice, "/usage");
        var call = await ReadAsync(alice, usage.Document.QuerySelector("td a[href^='/usage/calls/']")!.GetAttribute("href")!); // the list has one call

        Assert.NotNull(usage.Document.QuerySelector("svg .chart__bar"));
        Assert.Equal("Spent by day", usage.Text(".card h2"));
        Assert.Contains("0.005004 USD", usage.Html, StringComparison.Ordinal);
        Assert.Contains("L:Prepaid:alice", call.Html, StringComparison.Ordinal);
        Assert.Contains("-0.005004 USD", call.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_administrator_publishes_a_price_confirms_a_transfer_and_sees_the_books_agree()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.World.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(
            new NewUser { Name = "erin", Email = "erin@example.org", Password = Password, IsAdministrator = true }, CancellationToken.None));
        using var erin = await shop.World.Server.SignedInAsync("erin", Password);
        using var announced = await shop.Alice.PostAsync("/api/v1/topups", new StringContent("""{"amount":"20","provider":"manual"}""", System.Text.Encoding.UTF8, "application/json"));

        var prices = await erin.OpenAsync("/admin/prices");
        Assert.Equal("no price", prices.Text(".badge"));
        var published = await erin.SendAsync(prices, "publish", ("model", Shop.Model), ("inputPerMillion", "0.2"), ("outputPerMillion", "0.8"), ("effectiveFrom", ""), ("reason", "opening price"));
        var waiting = await erin.OpenAsync("/admin/topups");
        var confirmed = await erin.SendAsync(waiting, "confirm", ("id", waiting.Document.QuerySelector("button[name=id]")!.GetAttribute("value")!)); // one transfer waits
        var history = await erin.OpenAsync("/admin/prices");
        var ledger = await erin.OpenAsync("/admin/ledger");

        Assert.Equal((HttpStatusCode.Redirect, HttpStatusCode.Redirect), (published.Status, confirmed.Status));
        Assert.Contains("opening price", history.Text(".table tbody"), StringComparison.Ordinal);
        Assert.Equal("the books agree", ledger.Text(".page-header .badge"));
        Assert.Contains("L:Prepaid:alice", ledger.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_of_administrators_are_refused_to_others_and_strangers_are_asked_to_sign_in()
    {
        await using var shop = await Shop.OpenAsync();
        using var alice = shop.Alice;
        using var nobody = shop.World.AsNobody();

        foreach (var path in new[] { "/admin/prices", "/admin/topups", "/admin/ledger" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await ReadAsync(alice, path)).Status);
            Assert.Equal(HttpStatusCode.Redirect, (await ReadAsync(nobody, path)).Status);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await ReadAsync(alice, "/usage/calls/none")).Status);
    }

    private static async Task<Page> ReadAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return new Page(path, answer.StatusCode, answer.Headers.Location, [], RetryAfter: null, await answer.Content.ReadAsStringAsync());
    }
}
