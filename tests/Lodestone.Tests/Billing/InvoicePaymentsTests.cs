using System.Net;
using System.Net.Http.Json;
using Lodestone.Billing;
using Lodestone.Identity;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Billing;

public sealed class InvoicePaymentsTests
{
    private const string Password = "correct horse battery";

    private static readonly DateTimeOffset April = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task An_invoice_is_paid_once_and_what_was_credited_meanwhile_becomes_balance()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        await world.UseAsync(alice, 2_000_000, 0);
        world.GoTo(April);
        await world.IssueAsync("alice");

        var transfer = await InvoiceWorld.PostAsync(world.Alice, "/api/v1/invoices/LS-2026-000001/pay", new { provider = "manual" });
        Assert.Equal(("awaiting", "LS-2026-000001", "4.00"), (transfer.GetProperty("state").GetString(), transfer.GetProperty("reference").GetString(), transfer.GetProperty("amount").GetString()));
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Alice.PostAsJsonAsync("/api/v1/invoices/LS-2026-000001/pay", new { provider = "test" })));
        await InvoiceWorld.PostAsync(world.Carol, "/api/v1/invoices/LS-2026-000001/credit", new { reason = "Outage", lines = new[] { new { line = 1, amount = "1.50" } } });
        var confirmation = $"/api/v1/payments/{transfer.GetProperty("id").GetString()}/confirmation";
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.PostAsync(confirmation, content: null)));
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.Carol.PostAsync(confirmation, content: null)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal("paid", (await Shop.GetAsync(world.Alice, "/api/v1/invoices/LS-2026-000001")).GetProperty("invoice").GetProperty("state").GetString());
        Assert.Equal(("0", "-1.5", "4"), (await world.SumAsync(LedgerAccounts.Receivable(alice)), await world.SumAsync(LedgerAccounts.CustomerBalance(alice)), await world.SumAsync(LedgerAccounts.Bank)));
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Alice.PostAsJsonAsync("/api/v1/invoices/LS-2026-000001/pay", new { provider = "test" })));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(world.Shop.Bob.PostAsJsonAsync("/api/v1/invoices/LS-2026-000001/pay", new { provider = "test" })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync("/api/v1/invoices/LS-2026-000001/pay", new { provider = "test" })));
    }

    [Fact]
    public async Task A_balance_pays_the_next_invoice_and_a_declined_payment_leaves_it_open()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        await world.UseAsync(alice, 1_010_000, 0); // 2.02
        world.GoTo(April);
        await world.IssueAsync("alice");

        var declined = await InvoiceWorld.PostAsync(world.Alice, "/api/v1/invoices/LS-2026-000001/pay", new { provider = "test" });
        Assert.Equal("failed", declined.GetProperty("state").GetString());
        await InvoiceWorld.PostAsync(world.Carol, "/api/v1/invoices/LS-2026-000001/credit", new { reason = "Goodwill", lines = new[] { new { line = 1, amount = "0.02" } } });
        var paid = await InvoiceWorld.PostAsync(world.Alice, "/api/v1/invoices/LS-2026-000001/pay", new { provider = "test" });
        Assert.Equal(("succeeded", 2), (paid.GetProperty("state").GetString(), paid.GetProperty("number").GetInt32()));
        await InvoiceWorld.PostAsync(world.Carol, "/api/v1/invoices/LS-2026-000001/credit", new { reason = "Outage", lines = new[] { new { line = 1, amount = "2.00" } } });
        await world.UseAsync(alice, 3_000_000, 0, April.AddMinutes(1));
        world.GoTo(April.AddMinutes(5));

        var next = await world.IssueAsync("alice");

        Assert.Equal(("partially_paid", "6.00", "4.00"), (next.GetProperty("state").GetString(), next.GetProperty("total").GetString(), next.GetProperty("open").GetString()));
        Assert.Equal(("4", "0"), (await world.SumAsync(LedgerAccounts.Receivable(alice)), await world.SumAsync(LedgerAccounts.CustomerBalance(alice))));
        Assert.All(await world.VerifyAsync(), invoice => Assert.Null(invoice.Fault));
        var checks = (await Shop.GetAsync(world.Carol, "/api/v1/ledger/checks")).GetProperty("checks").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!, c => c.GetProperty("holds").GetBoolean()); // all have one
        foreach (var name in (string[])["Rounding loses nothing: what invoices leave is carried", "What is open on invoices is what is receivable, account by account", "What providers settled has arrived", "The ledger is as its chain says"])
        {
            Assert.True(checks[name], name);
        }
    }

    [Fact]
    public async Task A_customer_finds_an_invoice_follows_a_line_to_its_request_and_pays_by_the_form()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        await world.World.Server.JoinAsync("dave", Password);
        using var dave = await world.World.Server.SignedInAsync("dave", Password);
        Assert.Equal("No invoices yet", (await dave.OpenAsync("/billing/invoices")).Text(".empty h2"));
        var id = (await world.World.UseAsync<Namespaces, Namespace?>(names => names.FindAsync("dave", CancellationToken.None)))!.Id; // just joined
        await world.UseAsync(id, 2_000_000, 125_000);
        world.GoTo(April);
        using var back = await world.World.Server.SignedInAsync("dave", Password);
        await world.IssueAsync("dave");

        var list = await back.OpenAsync("/billing/invoices");
        var page = await back.OpenAsync("/billing/invoices/LS-2026-000001");
        var line = await back.OpenAsync(page.Document.QuerySelector("#line-1 a")!.GetAttribute("href")!.Split('#')[0]); // a line of usage
        Assert.Contains("5.00 USD", list.Text(".table tbody"), StringComparison.Ordinal);
        var form = (await Shop.GetAsync(world.Carol, "/api/v1/invoices/LS-2026-000001")).GetProperty("form").GetProperty("lines").EnumerateArray().Select(l => l.GetProperty("amount").GetString()).ToList();
        Assert.Equal(form, page.Document.QuerySelectorAll("[id^=line-] td:nth-child(3)").Select(cell => cell.TextContent));
        var csv = await (await world.Carol.GetAsync("/api/v1/invoices/LS-2026-000001/csv")).Content.ReadAsStringAsync();
        Assert.Equal(form, csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(row => row.Split(',')[^3]));
        Assert.Equal("/usage/calls/use_1", line.Document.QuerySelector("#requests td a")!.GetAttribute("href")); // one request
        var paid = await back.SendAsync(page, "pay", ("provider", "test"));
        var after = await back.OpenAsync("/billing/invoices/LS-2026-000001");

        Assert.Equal((HttpStatusCode.Redirect, "paid"), (paid.Status, after.Text(".page-header .badge")));
        await world.World.Server.JoinAsync("mallory", Password);
        using var mallory = await world.World.Server.SignedInAsync("mallory", Password);
        Assert.Equal(HttpStatusCode.NotFound, (await mallory.OpenAsync("/billing/invoices/LS-2026-000001")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await mallory.OpenAsync("/billing/invoices?account=dave")).Status);
    }
}
