using Lodestone.Billing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class AppendOnlyTests
{
    [Theory]
    [InlineData("update billing_posting set amount_units = 0")]
    [InlineData("delete from billing_posting")]
    [InlineData("update billing_ledger_transaction set kind = 'x'")]
    [InlineData("delete from billing_ledger_transaction")]
    [InlineData("update billing_meter_event set output_tokens = 0")]
    [InlineData("delete from billing_meter_event")]
    [InlineData("update billing_rated_row set quantity = 1")]
    [InlineData("delete from billing_rated_row")]
    [InlineData("update billing_price_version set input_units = 0")]
    [InlineData("delete from billing_price_version")]
    public async Task The_database_itself_refuses_to_change_what_was_booked(string sql)
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0");
        await world.PriceAsync("2", "8");
        await world.TopUpAsync(BillingWorld.Usd("1"));
        await world.SettleAsync(await world.ReserveAsync(100, 0), 100, 0);

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => world.Steps.WriteAsync((db, cancel) => db.Database.ExecuteSqlRawAsync(sql, cancel), CancellationToken.None));

        Assert.Contains("append-only", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_that_are_booked_have_no_setters()
    {
        Type[] booked = [typeof(PriceVersion), typeof(MeterEvent), typeof(RatedRow), typeof(LedgerTransaction), typeof(Posting)];

        var setters = booked.SelectMany(t => t.GetProperties()).Where(p => p.SetMethod is { } set
            && !set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit)));

        Assert.Empty(setters);
    }
}
