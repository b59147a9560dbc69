using System.Net.Http.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class PaymentMethodsTests
{
    private static readonly DateTimeOffset April = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task An_invoice_is_charged_to_the_accounts_card_when_it_is_issued_and_debts_when_a_card_is_given()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        var payments = (InvoicePayments)world.World.Server.Services.GetService(typeof(InvoicePayments))!; // registered
        await world.UseAsync(alice, 1_000_000, 0);
        world.GoTo(April);
        await world.IssueAsync("alice");
        Assert.Null(await payments.CollectAsync(await IdAsync(world, 1), CancellationToken.None)); // nothing was given to pay with

        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Shop.Bob.PostAsJsonAsync("/api/v1/payment-methods", new { provider = "test", account = "acme" })));
        Assert.Equal((422, "unknown_provider"), await Shop.RefusedAsync(world.Alice.PostAsJsonAsync("/api/v1/payment-methods", new { provider = "manual" })));
        world.GoTo(April.AddDays(20)); // it is due by now
        var setup = await InvoiceWorld.PostAsync(world.Alice, "/api/v1/payment-methods", new { provider = "test" });
        Assert.Equal((null, "4242", true), (setup.GetProperty("page").GetString(), setup.GetProperty("paymentMethods")[0].GetProperty("lastFour").GetString(), setup.GetProperty("paymentMethods")[0].GetProperty("isDefault").GetBoolean()));
        await StateAsync(world, 1, InvoiceState.Paid);

        await world.UseAsync(alice, 2_000_000, 0, April.AddDays(1));
        world.GoTo(April.AddMonths(1));
        await world.IssueAsync("alice");
        await StateAsync(world, 2, InvoiceState.Paid);

        var id = setup.GetProperty("paymentMethods")[0].GetProperty("id").GetString();
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(world.Shop.Bob.DeleteAsync($"/api/v1/payment-methods/{id}")));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(world.Shop.Bob.GetAsync("/api/v1/payment-methods?account=acme")));
        (await world.Alice.DeleteAsync($"/api/v1/payment-methods/{id}")).EnsureSuccessStatusCode().Dispose();
        Assert.Empty((await Shop.GetAsync(world.Alice, "/api/v1/payment-methods")).GetProperty("paymentMethods").EnumerateArray());
        Assert.False(await world.World.UseAsync<PaymentMethods, bool>(methods => methods.CanPayAsync(alice, CancellationToken.None)));
    }

    [Fact]
    public async Task A_declined_card_is_past_due_at_once_a_lost_one_is_not_asked_again_and_paying_ends_it()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        var payments = (InvoicePayments)world.World.Server.Services.GetService(typeof(InvoicePayments))!; // registered
        await InvoiceWorld.PostAsync(world.Alice, "/api/v1/payment-methods", new { provider = "test" });
        await world.UseAsync(alice, 1_015_000, 0); // 2.03
        world.GoTo(April);
        await world.IssueAsync("alice");
        await Eventually.TrueAsync(async () => await StandingAsync(world, alice) is Standing.PastDue);

        Assert.Null(await payments.CollectAsync(await IdAsync(world, 1), CancellationToken.None)); // the same card would be refused again
        var attempts = (await Shop.GetAsync(world.Alice, "/api/v1/invoices/LS-2026-000001/payments")).GetProperty("payments").EnumerateArray().ToList();
        Assert.Equal([("failed", "lost_card", true)], attempts.Select(a => (a.GetProperty("state").GetString(), a.GetProperty("failureCode").GetString(), a.GetProperty("isUnattended").GetBoolean())));
        var transfer = await InvoiceWorld.PostAsync(world.Alice, "/api/v1/invoices/LS-2026-000001/pay", new { provider = "manual" });
        await InvoiceWorld.PostAsync(world.Carol, $"/api/v1/payments/{transfer.GetProperty("id").GetString()}/confirmation", new { });

        Assert.Equal(Standing.Current, await StandingAsync(world, alice));
    }

    [Fact]
    public async Task A_suspended_account_is_refused_what_costs_something_and_nothing_else()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        var alice = world.World.Alice.Id;
        await InvoiceWorld.PostAsync(world.Alice, "/api/v1/topups", new { amount = "5", provider = "test" });
        await world.Shop.CallAsync(1_000, 0);
        await world.WriteAsync(async (db, cancel) =>
        {
            (await db.LockBilledAsync(alice, cancel)).Stand(Standing.Suspended, April);
            return await db.SaveChangesAsync(cancel);
        });

        var refusal = await Assert.ThrowsAsync<Refusal>(() => world.Shop.CallAsync(1_000, 0));

        Assert.Equal(("account_suspended", 402, "/billing/invoices"), (refusal.Code.Code, refusal.Code.Status, refusal.HelpPath));
        await Shop.GetAsync(world.Alice, "/api/v1/wallet");
        using var free = await world.Shop.PublishAsync("0", "0", confirm: true);
        world.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        await world.Shop.CallAsync(1_000, 0);
    }

    private static Task<Guid> IdAsync(InvoiceWorld world, int number) => world.ReadAsync(db => db.Invoices.Where(i => i.Number == $"LS-2026-{number:D6}").Select(i => i.Id).SingleAsync());

    private static Task StateAsync(InvoiceWorld world, int number, InvoiceState state) =>
        Eventually.TrueAsync(() => world.ReadAsync(db => db.Invoices.AnyAsync(i => i.Number == $"LS-2026-{number:D6}" && i.State == state)));

    private static Task<Standing?> StandingAsync(InvoiceWorld world, Guid accountId) =>
        world.ReadAsync(db => db.BilledAccounts.AsNoTracking().Where(a => a.Id == accountId).Select(a => (Standing?)a.Standing).SingleOrDefaultAsync());
}
