using Lodestone.Billing;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class AlertsTests
{
    [Fact]
    public async Task What_is_raised_twice_is_told_once_to_those_who_look_after_the_account()
    {
        await using var shop = await Shop.OpenAsync();
        var alert = new NewAlert(shop.World.Acme.Id, AlertKind.Payment, "payment:1", "A payment of acme failed", "/billing?account=acme");

        var first = await RaiseAsync(shop, alert);
        var second = await RaiseAsync(shop, alert with { Title = "In other words" });
        await RaiseAsync(shop, alert with { AccountId = Guid.Empty, Key = "payment:2" });

        Assert.Equal((true, false), (first, second));
        Assert.Equal(["A payment of acme failed"], await ToldAsync(shop, shop.World.Alice.Id, 1));
        Assert.Equal(["A payment of acme failed"], await ToldAsync(shop, shop.World.Carol.Id, 1)); // the operator
        Assert.Empty(await ToldAsync(shop, shop.World.Bob.Id, 0)); // belongs to acme and does not administer it
    }

    private static Task<bool> RaiseAsync(Shop shop, NewAlert alert) => shop.World.UseAsync<BillingSteps, bool>(steps => steps.WriteAsync(
        async (db, cancel) =>
        {
            var isNew = await Alerts.RaiseAsync(db, alert, cancel);
            await db.SaveChangesAsync(cancel);
            return isNew;
        },
        CancellationToken.None));

    private static async Task<IReadOnlyList<string>> ToldAsync(Shop shop, Guid userId, int count)
    {
        List<string> told = [];
        await Eventually.TrueAsync(async () => (told = await shop.World.UseAsync<HubDb, List<string>>(db =>
            db.Notifications.Where(n => n.UserId == userId).OrderBy(n => n.Id).Select(n => n.Title).ToListAsync())).Count >= count);
        return told;
    }
}
