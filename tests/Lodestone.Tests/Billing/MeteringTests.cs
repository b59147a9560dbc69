using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Billing;

public sealed class MeteringTests
{
    [Fact]
    public async Task A_call_without_a_price_is_refused()
    {
        await using var world = await BillingWorld.StartAsync();

        var refusal = await Assert.ThrowsAsync<Refusal>(() => world.ReserveAsync(10, 10));

        Assert.Equal(("unpriced", 503), (refusal.Code.Code, refusal.Code.Status));
    }

    [Fact]
    public async Task A_free_call_is_an_event_with_its_list_value_and_costs_nothing()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");

        var hold = await world.ReserveAsync(prompt: 234, maxOutput: 1_000);
        var settlement = await world.SettleAsync(hold, 234, 567);

        Assert.Equal(BillingWorld.Usd("0.008468"), hold.Amount);
        Assert.Equal(hold.Amount, hold.FreePart);
        Assert.Equal(BillingWorld.Usd("0.005004"), settlement.ListValue);
        Assert.Equal(BillingWorld.Usd("0"), settlement.Charged);
        Assert.Equal(BillingWorld.Usd("0.044996"), (await world.WalletAsync()).FreeLeft);
        await world.Steps.ReadAsync(async db =>
        {
            var call = await db.Events.SingleAsync();
            Assert.Equal((settlement.EventId, 234, 567, CallOutcome.Completed), (call.Id, call.InputTokens, call.OutputTokens, call.Outcome));
            Assert.Equal([468_000_000, 4_536_000_000], (await db.RatedRows.ToListAsync()).OrderBy(r => r.Class).Select(r => (long)r.List.In(r.Currency).Picos));
            Assert.Empty(await db.LedgerTransactions.ToListAsync());
            Assert.Empty(await db.Holds.ToListAsync());
            return true;
        });
    }

    [Fact]
    public async Task Without_allowance_or_balance_a_call_is_refused_with_numbers_and_a_way_out()
    {
        await using var world = await BillingWorld.StartAsync(freePerDay: "0.01");
        await world.PriceAsync("2", "8");
        await world.SettleAsync(await world.ReserveAsync(0, 1_000), 0, 1_000);

        var refusal = await Assert.ThrowsAsync<Refusal>(() => world.ReserveAsync(0, 251));

        Assert.Equal(("free_quota_exhausted", 402), (refusal.Code.Code, refusal.Code.Status));
        Assert.Contains("0.002 of today's free 0.01 USD is left until 2026-03-03 00:00 UTC", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("up to 0.002008 USD", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("/billing", refusal.HelpPath);
        Assert.Equal(TimeSpan.FromHours(15), refusal.RetryAfter);
        Assert.Equal("false", refusal.Headers["x-should-retry"]);
        Assert.Equal("2026-03-03T00:00:00.000Z", refusal.Details["resets_at"]);
        Assert.Equal(("0.01", "0.008"), (refusal.Details["limit"], refusal.Details["used"]));
    }

    [Fact]
    public async Task Settling_twice_is_settling_once()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");
        var hold = await world.ReserveAsync(100, 100);

        var first = await world.SettleAsync(hold, 100, 50);
        var second = await world.SettleAsync(hold, 100, 100);

        Assert.Equal(first, second);
        Assert.Equal(BillingWorld.Usd("0.0494"), (await world.WalletAsync()).FreeLeft);
    }

    [Fact]
    public async Task Settling_at_once_from_many_sides_records_one_event()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");
        var hold = await world.ReserveAsync(100, 100);

        var settlements = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Task.Run(() => world.SettleAsync(hold, 100, i))));

        Assert.Single(settlements.Distinct());
        Assert.Equal(1, await world.Steps.ReadAsync(db => db.Events.CountAsync()));
    }

    [Fact]
    public async Task A_request_id_pays_for_one_call_only()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");
        var call = world.Call(10, 10, requestId: "mine");
        var hold = await world.Metering.ReserveAsync(call, CancellationToken.None);

        var whileRunning = await Assert.ThrowsAsync<Refusal>(() => world.Metering.ReserveAsync(call, CancellationToken.None));
        await world.SettleAsync(hold, 10, 10);
        var afterwards = await Assert.ThrowsAsync<Refusal>(() => world.Metering.ReserveAsync(call, CancellationToken.None));

        Assert.Equal("duplicate_request_id", whileRunning.Code.Code);
        Assert.Equal("duplicate_request_id", afterwards.Code.Code);
    }

    [Fact]
    public async Task A_released_hold_leaves_no_trace_and_its_request_id_may_try_again()
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");
        var call = world.Call(10, 10, requestId: "mine");
        var hold = await world.Metering.ReserveAsync(call, CancellationToken.None);

        await world.Metering.ReleaseAsync(hold.Id, CancellationToken.None);
        await world.Metering.ReleaseAsync(hold.Id, CancellationToken.None);

        Assert.Equal(BillingWorld.Usd("0.05"), (await world.WalletAsync()).FreeLeft);
        await world.Metering.ReserveAsync(call, CancellationToken.None);
    }

    [Theory]
    [InlineData(CallOutcome.Completed, 100, 0, 100, 0)]
    [InlineData(CallOutcome.Completed, 100, 50, 100, 50)]
    [InlineData(CallOutcome.Stopped, 100, 200, 100, 200)]
    [InlineData(CallOutcome.ClientLeft, 100, 0, 0, 0)]
    [InlineData(CallOutcome.ClientLeft, 100, 7, 100, 7)]
    [InlineData(CallOutcome.BackendFailed, 100, 0, 0, 0)]
    [InlineData(CallOutcome.BackendFailed, 100, 1, 100, 1)]
    [InlineData(CallOutcome.TimedOut, 100, 0, 0, 0)]
    [InlineData(CallOutcome.TimedOut, 100, 9, 100, 9)]
    [InlineData(CallOutcome.Orphaned, 0, 0, 0, 0)]
    [InlineData(CallOutcome.Orphaned, 100, 64, 100, 64)]
    [InlineData(CallOutcome.Completed, 101, 201, 100, 200)] // above the hold
    public async Task Each_outcome_charges_what_the_table_says(CallOutcome outcome, long input, long output, long chargedInput, long chargedOutput)
    {
        await using var world = await BillingWorld.StartAsync();
        await world.PriceAsync("2", "8");
        var hold = await world.ReserveAsync(prompt: 100, maxOutput: 200);

        var settlement = await world.SettleAsync(hold, input, output, outcome);

        Assert.Equal(new CallUsage(chargedInput, chargedOutput), settlement.Usage);
        Assert.Equal((chargedInput * 2_000_000) + (chargedOutput * 8_000_000), settlement.ListValue.Picos);
        Assert.True(settlement.ListValue <= hold.Amount);
    }
}
