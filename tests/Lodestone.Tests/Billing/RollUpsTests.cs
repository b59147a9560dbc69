using System.Security.Cryptography;
using System.Text;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class RollUpsTests
{
    /// <summary>The world's rows have no totals.</summary>
    private const string OfTotals = "Charges of a price and month add up to its total";

    private static readonly DateTimeOffset April = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Rows_of_one_minute_are_one_roll_up_until_an_invoice_claims_it()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        await InvoiceWorld.PostAsync(world.Alice, "/api/v1/topups", new { amount = "1", provider = "test" });
        var minute = RollUp.MinuteOf(world.World.Server.Clock.GetUtcNow());
        await world.Shop.CallAsync(1_000, 1_000); // 0.002 and 0.008
        await world.Shop.CallAsync(500, 500);
        world.GoTo(minute.AddMinutes(1));
        await world.IssueAsync("alice");

        var billed = await world.ReadAsync(db => db.RollUps.AsNoTracking().OrderBy(u => u.Class).ToListAsync());
        Assert.Equal([("input", 2, 1_500, "0.003", "0.003"), ("output", 2, 1_500, "0.012", "0.012")], billed.Select(u => (u.Class, u.RowCount, u.Quantity, u.Amount.In(u.Currency).ToString(), u.Prepaid.In(u.Currency).ToString())));
        Assert.All(billed, u => Assert.Equal((false, true, minute), (u.IsOpen, u.InvoiceId is not null, u.Minute)));

        await world.UseAsync(world.World.Alice.Id, 7, 0, minute); // received late
        var open = await world.ReadAsync(db => db.RollUps.AsNoTracking().SingleAsync(u => u.InvoiceId == null));
        Assert.Equal((true, 7, minute), (open.IsOpen, open.Quantity, open.Minute));
        await AssertChecksAsync(world);
    }

    [Fact]
    public async Task A_roll_up_that_is_not_the_sum_of_its_rows_is_found_and_nothing_is_issued_of_it()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        await world.UseAsync(world.World.Alice.Id, 1_000_000, 1_000);
        await world.UseAsync(world.World.Bob.Id, 1_000_000, 0);
        world.GoTo(April);
        await world.IssueAsync("bob");
        await AssertChecksAsync(world);

        await world.WriteAsync((db, cancel) => db.Database.ExecuteSqlRawAsync("update billing_roll_up set amount_remainder = amount_remainder + 1 where class = 'output'", cancel));

        var checks = await Shop.GetAsync(world.Carol, "/api/v1/ledger/checks");
        Assert.Equal(
            ["Every roll-up is the sum of its rows", "What no invoice asks for yet is unbilled, account by account"],
            checks.GetProperty("checks").EnumerateArray().Where(c => !c.GetProperty("holds").GetBoolean()).Select(c => c.GetProperty("name").GetString()).Except([OfTotals]));
        var draft = await InvoiceWorld.PostAsync(world.Carol, "/api/v1/invoices", new { account = "alice" });
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Carol.PostAsync($"/api/v1/invoices/{draft.GetProperty("id").GetString()}/issue", content: null)));
        foreach (var change in new[]
        {
            "update billing_roll_up set quantity = quantity + 1 where not is_open", "update billing_roll_up set is_open = true where not is_open",
            "update billing_roll_up set class = 'x'", "delete from billing_roll_up",
        })
        {
            await Assert.ThrowsAnyAsync<Exception>(() => world.WriteAsync((db, cancel) => db.Database.ExecuteSqlRawAsync(change, cancel)));
        }
    }

    [Fact]
    public async Task Rows_and_invoices_of_a_server_without_roll_ups_are_rolled_up_and_reproduced()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        await InvoiceWorld.PostAsync(world.Alice, "/api/v1/topups", new { amount = "1", provider = "test" });
        await world.Shop.CallAsync(1_000, 1_000);
        await world.UseAsync(alice, 3_000_000, 1_000);
        await world.UseAsync(alice, 2_000_000, 1_000, April.AddDays(-9).AddSeconds(7));
        world.GoTo(April.AddHours(1).AddSeconds(30));
        await world.IssueAsync("alice");
        await world.UseAsync(alice, 1_000_000, 0, April.AddDays(-3)); // received late
        await world.UseAsync(alice, 4_000_000, 0, April.AddDays(3));
        var before = await TotalsAsync(world);

        await GoBackAsync(world);
        await world.World.UseAsync<SchemaRunner, bool>(async schema =>
        {
            await schema.RunAsync(CancellationToken.None);
            return true;
        });

        Assert.Equal(before, await TotalsAsync(world));
        await AssertChecksAsync(world);
        Assert.Equal([null], (await world.VerifyAsync()).Select(v => v.Fault));
        world.GoTo(April.AddMonths(1));
        var next = await world.IssueAsync("alice");
        Assert.Equal("10.00", next.GetProperty("total").GetString());
        Assert.Equal([null, null], (await world.VerifyAsync()).Select(v => v.Fault));
    }

    private static async Task AssertChecksAsync(InvoiceWorld world)
    {
        var checks = await Shop.GetAsync(world.Carol, "/api/v1/ledger/checks");
        Assert.DoesNotContain(checks.GetProperty("checks").EnumerateArray(), c => !c.GetProperty("holds").GetBoolean() && c.GetProperty("name").GetString() != OfTotals);
    }

    private static Task<List<string>> TotalsAsync(InvoiceWorld world) => world.ReadAsync(async db => (await db.RollUps.AsNoTracking().ToListAsync())
        .Select(u => $"{u.Minute:u} {u.ProductName} {u.Class} {u.RowCount} {u.Quantity} {u.Amount.In(u.Currency)} {u.Free.In(u.Currency)} {u.IsOpen} {u.InvoiceId}").Order(StringComparer.Ordinal).ToList());

    /// <summary>Brings the tables to what they were, with an invoice of the first engine.</summary>
    private static Task<int> GoBackAsync(InvoiceWorld world) => world.WriteAsync(async (db, cancel) =>
    {
        var isPostgres = db.Database.IsNpgsql();
        await db.Database.ExecuteSqlRawAsync(isPostgres ? "alter table billing_invoice disable trigger all" : "drop trigger billing_invoice_issued", cancel);
        var invoice = await db.Invoices.AsNoTracking().SingleAsync(cancel);
        var form = InvoiceForm.Parse(invoice.Form!); // issued
        var lines = new List<FormLine>();
        foreach (var line in form.Lines)
        {
            lines.Add(line.Provenance is null ? line : line with { Provenance = line.Provenance with { Sha256 = await FirstHashAsync(db, line) } });
        }

        var old = form with { Lines = lines, Recipe = form.Recipe with { Engine = "1" } };
        await db.Database.ExecuteSqlAsync($"update billing_invoice set form = {old.ToCanonical()}, form_hash = {old.Hash()}", cancel);
        return await db.Database.ExecuteSqlRawAsync(
            $"""
            create table billing_invoiced_row (event_id uuid not null, class text not null, invoice_id uuid not null, primary key (event_id, class));
            insert into billing_invoiced_row select r.event_id, r.class, u.invoice_id from billing_rated_row r join billing_roll_up u on u.id = r.roll_up_id where u.invoice_id is not null;
            drop index billing_rated_row_roll_up;
            alter table billing_rated_row drop column roll_up_id;
            drop table billing_roll_up;
            delete from core_schema where name like '0071-%' or name like '0072-%';
            """,
            cancel);
    });

    private static async Task<string> FirstHashAsync(BillingDb db, FormLine line)
    {
        var key = line.Key.Split(':');
        var rows = await db.RatedRows.AsNoTracking().Where(r => r.Class == key[4] && db.RollUps.Any(u => u.Id == r.RollUpId && u.InvoiceId != null)).OrderBy(r => r.EventId).ToListAsync();
        var text = string.Concat(rows.Select(r =>
            $"{r.EventId:N} {r.Class} {r.ProductId:N} {r.PriceVersionId:N} {r.Quantity} {r.List.In(r.Currency)} {r.Free.In(r.Currency)} {r.Amount.In(r.Currency)} {r.Currency}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
