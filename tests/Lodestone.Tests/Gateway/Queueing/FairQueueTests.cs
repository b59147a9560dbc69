using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Lodestone.Gateway;
using Lodestone.Identity;
using Lodestone.Tests.Gateway.Remote;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Lodestone.Tests.Gateway.Queueing;

/// <summary>Calls of a back-end that answers only so many at once. It is the test that ends each of them, so every turn is seen.</summary>
public sealed class FairQueueTests(FairQueueTests.QueueWorld world) : IClassFixture<FairQueueTests.QueueWorld>
{
    private const int Longest = 120;

    [Fact]
    public async Task Ten_accounts_with_a_stream_each_get_their_share_beside_one_with_a_hundred()
    {
        const int seats = 4;
        const int turns = 110;
        var queue = await SellAsync("held-share", seats);
        var held = world.Backend.Held("held-share");
        var crowd = Enumerable.Range(0, 100).Select(_ => CallAsync(world.Alice, "held-share", "alice")).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(queue is { Answered: seats, Waiting: 96 }));
        var ending = false;
        var others = (await Task.WhenAll(Enumerable.Range(0, 10).Select(i => PersonAsync($"other{i}")))).Select(async person =>
        {
            for (var calls = 0; !Volatile.Read(ref ending); calls++)
            {
                await CallAsync(world.World.As(person), "held-share", person.Name);
            }
        }).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(queue.Waiting == 106));

        var answered = new Dictionary<string, int>(StringComparer.Ordinal);
        var atOnce = seats;
        for (var turn = 0; turn < turns; turn++)
        {
            var call = await held.ReadAsync();
            answered[call.Said] = answered.GetValueOrDefault(call.Said) + 1;
            call.Release();
            var arrived = seats + turn + 1;
            await Eventually.TrueAsync(() => Task.FromResult(world.Backend.Of("held-share").Count == arrived && queue.Waiting == 106 - answered.GetValueOrDefault("alice")));
            atOnce = Math.Max(atOnce, (int)queue.Answered);
        }

        const double fair = turns / 11.0;
        Assert.All(Enumerable.Range(0, 10), i => Assert.True(answered.GetValueOrDefault($"other{i}") >= fair / 2, $"other{i} had {answered.GetValueOrDefault($"other{i}")} of {fair}"));
        Assert.True(answered["alice"] >= fair / 2);
        Assert.Equal(seats, atOnce);
        Volatile.Write(ref ending, true);
        var all = Task.WhenAll([.. crowd, .. others]);
        while (!all.IsCompleted)
        {
            if (held.TryRead(out var call))
            {
                call.Release();
            }
            else
            {
                await Task.WhenAny(all, held.WaitToReadAsync().AsTask());
            }
        }

        Assert.All(await Task.WhenAll(crowd), call => Assert.Equal(HttpStatusCode.OK, call.Status));
        Assert.Equal(turns + (100 - answered["alice"]) + 10, world.Backend.Of("held-share").Count); // after the turns: the rest of Alice's and one call of each other
    }

    [Fact]
    public async Task Exactly_so_many_wait_and_whoever_waited_too_long_is_told_when_to_come_back()
    {
        var queue = await SellAsync("held-wait", seats: 1);
        var first = CallAsync(world.Alice, "held-wait", "alice");
        await Eventually.TrueAsync(() => Task.FromResult(queue.Answered == 1));
        var waiting = Enumerable.Range(0, Longest).Select(_ => CallAsync(world.Alice, "held-wait", "alice")).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(queue.Waiting == Longest));

        var tooMany = await CallAsync(world.Alice, "held-wait", "alice");
        var bob = CallAsync(world.World.As(world.World.Bob), "held-wait", "bob");
        await Eventually.TrueAsync(() => Task.FromResult(queue.Waiting == Longest + 1));
        world.World.Server.Clock.Advance(TimeSpan.FromSeconds(10));
        var late = await Task.WhenAll([.. waiting, bob]);
        (await world.Backend.Held("held-wait").ReadAsync()).Release();

        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limit_exceeded", "1"), (tooMany.Status, tooMany.Code, tooMany.RetryAfter));
        Assert.All(late, call => Assert.Equal((HttpStatusCode.ServiceUnavailable, "overloaded", "2"), (call.Status, call.Code, call.RetryAfter)));
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
        Assert.Single(world.Backend.Of("held-wait"));
        Assert.Equal((0, 0L), (queue.Waiting, queue.Answered));
        Assert.Equal(0, await world.Gateway.HoldsAsync());
    }

    [Fact]
    public async Task Whoever_pays_has_four_turns_for_one_and_batches_go_when_nobody_waits()
    {
        var queue = new FairQueue("acme/any", new GatewayOptions(), new FakeTimeProvider());
        var (payer, saver) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var running = await queue.EnterAsync(Guid.CreateVersion7(), TurnRank.Free, 1, CancellationToken.None);
        var order = new List<string>();
        var waiting = Enumerable.Range(0, 10).SelectMany(_ => new[] { WaitAsync("batch", payer, TurnRank.Idle), WaitAsync("free", saver, TurnRank.Free), WaitAsync("paid", payer, TurnRank.Paid) }).ToList();

        running.Dispose();
        await Task.WhenAll(waiting);

        Assert.InRange(order.Take(10).Count(o => o == "paid"), 7, 9);
        Assert.Equal(20, order.FindIndex(o => o == "batch"));

        async Task WaitAsync(string who, Guid account, TurnRank rank)
        {
            using var turn = await queue.EnterAsync(account, rank, 1, CancellationToken.None);
            order.Add(who);
            turn.Took(100);
        }
    }

    private async Task<FairQueue> SellAsync(string script, int seats)
    {
        await world.PutAsync($"acme/{script}", [new JsonObject { ["url"] = $"{world.Backend.Url}v1", ["model"] = script, ["key"] = RemoteWorld.Key, ["seats"] = seats }]);
        await world.PriceAsync($"acme/{script}", "10", "20");
        var id = await world.World.UseAsync<GatewayDb, Guid>(db => Task.FromResult(db.Entries.Single(e => e.Name == $"acme/{script}").Id));
        return world.World.Server.Services.GetRequiredService<CallQueues>().Of(id, script);
    }

    private async Task<Person> PersonAsync(string name)
    {
        var id = await world.World.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(
            new NewUser { Name = name, FullName = name, Email = $"{name}@example.org", EmailVerified = true }, CancellationToken.None));
        var token = await world.World.UseAsync<Accounts, string>(accounts => accounts.IssueTokenAsync(id, new NewToken("calls", Lodestone.Core.TokenScope.Inference), CancellationToken.None));
        return new Person(id, name, token);
    }

    private static async Task<(HttpStatusCode Status, string? Code, string? RetryAfter)> CallAsync(HttpClient client, string script, string says)
    {
        using var answer = await GatewayWorld.CallAsync(client, new JsonObject
        {
            ["model"] = $"acme/{script}", ["stream"] = true, ["max_tokens"] = 20,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = says }),
        });
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, answer.IsSuccessStatusCode ? null : JsonNode.Parse(text)!["error"]!["code"]!.GetValue<string>(), answer.Headers.RetryAfter?.Delta?.TotalSeconds.ToString("F0", CultureInfo.InvariantCulture));
    }

    /// <summary>A world whose calls wait for ten seconds at most, in which everybody can afford them.</summary>
    public sealed class QueueWorld : RemoteWorld
    {
        protected override GatewayOptions Options => new() { FirstTokenWithin = TimeSpan.FromMinutes(5), WaitWithin = TimeSpan.FromSeconds(10), WaitingPerAccount = Longest };
    }
}
