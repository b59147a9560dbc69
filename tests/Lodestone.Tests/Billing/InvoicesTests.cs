using System.Net.Http.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class InvoicesTests
{
    // On PostgreSQL a part of them: the code is the same, and each takes its time.
    private static readonly int Many = Environment.GetEnvironmentVariable("LODESTONE_TEST_POSTGRES") is { Length: > 0 } ? 100 : 1_000;

    private static readonly DateTimeOffset April = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_month_becomes_an_invoice_whose_lines_add_up_and_what_rounding_leaves_is_on_the_next()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        await world.UseAsync(alice, 1_234_567, 1_001);
        await world.UseAsync(alice, 1_000, 333_333);
        world.GoTo(April.AddHours(1));

        var invoice = await world.IssueAsync("alice");

        Assert.Equal(("LS-2026-000001", "issued", "5.15", "0.00", "5.15"), Facts(invoice)); // 2.471134 + 2.674672 = 5.145806
        var form = (await Shop.GetAsync(world.Alice, "/api/v1/invoices/LS-2026-000001")).GetProperty("form");
        Assert.Equal([("2.471134", "2.47"), ("2.674672", "2.68")], form.GetProperty("lines").EnumerateArray().Select(l => (l.GetProperty("exact").GetString(), l.GetProperty("amount").GetString())));
        Assert.Equal("-0.004194", form.GetProperty("carryOut").GetString());
        Assert.Equal(("5.15", "-0.004194"), (await world.SumAsync(LedgerAccounts.Receivable(alice)), await world.SumAsync(LedgerAccounts.Unbilled(alice))));

        await world.UseAsync(alice, 2_100, 0, April.AddHours(2));
        await world.UseAsync(alice, 0, 100_000, April.AddDays(-3)); // received late
        world.GoTo(April.AddMonths(1).AddHours(1));
        var next = await world.IssueAsync("alice");

        Assert.Equal(("LS-2026-000002", "issued", "0.80", "0.00", "0.80"), Facts(next)); // 0.0042 + 0.8 - 0.004194 = 0.800006
        var lines = (await Shop.GetAsync(world.Alice, "/api/v1/invoices/LS-2026-000002")).GetProperty("form").GetProperty("lines").EnumerateArray().ToList();
        Assert.Equal(["late", "usage"], lines.Select(l => l.GetProperty("kind").GetString()));
        Assert.Contains("usage of 2026-03, received late", lines[0].GetProperty("description").GetString(), StringComparison.Ordinal);
        Assert.All(await world.VerifyAsync(), invoice => Assert.Null(invoice.Fault));
        Assert.True((await Shop.GetAsync(world.Carol, "/api/v1/ledger/trial-balance")).GetProperty("isZero").GetBoolean());
    }

    [Fact]
    public async Task What_credit_has_paid_is_a_line_below_what_was_used()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        await InvoiceWorld.PostAsync(world.Alice, "/api/v1/topups", new { amount = "10", provider = "test" });
        await world.Shop.CallAsync(1_000, 1_000);
        world.World.Server.Clock.Advance(TimeSpan.FromMinutes(1));

        var invoice = await world.IssueAsync("alice");

        Assert.Equal(("LS-2026-000001", "paid", "0.00", "0.00", "0.00"), Facts(invoice));
        var lines = (await Shop.GetAsync(world.Alice, "/api/v1/invoices/LS-2026-000001")).GetProperty("form").GetProperty("lines").EnumerateArray();
        Assert.Equal([("draw", "-0.01"), ("usage", "0.002"), ("usage", "0.008")], lines.Select(l => (l.GetProperty("kind").GetString(), l.GetProperty("exact").GetString())));
    }

    [Fact]
    public async Task A_line_leads_to_its_requests_and_a_thousand_invoices_are_reproduced_until_a_row_is_changed()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        var changed = await world.UseAsync(alice, 500_000, 250_000);
        await world.UseAsync(alice, 100_000, 0);
        world.GoTo(April);
        await world.IssueAsync("alice");
        await IssueManyAsync(world, Many - 1);

        var requests = await Shop.GetAsync(world.Alice, "/api/v1/invoices/LS-2026-000001/lines/1/requests");
        Assert.Equal([("use_1", 500_000, "1"), ("use_2", 100_000, "0.2")], requests.GetProperty("requests").EnumerateArray()
            .Select(r => (r.GetProperty("requestId").GetString(), r.GetProperty("quantity").GetInt32(), r.GetProperty("amount").GetString())));
        Assert.Contains("/billing/invoices/LS-2026-000001?line=1#requests", await world.Alice.GetStringAsync("/billing/invoices/LS-2026-000001"), StringComparison.Ordinal);
        Assert.Contains("/usage/calls/use_1", await world.Alice.GetStringAsync("/billing/invoices/LS-2026-000001?line=1"), StringComparison.Ordinal);
        Assert.Contains("/billing/invoices/LS-2026-000001", await world.Alice.GetStringAsync("/usage/calls/use_1"), StringComparison.Ordinal);
        var verified = await world.VerifyAsync();
        Assert.Equal((Many, 0), (verified.Count, verified.Count(v => v.Fault is not null)));
        Assert.Equal(Enumerable.Range(1, Many).Select(n => $"LS-2026-{n:D6}"), verified.Select(v => v.Number)); // no gap

        await TamperAsync(world, changed);
        var after = await world.VerifyAsync();

        Assert.Equal(["LS-2026-000001"], after.Where(v => v.Fault is not null).Select(v => v.Number));
    }

    [Fact]
    public async Task Credit_notes_of_a_line_come_to_the_line_with_its_tax_and_no_more()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        using var rule = await world.Carol.PostAsJsonAsync("/api/v1/tax/rules", new { jurisdiction = "DE", productClass = "*", ratePercent = "19", textBlock = "Plus statutory tax." });
        using var party = await world.Alice.PutAsJsonAsync("/api/v1/billing/party", new { legalName = "Alice GmbH", address = "Weg 1", country = "DE" });
        await world.UseAsync(alice, 1_665_000, 0); // 3.33
        world.GoTo(April);
        var invoice = await world.IssueAsync("alice");
        Assert.Equal(("LS-2026-000001", "issued", "3.33", "0.63", "3.96"), Facts(invoice)); // 0.6327

        var first = await CreditAsync(world, "1.11");
        var second = await CreditAsync(world, "1.11");
        Assert.Equal((409, "exceeds_line"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync("/api/v1/invoices/LS-2026-000001/credit", new { reason = "r", lines = new[] { new { line = 1, amount = "1.12" } } })));
        var third = await CreditAsync(world, "1.11");

        Assert.Equal([("LS-CN-2026-000001", "0.21"), ("LS-CN-2026-000002", "0.21"), ("LS-CN-2026-000003", "0.21")], new[] { first, second, third }.Select(n => (n.GetProperty("number").GetString(), n.GetProperty("tax").GetString())));
        Assert.Equal("paid", (await Shop.GetAsync(world.Alice, "/api/v1/invoices/LS-2026-000001")).GetProperty("invoice").GetProperty("state").GetString());
        Assert.Equal(("0", "0", "0"), (await world.SumAsync(LedgerAccounts.Receivable(alice)), await world.SumAsync(LedgerAccounts.Tax("DE")), await world.SumAsync(LedgerAccounts.InferenceRevenue)));
        Assert.All(await world.VerifyAsync(), verified => Assert.Null(verified.Fault));
    }

    [Fact]
    public async Task An_unpaid_invoice_can_be_void_and_what_it_asked_for_is_on_the_one_in_its_place()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        await world.UseAsync(alice, 1_000_500, 0); // 2.001
        world.GoTo(April);
        await world.IssueAsync("alice");

        var draft = await InvoiceWorld.PostAsync(world.Carol, "/api/v1/invoices/LS-2026-000001/void?replace=true", new { });
        var again = await InvoiceWorld.PostAsync(world.Carol, $"/api/v1/invoices/{draft.GetProperty("id").GetString()}/issue", new { });

        Assert.Equal(("LS-2026-000002", "issued", "2.00", "0.00", "2.00"), Facts(again));
        Assert.Equal(("2", "0.001"), (await world.SumAsync(LedgerAccounts.Receivable(alice)), await world.SumAsync(LedgerAccounts.Unbilled(alice))));
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Carol.PostAsync("/api/v1/invoices/LS-2026-000001/void", content: null)));
        Assert.All(await world.VerifyAsync(), verified => Assert.Null(verified.Fault));
    }

    [Fact]
    public async Task Invoices_look_absent_to_strangers_and_to_members_who_do_not_look_after_the_money()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        await world.UseAsync(world.World.Acme.Id, 1_000_000, 0);
        world.GoTo(April);
        var invoice = await world.IssueAsync("acme");
        using var nobody = world.World.AsNobody();

        Assert.Equal("LS-2026-000001", (await Shop.GetAsync(world.Alice, "/api/v1/invoices?account=acme")).GetProperty("invoices")[0].GetProperty("number").GetString());
        foreach (var path in new[] { "/api/v1/invoices/LS-2026-000001", "/api/v1/invoices/LS-2026-000001/form", "/api/v1/invoices/LS-2026-000001/lines/1/requests", "/api/v1/invoices?account=acme" })
        {
            Assert.Equal((404, "not_found"), await Shop.RefusedAsync(world.Shop.Bob.GetAsync(path))); // a member who may read
            Assert.Equal((401, "unauthenticated"), await Shop.RefusedAsync(nobody.GetAsync(path)));
        }

        foreach (var act in new[] { "issue", "void", "discard" })
        {
            Assert.Equal((404, "not_found"), await Shop.RefusedAsync(world.Shop.Bob.PostAsync($"/api/v1/invoices/LS-2026-000001/{act}", content: null)));
            Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.PostAsync($"/api/v1/invoices/LS-2026-000001/{act}", content: null)));
        }

        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.PostAsJsonAsync("/api/v1/invoices", new { account = "acme" })));
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Carol.PostAsync("/api/v1/invoices/LS-2026-000001/issue", content: null)));
        Assert.Equal("issued", invoice.GetProperty("state").GetString());
    }

    [Fact]
    public async Task At_a_months_end_and_after_the_grace_accounts_that_owe_are_invoiced_and_unusual_amounts_wait()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var (alice, bob) = (world.World.Alice.Id, world.World.Bob.Id);
        var invoicing = world.World.Server.Services.GetService(typeof(Invoicing)) as Invoicing;
        await world.UseAsync(bob, 200_000, 0); // 0.40
        for (var month = 0; month < 3; month++)
        {
            await world.UseAsync(alice, 2_000_000, 0, April.AddMonths(month - 1).AddDays(3));
            world.GoTo(April.AddMonths(month).AddHours(11));
            Assert.Equal(0, await invoicing!.RunAsync(CancellationToken.None));
            world.GoTo(April.AddMonths(month).AddHours(13));
            await Eventually.TrueAsync(async () => await invoicing.RunAsync(CancellationToken.None) >= 0 && await CountAsync(world, alice) == month + 1);
            Assert.Equal(month == 2 ? 1 : 0, await CountAsync(world, bob)); // three months at most
        }

        await world.UseAsync(alice, 75_000_000, 0, April.AddMonths(2).AddDays(3)); // 150
        world.GoTo(April.AddMonths(3).AddHours(13));
        await invoicing!.RunAsync(CancellationToken.None);

        var held = await world.ReadAsync(db => db.Invoices.AsNoTracking().SingleAsync(i => i.AccountId == alice && i.Number == null));
        Assert.Equal("It is more than 5 times the usual 4.00 USD.", held.ReviewReason);
        var id = PublicId.Format("inv", held.Id);
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Carol.PostAsync($"/api/v1/invoices/{id}/issue", content: null)));
        var released = await InvoiceWorld.PostAsync(world.Carol, $"/api/v1/invoices/{id}/issue?release=true", new { });
        Assert.Equal("150.00", released.GetProperty("total").GetString());
    }

    private static (string? Number, string? State, string? Net, string? Tax, string? Total) Facts(System.Text.Json.JsonElement invoice) => (
        invoice.GetProperty("number").GetString(), invoice.GetProperty("state").GetString(), invoice.GetProperty("net").GetString(), invoice.GetProperty("tax").GetString(), invoice.GetProperty("total").GetString());

    private static Task<System.Text.Json.JsonElement> CreditAsync(InvoiceWorld world, string amount) =>
        InvoiceWorld.PostAsync(world.Carol, "/api/v1/invoices/LS-2026-000001/credit", new { reason = "Outage", lines = new[] { new { line = 1, amount } } });

    private static Task<int> CountAsync(InvoiceWorld world, Guid accountId) => world.ReadAsync(db => db.Invoices.CountAsync(i => i.AccountId == accountId && i.Number != null));

    private static async Task IssueManyAsync(InvoiceWorld world, int count)
    {
        var accounts = Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7()).ToList();
        foreach (var (at, account) in accounts.Index())
        {
            await world.UseAsync(account, 700_000 + (at * 37), at % 5);
        }

        await world.World.UseAsync<Gathering, bool>(async gathering =>
        {
            var issuing = (Issuing)world.World.Server.Services.GetService(typeof(Issuing))!; // registered
            foreach (var account in accounts)
            {
                await issuing.IssueAsync((await gathering.DraftAsync(account, April, CancellationToken.None)).Id, CancellationToken.None);
            }

            return true;
        });
    }

    /// <summary>One pico more on a rated row, behind the database's back.</summary>
    private static Task<int> TamperAsync(InvoiceWorld world, Guid eventId) => world.WriteAsync(async (db, cancel) =>
    {
        await db.Database.ExecuteSqlRawAsync(
            db.Database.IsNpgsql() ? "alter table billing_rated_row disable trigger all" : "drop trigger billing_rated_row_no_update", cancel);
        return await db.Database.ExecuteSqlAsync($"update billing_rated_row set amount_remainder = amount_remainder + 1 where event_id = {eventId} and class = 'input'", cancel);
    });
}
