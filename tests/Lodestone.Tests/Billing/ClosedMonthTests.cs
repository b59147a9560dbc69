using System.Net.Http.Json;
using Lodestone.Billing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class ClosedMonthTests
{
    private static readonly DateTimeOffset April = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Late_events_of_a_closed_month_are_charged_corrected_and_paid_by_credit_of_then_in_the_open_one()
    {
        await using var shop = await RatingStageTests.OpenAsync();
        await shop.World.UseAsync<CreditGrants, CreditGrant>(grants => grants.GiveAsync(
            new NewGrant(shop.World.Alice.Id, GrantKind.Promo, BillingWorld.Usd("1"), "promo") { ExpiresAt = April.AddDays(-10) }, CancellationToken.None));
        await shop.World.UseAsync<CreditGrants, CreditGrant>(grants => grants.GiveAsync(
            new NewGrant(shop.World.Alice.Id, GrantKind.Promo, BillingWorld.Usd("3"), "unseen") { ExpiresAt = April.AddHours(-1) }, CancellationToken.None));
        shop.World.Server.Clock.SetUtcNow(April.AddDays(-9));
        await TurnAsync(shop); // in its own month
        shop.World.Server.Clock.SetUtcNow(April.AddDays(2));
        await InvoiceWorld.PostAsync(shop.Carol, "/api/v1/ledger/months/2026-03/closure", new { });

        await TurnAsync(shop); // of a grant that expired in the month that is closed now
        var key = (await RatingStageTests.SendAsync(shop, "late", 1_500_000, "2026-03-05T12:00:00Z")).GetProperty("key").GetString(); // 3 USD
        await RatingStageTests.RateAsync(shop);
        var after = await RatingStageTests.BalanceAsync(shop);
        using var voided = await shop.Carol.PostAsJsonAsync($"/api/v1/meter/events/{key}:void", new { reason = "a test" });
        await RatingStageTests.RateAsync(shop);

        Assert.Equal("10", after); // what had been forfeited when it was used pays
        Assert.Empty(await shop.World.UseAsync<BillingDb, List<UnratedEvent>>(db => db.UnratedEvents.ToListAsync()));
        var booked = await shop.World.UseAsync<BillingDb, List<LedgerTransaction>>(db => db.LedgerTransactions.Where(t => t.EffectiveAt >= April).OrderBy(t => t.Id).ToListAsync());
        Assert.Equal(2, booked.Count(t => t.Kind is LedgerKind.Usage));
        Assert.All(booked.Where(t => t.Kind is LedgerKind.Usage or LedgerKind.Breakage), t => Assert.Equal((April, "of 2026-03"), (t.EffectiveAt, t.Note)));
        await RatingStageTests.HoldsAsync(shop);
    }

    private static Task<bool> TurnAsync(Shop shop) => shop.World.UseAsync<CreditGrants, bool>(async grants =>
    {
        await grants.TurnAsync(shop.World.Alice.Id, CancellationToken.None);
        return true;
    });
}
