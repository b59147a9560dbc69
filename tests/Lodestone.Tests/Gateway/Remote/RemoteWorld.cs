using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Gateway;
using Lodestone.Tests.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Gateway.Remote;

/// <summary>The world, and a server elsewhere that Acme sells models of. Shared by the tests of a class: each sells models of its own.</summary>
public class RemoteWorld : IAsyncLifetime
{
    public const string Key = "sk-between-us";

    private readonly HashSet<string> _sold = [];

    public GatewayWorld Gateway { get; private set; } = null!; // made before the first test

    public ScriptedBackend Backend { get; private set; } = null!; // likewise

    public World World => Gateway.World;

    public HttpClient Alice => Gateway.Client;

    protected virtual GatewayOptions Options => new() { FirstTokenWithin = TimeSpan.FromSeconds(30) };

    protected virtual void Adjust(IServiceCollection services)
    {
        // as it is, for most
    }

    public async ValueTask InitializeAsync()
    {
        Backend = await ScriptedBackend.StartAsync();
        Gateway = await GatewayWorld.StartAsync("1000", services =>
        {
            services.AddSingleton(new OutgoingOptions { AllowedRanges = ["127.0.0.0/8"] }).AddSingleton(Options);
            Adjust(services);
        });
    }

    /// <summary>Has Acme sell what these scripts answer, at 10 and 20 dollars per million.</summary>
    /// <returns>The model's name.</returns>
    public async Task<string> SellAsync(params string[] scripts)
    {
        var name = $"acme/{string.Join('.', scripts)}";
        if (_sold.Add(name))
        {
            var weight = 1000;
            var backends = new JsonArray([.. scripts.Select(script => new JsonObject
            {
                ["url"] = $"{Backend.Url}v1", ["model"] = script, ["key"] = Key, ["weight"] = (weight -= 1000 / Math.Max(scripts.Length - 1, 1)) + 1000,
            })]);
            await PutAsync(name, backends);
            await PriceAsync(name, "10", "20");
        }

        return name;
    }

    public async Task PutAsync(string name, JsonArray backends)
    {
        using var put = await Alice.PutAsJsonAsync($"/api/v1/catalogue/{name}", new JsonObject
        {
            ["kind"] = "remote",
            ["isPublic"] = true,
            ["contextLength"] = 4096,
            ["maxOutput"] = 500,
            ["features"] = new JsonArray("chat", "completions", "embeddings", "tools", "schema", "images", "logprobs", "choices"),
            ["backends"] = backends,
        });
        await put.OkAsync();
    }

    public async Task PriceAsync(string name, string input, string output)
    {
        using var priced = await World.As(World.Carol).PostAsJsonAsync("/api/v1/prices", new { model = name, inputPerMillion = input, outputPerMillion = output, reason = "list", confirm = true });
        Assert.True(priced.IsSuccessStatusCode, await priced.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Gateway.DisposeAsync();
        await Backend.DisposeAsync();
    }
}
