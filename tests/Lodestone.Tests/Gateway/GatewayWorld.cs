using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Billing;
using Lodestone.Compute;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Gateway;

/// <summary>The world, in which Acme serves the demo model at a price and everybody has an allowance of a dollar a day.</summary>
public sealed class GatewayWorld : IAsyncDisposable
{
    public const string Model = "acme/compass";

    private GatewayWorld(World world)
    {
        World = world;
        Client = world.As(world.Alice);
    }

    public World World { get; }

    /// <summary>Alice's.</summary>
    public HttpClient Client { get; }

    public static async Task<GatewayWorld> StartAsync(string freePerDay = "1", Action<IServiceCollection>? adjust = null)
    {
        var world = await World.CreateAsync(services =>
        {
            services.AddSingleton(new BillingOptions { FreePerDay = freePerDay });
            adjust?.Invoke(services);
        });
        var gateway = new GatewayWorld(world);
        await gateway.PublishAsync(Model, await File.ReadAllBytesAsync(DemoModel.Chat));
        await gateway.PriceAsync(Model, "10", "20");
        return gateway;
    }

    public Task PublishAsync(string id, byte[] weights, bool isPrivate = false) => World.PublishAsync(id, weights, isPrivate);

    public Task PriceAsync(string id, string input, string output) => World.PriceAsync(id, input, output);

    /// <summary>A call to the demo model; <paramref name="more"/> replaces members of the body.</summary>
    public static JsonObject Body(JsonObject? more = null)
    {
        var body = new JsonObject
        {
            ["model"] = Model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "What is a compass?" }),
            ["temperature"] = 0,
        };
        foreach (var (name, value) in more ?? [])
        {
            body[name] = value?.DeepClone();
        }

        return body;
    }

    /// <summary>A stream of nearly five hundred tokens.</summary>
    public static JsonObject LongStream() => Body(new JsonObject
    {
        ["stream"] = true,
        ["logit_bias"] = new JsonObject { ["4093"] = -100, ["4095"] = -100 }, // no token that ends an answer of this model: it goes on to the context's end
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Tell me a very long story about everything." }),
    });

    public Task<HttpResponseMessage> CallAsync(JsonObject body) => CallAsync(Client, body);

    public static Task<HttpResponseMessage> CallAsync(HttpClient client, JsonObject body) => SendAsync(client, JsonContent.Create(body));

    public static Task<HttpResponseMessage> SendAsync(HttpClient client, HttpContent content) => client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content }, HttpCompletionOption.ResponseHeadersRead);

    /// <summary>The data of every event of a stream, <c>[DONE]</c> included.</summary>
    public static async IAsyncEnumerable<string> EventsAsync(HttpResponseMessage answer)
    {
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                yield return line["data: ".Length..];
            }
        }
    }

    public static async Task<JsonElement> ErrorAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");

    /// <summary>The process that serves the demo model, loaded if need be.</summary>
    public async Task<int> EngineAsync()
    {
        await using var lease = await World.Server.Services.GetRequiredService<Workers>().AcquireAsync(await World.FindAsync(Model), CancellationToken.None);
        return lease.ProcessId;
    }

    /// <summary>Moves the clock on, a step at a time, until something has happened.</summary>
    public Task PassTimeUntilAsync(TimeSpan step, Func<Task<bool>> condition) => Eventually.TrueAsync(async () =>
    {
        if (await condition())
        {
            return true;
        }

        World.Server.Clock.Advance(step);
        return false;
    });

    /// <summary>Every settled call, oldest first.</summary>
    internal Task<List<MeterEvent>> SettledAsync() => World.Server.Services.GetRequiredService<BillingSteps>()
        .ReadAsync(db => db.Events.AsNoTracking().OrderBy(e => e.Id).ToListAsync());

    /// <summary>The one settled call that answered this.</summary>
    internal async Task<MeterEvent> SettledAsync(HttpResponseMessage answer)
    {
        var requestId = answer.Headers.GetValues("X-Request-Id").Single();
        return Assert.Single(await SettledAsync(), call => call.RequestId == requestId);
    }

    internal Task<int> HoldsAsync() => World.Server.Services.GetRequiredService<BillingSteps>().ReadAsync(db => db.Holds.CountAsync());

    public async ValueTask DisposeAsync() => await World.DisposeAsync();
}
