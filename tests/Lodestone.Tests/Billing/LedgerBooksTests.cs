using System.Net.Http.Json;
using Lodestone.Billing;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class LedgerBooksTests
{
    private static readonly DateTimeOffset April = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_change_of_what_was_booked_breaks_the_chain_at_its_place()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        for (var i = 0; i < 5; i++)
        {
            await world.UseAsync(world.World.Alice.Id, 1_000_000 + i, 0);
        }

        await world.World.UseAsync<LedgerChain, int>(chain => chain.ExtendAsync(CancellationToken.None));
        var whole = await Shop.GetAsync(world.Carol, "/api/v1/ledger/chain");
        Assert.Equal((5, true), (whole.GetProperty("links").GetInt32(), whole.GetProperty("isWhole").GetBoolean()));

        await world.WriteAsync(async (db, cancel) =>
        {
            await db.Database.ExecuteSqlRawAsync(db.Database.IsNpgsql() ? "alter table billing_posting disable trigger all" : "drop trigger billing_posting_no_update", cancel);
            var third = await db.LedgerTransactions.OrderBy(t => t.Id).Skip(2).Select(t => t.Id).FirstAsync(cancel);
            return await db.Database.ExecuteSqlAsync($"update billing_posting set amount_remainder = amount_remainder + 1 where transaction_id = {third} and line = 1", cancel);
        });
        var broken = await Shop.GetAsync(world.Carol, "/api/v1/ledger/chain");

        Assert.Equal((2, false), (broken.GetProperty("links").GetInt32(), broken.GetProperty("isWhole").GetBoolean()));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.GetAsync("/api/v1/ledger/chain")));
    }

    [Fact]
    public async Task A_closed_month_takes_nothing_more_and_what_belongs_to_it_is_booked_in_the_open_one_and_says_so()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        await world.UseAsync(world.World.Alice.Id, 1_000_000, 0);
        world.GoTo(April.AddHours(3));
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Carol.PostAsync("/api/v1/ledger/months/2026-03/closure", content: null)));
        world.GoTo(April.AddDays(2));

        await InvoiceWorld.PostAsync(world.Carol, "/api/v1/ledger/months/2026-03/closure", new { });
        await world.UseAsync(world.World.Alice.Id, 500_000, 0, April.AddDays(-1));

        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Carol.PostAsync("/api/v1/ledger/months/2026-03/closure", content: null)));
        var late = await world.ReadAsync(db => db.LedgerTransactions.AsNoTracking().OrderByDescending(t => t.EffectiveAt).FirstAsync());
        Assert.Equal((April, "of 2026-03"), (late.EffectiveAt, late.Note));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => world.WriteAsync((db, cancel) =>
        {
            var (transaction, postings) = LedgerTransaction.Of("sneaked", LedgerKind.Adjustment, April.AddDays(-2), [("A:Bank", BillingWorld.Usd("1")), ("X:Fx", BillingWorld.Usd("-1"))], April);
            db.LedgerTransactions.Add(transaction);
            db.Postings.AddRange(postings);
            return db.SaveChangesAsync(cancel);
        }));
        Assert.Contains("the accounting month is closed", failure.InnerException?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adjustments_are_booked_at_once_when_small_and_by_two_people_when_not_and_a_correction_takes_back_once()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var second = await world.World.UseAsync<Accounts, string>(async accounts =>
        {
            var id = await accounts.CreateUserAsync(new NewUser { Name = "erin", FullName = "Erin", Email = "erin@example.org", IsAdministrator = true }, CancellationToken.None);
            return await accounts.IssueTokenAsync(id, new NewToken("t", Lodestone.Core.TokenScope.All), CancellationToken.None);
        });
        using var erin = world.World.Server.With(second);

        var small = await InvoiceWorld.PostAsync(world.Carol, "/api/v1/ledger/adjustments", Moving("12.5"));
        var large = await InvoiceWorld.PostAsync(world.Carol, "/api/v1/ledger/adjustments", Moving("1000.01"));
        var approval = $"/api/v1/ledger/adjustments/{large.GetProperty("id").GetString()}/approval";

        Assert.Equal(("booked", "waiting"), (small.GetProperty("state").GetString(), large.GetProperty("state").GetString()));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Carol.PostAsync(approval, content: null)));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.PostAsync(approval, content: null)));
        Assert.Equal("12.5", await world.SumAsync("X:BadDebt"));
        Assert.Equal("booked", (await InvoiceWorld.PostAsync(erin, approval, new { })).GetProperty("state").GetString());
        Assert.Equal("1012.51", await world.SumAsync("X:BadDebt"));

        var booked = (await Shop.GetAsync(world.Carol, "/api/v1/ledger/transactions")).GetProperty("transactions").EnumerateArray()
            .Single(t => t.GetProperty("postings")[0].GetProperty("amount").GetString() == "12.5").GetProperty("id").GetString();
        await InvoiceWorld.PostAsync(world.Carol, "/api/v1/ledger/adjustments", new { reason = "booked in error", corrects = booked });
        Assert.Equal("1000.01", await world.SumAsync("X:BadDebt"));
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync("/api/v1/ledger/adjustments", new { reason = "again", corrects = booked })));
        Assert.Equal((422, "unbalanced"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync("/api/v1/ledger/adjustments", new { reason = "r", lines = new[] { new { account = "A:Bank", amount = "1" }, new { account = "X:Fx", amount = "-2" } } })));
        Assert.Equal((422, "unknown_ledger_account"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync("/api/v1/ledger/adjustments", new { reason = "r", lines = new[] { new { account = "Z:Bank", amount = "1" }, new { account = "X:Fx", amount = "-1" } } })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.PostAsJsonAsync("/api/v1/ledger/adjustments", Moving("1"))));
    }

    [Fact]
    public async Task What_is_invoiced_in_advance_is_earned_day_by_day_and_comes_out_exactly()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        var start = new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
        await world.ChargeAsync(alice, ChargeKind.Seats, "13.333333333333", start, start.AddDays(31));
        world.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        var invoice = await world.IssueAsync("alice");
        Assert.Equal("13.33", invoice.GetProperty("total").GetString());
        Assert.Equal("0.003333333333", await world.SumAsync(LedgerAccounts.Unbilled(alice)));

        await RecognizeAsync(world, start.AddDays(10).AddHours(1));
        Assert.Equal("-4.731182795699", await world.SumAsync(LedgerAccounts.SubscriptionRevenue)); // 11 of 31 days
        var waterfall = (await Shop.GetAsync(world.Carol, "/api/v1/ledger/deferred")).GetProperty("months").EnumerateArray().Select(m => (m.GetProperty("month").GetString(), m.GetProperty("amount").GetString()));
        Assert.Equal([("2026-03", "8.172043010752"), ("2026-04", "0.430107526882")], waterfall);
        await RecognizeAsync(world, start.AddDays(40));

        Assert.Equal(("0", "-13.333333333333"), (await world.SumAsync(LedgerAccounts.DeferredSubscription(alice)), await world.SumAsync(LedgerAccounts.SubscriptionRevenue)));
        var ageing = (await Shop.GetAsync(world.Carol, "/api/v1/ledger/ageing")).GetProperty("accounts")[0];
        Assert.Equal(("alice", "0.00", "13.33"), (ageing.GetProperty("account").GetString(), ageing.GetProperty("current").GetString(), ageing.GetProperty("days1To30").GetString()));
    }

    private static object Moving(string amount) => new { reason = "Written off", lines = new[] { new { account = "X:BadDebt", amount }, new { account = "A:Bank", amount = "-" + amount } } };

    private static async Task RecognizeAsync(InvoiceWorld world, DateTimeOffset at)
    {
        world.GoTo(at);
        await world.World.UseAsync<Recognition, bool>(async recognition =>
        {
            await recognition.RecognizeAsync(CancellationToken.None);
            return true;
        });
    }
}
