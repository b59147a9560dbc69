using System.Net;
using Lodestone.Billing;
using Lodestone.Gateway;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Gateway;

/// <summary>Calls whose engine takes its time.</summary>
public sealed class SlowCallsTests
{
    [Fact]
    public async Task A_stream_that_waits_for_its_first_token_is_kept_alive_by_comments()
    {
        await using var world = await GatewayWorld.StartAsync();
        var stopped = new StoppedProcess(await world.EngineAsync());

        var call = world.CallAsync(GatewayWorld.LongStream());
        await world.PassTimeUntilAsync(TimeSpan.FromSeconds(5), () => Task.FromResult(call.IsCompleted));
        using var answer = await call;
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var first = await reader.ReadLineAsync();
        stopped.Dispose();
        var rest = await reader.ReadToEndAsync();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(": waiting for the model", first);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        Assert.Single(await world.SettledAsync());
    }

    [Fact]
    public async Task A_call_that_takes_too_long_ends_with_a_timeout_and_costs_nothing()
    {
        await using var world = await GatewayWorld.StartAsync(adjust: services => services.AddSingleton(new GatewayOptions { AnswerWithin = TimeSpan.FromSeconds(4) }));
        using var stopped = new StoppedProcess(await world.EngineAsync());

        var call = world.CallAsync(GatewayWorld.Body());
        await world.PassTimeUntilAsync(TimeSpan.FromSeconds(2), () => Task.FromResult(call.IsCompleted));
        using var answer = await call;

        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
        Assert.Contains("4 seconds", (await GatewayWorld.ErrorAsync(answer)).GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, await world.HoldsAsync());
        Assert.Empty(await world.SettledAsync());
    }

    [Fact]
    public async Task What_a_stream_has_delivered_is_journalled_while_it_runs()
    {
        await using var world = await GatewayWorld.StartAsync();
        await using var slow = new SlowProcess(await world.EngineAsync());
        using var answer = await world.CallAsync(GatewayWorld.LongStream());
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());

        var billing = world.World.Server.Services.GetRequiredService<BillingSteps>();
        await world.PassTimeUntilAsync(TimeSpan.FromSeconds(1), () => billing.ReadAsync(db => db.Holds.AnyAsync(h => h.DeliveredOutput > 0 && h.DeliveredInput > 0)));
        await reader.ReadToEndAsync();

        var call = await world.SettledAsync(answer);
        Assert.Equal(CallOutcome.Stopped, call.Outcome); // at the end of the context
        Assert.Equal(0, await world.HoldsAsync());
    }
}
