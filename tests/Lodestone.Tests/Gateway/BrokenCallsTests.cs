using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Gateway;

/// <summary>Calls that end in ways nobody wished for, with real processes and sockets.</summary>
public sealed class BrokenCallsTests
{
    [Fact]
    public async Task An_engine_that_dies_before_the_first_token_is_replaced_unseen()
    {
        await using var world = await GatewayWorld.StartAsync();
        Kill(await world.EngineAsync());

        using var answer = await world.CallAsync(GatewayWorld.Body());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Single(await world.SettledAsync());
    }

    [Fact]
    public async Task A_stream_whose_engine_dies_ends_with_an_error_and_costs_what_was_delivered()
    {
        await using var world = await GatewayWorld.StartAsync();
        var engine = await world.EngineAsync();
        await using var slow = new SlowProcess(engine);

        using var answer = await world.CallAsync(GatewayWorld.LongStream());
        var events = new List<string>();
        await foreach (var data in GatewayWorld.EventsAsync(answer))
        {
            events.Add(data);
            if (events.Count == 5)
            {
                Kill(engine);
            }
        }

        var error = JsonDocument.Parse(events[^1]).RootElement.GetProperty("error");
        Assert.Equal("engine_failed", error.GetProperty("code").GetString());
        Assert.Equal("server_error", error.GetProperty("type").GetString());
        await Eventually.TrueAsync(async () => await world.HoldsAsync() == 0);
        var call = await world.SettledAsync(answer);
        Assert.Equal(CallOutcome.BackendFailed, call.Outcome);
        Assert.InRange(call.OutputTokens, events.Count - 2, 500); // some tokens make no text of their own
    }

    [Fact]
    public async Task Who_leaves_a_stream_pays_for_what_was_delivered()
    {
        await using var world = await GatewayWorld.StartAsync();
        await using var slow = new SlowProcess(await world.EngineAsync());
        using var client = new HttpClient(new SocketsHttpHandler { MaxResponseDrainSize = 0 }) { BaseAddress = world.World.Server.Url }; // disposing the answer cuts the connection
        client.DefaultRequestHeaders.Authorization = new("Bearer", world.World.Alice.Token);

        var read = 0;
        var left = await GatewayWorld.CallAsync(client, GatewayWorld.LongStream());
        using (left)
        {
            await foreach (var _ in GatewayWorld.EventsAsync(left))
            {
                if (++read == 5)
                {
                    break;
                }
            }
        }

        await Eventually.TrueAsync(async () => await world.HoldsAsync() == 0);
        var call = await world.SettledAsync(left);
        Assert.Equal(CallOutcome.ClientLeft, call.Outcome);
        Assert.True(call.OutputTokens >= read - 1, $"{call.OutputTokens} tokens charged, {read - 1} texts read");
    }

    [Fact]
    public async Task Fifty_streams_at_once_settle_once_each_and_the_books_balance()
    {
        await using var world = await GatewayWorld.StartAsync(freePerDay: "0.01");
        using var paid = await world.Client.PostAsJsonAsync("/api/v1/topups", new { amount = "5.00", provider = "test" });
        paid.EnsureSuccessStatusCode();

        var calls = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            using var answer = await world.CallAsync(GatewayWorld.Body(new() { ["stream"] = true, ["stream_options"] = new System.Text.Json.Nodes.JsonObject { ["include_usage"] = true }, ["max_tokens"] = 20 }));
            var events = await GatewayWorld.EventsAsync(answer).ToListAsync();
            return JsonDocument.Parse(events[^2]).RootElement.GetProperty("usage").GetProperty("total_tokens").GetInt64();
        }));

        var settled = await world.SettledAsync();
        Assert.Equal(50, settled.Count);
        Assert.Equal(calls.Sum(), settled.Sum(c => c.InputTokens + c.OutputTokens));
        Assert.Equal(0, await world.HoldsAsync());
        var books = await world.World.Server.Services.GetRequiredService<TrialBalance>().ComputeAsync(CancellationToken.None);
        Assert.True(books.IsZero);
        Assert.NotEqual(0, books.Lines.Single(line => line.Account == "R:Usage:inference").Balance.Picos);
    }

    private static void Kill(int processId)
    {
        using var process = Process.GetProcessById(processId);
        process.Kill();
    }
}
