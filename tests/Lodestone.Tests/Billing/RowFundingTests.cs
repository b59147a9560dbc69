using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

/// <summary>Money for usage that had no hold.</summary>
public sealed class RowFundingTests
{
    [Fact]
    public async Task The_balance_pays_first_and_what_it_does_not_cover_is_owed()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.TopUpAsync(BillingWorld.Usd("2"));

        var first = await FundAsync(world, "1.5");
        var second = await FundAsync(world, "1.25");
        var back = await FundAsync(world, "-0.25");

        Assert.Equal((BillingWorld.Usd("1.5"), BillingWorld.Usd("0")), (first.Paid, first.Unbilled));
        Assert.Equal((BillingWorld.Usd("0.5"), BillingWorld.Usd("0.75")), (second.Paid, second.Unbilled));
        Assert.Equal(BillingWorld.Usd("-0.25"), back.Paid + back.Unbilled);
        Assert.True((await world.WalletAsync()).Balance.Picos >= 0);
        Assert.True((await world.Get<TrialBalance>().ComputeAsync(CancellationToken.None)).IsZero);
    }

    [Fact]
    public async Task What_is_promised_to_running_calls_is_not_taken_by_others()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.PriceAsync("1000000", "0");
        await world.TopUpAsync(BillingWorld.Usd("3"));
        var hold = await world.ReserveAsync(2, 0);

        var funded = await FundAsync(world, "2");
        await world.SettleAsync(hold, 2, 0);

        Assert.Equal((BillingWorld.Usd("1"), BillingWorld.Usd("1")), (funded.Paid, funded.Unbilled));
        Assert.Equal(BillingWorld.Usd("0"), (await world.WalletAsync()).Balance);
    }

    [Fact]
    public async Task Who_pays_by_invoice_owes_it()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.Steps.WriteAsync(
            (db, cancel) =>
            {
                db.Customers.Add(new Customer { Id = world.Alice, Currency = Currency.Usd, TimeZone = "Etc/UTC", Funding = Funding.Postpaid, CreatedAt = world.Clock.GetUtcNow() });
                return db.SaveChangesAsync(cancel);
            },
            CancellationToken.None);

        var funded = await FundAsync(world, "7.5");

        Assert.Equal((BillingWorld.Usd("0"), BillingWorld.Usd("7.5")), (funded.Paid, funded.Unbilled));
        var balance = await world.Get<TrialBalance>().ComputeAsync(CancellationToken.None);
        Assert.Equal([($"A:Unbilled:{world.Alice:N}", "7.5"), ("R:Usage:inference", "-7.5")], balance.Lines.Select(l => (l.Account, l.Balance.ToString())));
    }

    private static Task<FundedRows> FundAsync(BillingWorld world, string amount) => world.Steps.WriteAsync(
        async (db, cancel) =>
        {
            var row = Row(world, BillingWorld.Usd(amount));
            db.RatedRows.Add(row);
            var funded = await world.Get<RowFunding>().FundAsync(db, row.AccountId, [row], world.Clock.GetUtcNow(), cancel);
            await db.SaveChangesAsync(cancel);
            return funded;
        },
        CancellationToken.None);

    private static RatedRow Row(BillingWorld world, Money amount) => new()
    {
        EventId = Guid.CreateVersion7(world.Clock.GetUtcNow()),
        Class = "input",
        AccountId = world.Alice,
        SellerId = world.Acme,
        ProductId = world.Model,
        Day = DateOnly.FromDateTime(world.Clock.GetUtcNow().UtcDateTime),
        PriceVersionId = world.Model,
        Quantity = 1,
        Currency = Currency.Usd,
        List = amount,
        Free = Money.Zero(Currency.Usd),
        Amount = amount,
    };
}
