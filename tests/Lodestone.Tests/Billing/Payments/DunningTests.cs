using System.Net.Http.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing.Payments;

public sealed class DunningTests
{
    [Fact]
    public async Task A_debt_is_reminded_of_retried_and_withheld_for_by_the_calendar_and_paying_ends_it_at_once()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("insufficient_funds");
        var number = await world.InvoiceAsync(5, PaymentWorld.April);
        await Eventually.TrueAsync(async () => (await world.AttemptsAsync(number)) is [("failed", "insufficient_funds")]);

        var seen = new List<(int Day, string Standing, int Attempts, int Reminders)>();
        foreach (var day in (int[])[0, 1, 2, 3, 5, 7, 13, 14, 40, 61])
        {
            world.Books.GoTo(PaymentWorld.April.AddDays(day).AddHours(1));
            await world.Get<Dunning>().RunAsync(CancellationToken.None);
            await world.Get<Dunning>().RunAsync(CancellationToken.None); // again: nothing more
            seen.Add((day, await StandingAsync(world), (await world.AttemptsAsync(number)).Count, await RemindersAsync(world)));
        }

        Assert.Equal(
            [
                (0, "past_due", 1, 1), (1, "past_due", 2, 1), (2, "past_due", 2, 1), (3, "past_due", 3, 2), (5, "past_due", 4, 2), (7, "restricted", 5, 3),
                (13, "restricted", 5, 3), (14, "suspended", 6, 4), (40, "suspended", 6, 4), (61, "terminated", 6, 4),
            ],
            seen);
        Assert.Equal("account_suspended", (await Assert.ThrowsAsync<Refusal>(() => world.Books.Shop.CallAsync(1_000, 0))).Code.Code);
        await Shop.GetAsync(world.Alice, "/api/v1/usage");
        await Shop.GetAsync(world.Alice, $"/api/v1/invoices/{number}/form");

        await world.GiveCardAsync("ok"); // a new card is charged at once
        await Eventually.TrueAsync(async () => await StandingAsync(world) == "current");
        Assert.Equal(("paid", "0.00"), await world.InvoiceAsync(number));
        await InvoiceWorld.PostAsync(world.Alice, "/api/v1/topups", new { amount = "1", provider = "test" });
        await world.Books.Shop.CallAsync(1_000, 0);
        Assert.Contains("5.00 USD is overdue on invoice LS-2026-000001", await world.Books.ReadAsync(db => db.Alerts.OrderBy(a => a.Id).Select(a => a.Title).FirstAsync()), StringComparison.Ordinal);
        await world.AgreeAsync();
    }

    [Fact]
    public async Task A_hard_decline_is_not_tried_again_until_the_card_changes_and_operators_may_wait()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("lost_card");
        var number = await world.InvoiceAsync(5, PaymentWorld.April);
        await Eventually.TrueAsync(async () => (await world.AttemptsAsync(number)) is [("failed", "lost_card")]);
        Assert.DoesNotContain("lost", (await Shop.GetAsync(world.Alice, $"/api/v1/invoices/{number}/payments")).GetProperty("payments")[0].GetProperty("failure").GetString(), StringComparison.OrdinalIgnoreCase);
        world.Books.GoTo(PaymentWorld.April.AddDays(15));
        await world.Get<Dunning>().RunAsync(CancellationToken.None);
        Assert.Equal(("suspended", 1), (await StandingAsync(world), (await world.AttemptsAsync(number)).Count));

        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.PatchAsJsonAsync("/api/v1/customers/alice/dunning", new { reason = "Please", exempt = true })));
        Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(world.Carol.PatchAsJsonAsync("/api/v1/customers/alice/dunning", new { exempt = true })));
        Assert.Equal((422, "unprocessable"), await Shop.RefusedAsync(world.Carol.PatchAsJsonAsync("/api/v1/customers/alice/dunning", new { reason = "Long", pausedUntil = PaymentWorld.April.AddYears(2) })));
        Assert.Equal("past_due", await ChangeAsync(world, new { reason = "Transfer is on its way", promisedUntil = PaymentWorld.April.AddDays(20) }));
        await world.Get<Dunning>().RunAsync(CancellationToken.None);
        Assert.Equal("past_due", await StandingAsync(world));
        world.Books.GoTo(PaymentWorld.April.AddDays(21));
        await world.Get<Dunning>().RunAsync(CancellationToken.None);
        Assert.Equal("suspended", await StandingAsync(world));
        Assert.Equal("current", await ChangeAsync(world, new { reason = "A partner", exempt = true }));
        Assert.Equal("suspended", await ChangeAsync(world, new { reason = "No longer", exempt = false }));

        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.PostAsJsonAsync($"/api/v1/invoices/{number}/write-off", new { reason = "Please" })));
        var gone = await InvoiceWorld.PostAsync(world.Carol, $"/api/v1/invoices/{number}/write-off", new { reason = "Insolvent" });
        Assert.Equal(("uncollectible", "0.00", "5", "0"), (gone.GetProperty("state").GetString(), gone.GetProperty("open").GetString(), await world.Books.SumAsync(LedgerAccounts.BadDebt), await world.Books.SumAsync(LedgerAccounts.Receivable(world.AliceId))));
        Assert.Equal("current", await StandingAsync(world));
        var acts = (await Shop.GetAsync(world.Carol, "/api/v1/customers/alice")).GetProperty("acts").EnumerateArray().Select(a => (a.GetProperty("reason").GetString(), a.GetProperty("by").GetString()));
        Assert.Equal([("A partner", "carol"), ("Insolvent", "carol"), ("No longer", "carol"), ("Transfer is on its way", "carol")], acts.Order());
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Carol.PostAsJsonAsync($"/api/v1/invoices/{number}/write-off", new { reason = "Twice" })));
        await world.AgreeAsync();
    }

    [Fact]
    public async Task An_hours_payments_are_compared_and_what_differs_is_listed_and_not_booked()
    {
        await using var world = await PaymentWorld.OpenAsync();
        await world.GiveCardAsync("ok");
        await world.TopUpAsync("10");
        await world.TopUpAsync("20");
        await world.TopUpAsync("30");
        var intents = world.Stripe.Objects.Of("payment_intent").Select(i => StripeObjects.Text(i, "id")).ToList();
        world.Books.World.Server.Clock.Advance(TimeSpan.FromHours(1));
        var good = await world.Get<Reconciling>().RunAsync(CancellationToken.None);
        Assert.Equal((3, 0), (good[0].Compared, good[0].Differing));

        await world.TopUpAsync("40");
        await world.TopUpAsync("50");
        var booked = await world.Books.ReadAsync(db => db.LedgerTransactions.CountAsync());
        var later = world.Stripe.Objects.Of("payment_intent").Select(i => StripeObjects.Text(i, "id")).Skip(intents.Count).ToList();
        world.Stripe.Objects.Forge(later[0], "amount", 4_001);
        world.Stripe.Objects.Forge(later[1], "object", "gone");
        var foreign = world.Stripe.Objects.Payout(77);
        world.Books.World.Server.Clock.Advance(TimeSpan.FromHours(1));
        using var run = await world.Carol.PostAsync("/api/v1/reconciliation", content: null);
        Assert.True(run.IsSuccessStatusCode);
        var found = await Shop.GetAsync(world.Carol, $"/api/v1/reconciliation/{(await Shop.GetAsync(world.Carol, "/api/v1/reconciliation")).GetProperty("runs")[0].GetProperty("id").GetString()}");

        var payout = StripeObjects.Text((System.Text.Json.Nodes.JsonObject)foreign["data"]!["object"]!, "id"); // a payout was made
        Assert.Equal(
            [("amount", later[0], "40.00", "40.01"), ("missing_there", later[1], "50.00 USD, succeeded", ""), ("missing_here", payout, "", "0.77 USD, paid")],
            found.GetProperty("differences").EnumerateArray().Select(d => (d.GetProperty("kind").GetString(), d.GetProperty("reference").GetString(), d.GetProperty("ours").GetString(), d.GetProperty("theirs").GetString())));
        Assert.Equal(booked, await world.Books.ReadAsync(db => db.LedgerTransactions.CountAsync()));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Alice.GetAsync("/api/v1/reconciliation")));
        await world.DeliverAsync(foreign);
        await world.AgreeAsync();
    }

    private static async Task<string> StandingAsync(PaymentWorld world) =>
        (await Shop.GetAsync(world.Carol, "/api/v1/customers/alice")).GetProperty("customer").GetProperty("standing").GetString()!; // it has one

    private static Task<int> RemindersAsync(PaymentWorld world) => world.Books.ReadAsync(db => db.Alerts.CountAsync(a => a.Kind == AlertKind.Payment));

    private static async Task<string?> ChangeAsync(PaymentWorld world, object change)
    {
        using var answer = await world.Carol.PatchAsJsonAsync("/api/v1/customers/alice/dunning", change);
        return (await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>()).GetProperty("standing").GetString();
    }
}
