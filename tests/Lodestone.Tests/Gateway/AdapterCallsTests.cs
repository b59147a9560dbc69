using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Engine.Conversion;
using Lodestone.Engine.Gguf;
using Lodestone.Tests.Engine.Conversion;
using Lodestone.Tests.Hub;

namespace Lodestone.Tests.Gateway;

/// <summary>Adapters of Acme's model in repositories of their own, called by their names.</summary>
public sealed class AdapterCallsTests : IAsyncLifetime
{
    private const string Peft = "alice/pirate";
    private const string Gguf = "alice/poet";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("adapters");
    private GatewayWorld _world = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        _world = await GatewayWorld.StartAsync();
        await PublishPeftAsync(Peft, seed: 1);
        await PublishGgufAsync(Gguf, seed: 2);
        foreach (var id in new[] { Peft, Gguf })
        {
            await _world.PriceAsync(id, "100", "200");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task An_adapter_is_called_by_its_repository_charged_at_its_price_and_listed_with_its_base()
    {
        var plain = await AnswerAsync(GatewayWorld.Model);
        var pirate = await AnswerAsync(Peft);
        var together = await Task.WhenAll(new[] { Peft, Gguf, GatewayWorld.Model, Peft, Gguf, GatewayWorld.Model }.Select(AnswerAsync));
        var poet = await AnswerAsync($"{Gguf}@main");
        var (generated, changed) = (await GenerateAsync(GatewayWorld.Model, null), await GenerateAsync(GatewayWorld.Model, Peft));
        using var elsewhere = await _world.Client.PostAsJsonAsync($"/models/{Gguf}", new { inputs = "A compass", parameters = new { adapter_id = Peft } });
        var charged = (await _world.SettledAsync()).Where(call => call.ProductName == Peft).ToList();
        using var embedded = await _world.Client.PostAsJsonAsync("/v1/embeddings", new { model = Peft, input = "A compass" });
        var cards = (await _world.Client.GetFromJsonAsync<JsonElement>("/v1/models")).GetProperty("data").EnumerateArray().ToDictionary(card => card.GetProperty("id").GetString()!, StringComparer.Ordinal);

        Assert.Equal(3, new[] { plain, pirate, poet }.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal([pirate, poet, plain, pirate, poet, plain], together);
        Assert.NotEqual(generated, changed);
        Assert.Equal(400, (int)elsewhere.StatusCode);
        Assert.True(charged.Count >= 3);
        Assert.Equal(400, (int)embedded.StatusCode);
        Assert.Equal(("fine-tuned", GatewayWorld.Model), (cards[Peft].GetProperty("type").GetString(), cards[Peft].GetProperty("parent").GetString()));
        Assert.False(cards[GatewayWorld.Model].TryGetProperty("parent", out _));
    }

    [Fact]
    public async Task What_cannot_be_served_says_why()
    {
        await PublishPeftAsync("alice/orphan", seed: 3, card: "---\ntags: [x]\n---\n", change: config => config["base_model_name_or_path"] = "/home/me/model");
        await PublishPeftAsync("alice/lost", seed: 4, card: "---\nbase_model: bob/secret\n---\n");
        await PublishPeftAsync("alice/second", seed: 5, card: $"---\nbase_model: {Peft}\n---\n");
        await PublishPeftAsync("alice/dora", seed: 6, change: config => config["use_dora"] = true);
        await PublishPeftAsync("alice/closed", seed: 7, isPrivate: true);
        await _world.PriceAsync("alice/dora", "1", "1");

        var told = new List<string>();
        foreach (var id in new[] { "alice/orphan", "alice/lost", "alice/second", "alice/dora" })
        {
            using var answer = await _world.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = id }));
            told.Add($"{(int)answer.StatusCode} {(await GatewayWorld.ErrorAsync(answer)).GetProperty("message").GetString()}");
        }

        using var foreign = await GatewayWorld.CallAsync(_world.World.As(_world.World.Bob), GatewayWorld.Body(new JsonObject { ["model"] = "alice/closed" }));

        Assert.StartsWith("400 alice/orphan is an adapter, and its card does not say of which model.", told[0], StringComparison.Ordinal);
        Assert.StartsWith("400 alice/lost is an adapter of bob/secret, which is not on this server or is hidden from you.", told[1], StringComparison.Ordinal);
        Assert.StartsWith("400 alice/second is an adapter of alice/pirate, which is an adapter itself.", told[2], StringComparison.Ordinal);
        Assert.StartsWith("422 The adapter cannot be served. The adapter has use_dora", told[3], StringComparison.Ordinal);
        Assert.Equal(404, (int)foreign.StatusCode);
        Assert.Equal(0, await _world.HoldsAsync());
    }

    private async Task<string> AnswerAsync(string model)
    {
        using var answer = await _world.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = model, ["max_tokens"] = 12 }));
        return (await answer.OkAsync())["choices"]![0]!["message"]!["content"]!.GetValue<string>();
    }

    private async Task<string> GenerateAsync(string model, string? adapter)
    {
        using var answer = await _world.Client.PostAsJsonAsync($"/models/{model}", new { inputs = "A compass", parameters = new { adapter_id = adapter, do_sample = false, max_new_tokens = 8 } });
        return (await answer.OkAsync())[0]!["generated_text"]!.GetValue<string>();
    }

    private async Task PublishPeftAsync(string id, int seed, string card = "---\nbase_model: acme/compass\n---\n", Action<JsonObject>? change = null, bool isPrivate = false)
    {
        var adapter = new MadeAdapter(MadeAdapter.OfCompass, seed);
        change?.Invoke(adapter.Config);
        var weights = await File.ReadAllBytesAsync(adapter.Save(Path.Combine(_folder.FullName, $"{seed}.safetensors")));
        await PublishAsync(id, "adapter_model.safetensors", weights, isPrivate, HubCalls.FileLine("README.md", Encoding(card)), HubCalls.FileLine("adapter_config.json", Encoding(adapter.Config.ToJsonString())));
    }

    private async Task PublishGgufAsync(string id, int seed)
    {
        var adapter = new MadeAdapter(MadeAdapter.OfCompass, seed);
        var made = Path.Combine(_folder.FullName, $"{seed}.gguf");
        AdapterConversion.Run(adapter.Save(Path.Combine(_folder.FullName, $"{seed}.safetensors")), JsonSerializer.SerializeToElement(adapter.Config), GgufFile.Read(DemoModel.Chat), made);
        await PublishAsync(id, "poet-lora.gguf", await File.ReadAllBytesAsync(made), false, HubCalls.FileLine("README.md", Encoding("---\nbase_model: acme/compass\n---\n")));
    }

    private async Task PublishAsync(string id, string file, byte[] content, bool isPrivate, params string[] lines)
    {
        await _world.Client.CreateRepoAsync(id, isPrivate);
        var oid = LfsCalls.Digest(content);
        using var asked = await _world.Client.PostBatchAsync(id, new { operation = "upload", objects = new[] { new { oid, size = content.Length } } });
        var upload = (await asked.OkAsync())["objects"]![0]!["actions"]!["upload"]!["href"]!.GetValue<string>();
        using var sent = await _world.World.AsNobody().PutAsync(new Uri(upload), new ByteArrayContent(content));
        sent.EnsureSuccessStatusCode();
        await _world.Client.CommitAsync(id, [.. lines, HubCalls.Line("lfsFile", new { path = file, algo = "sha256", oid, size = content.Length })]);
    }

    private static byte[] Encoding(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
