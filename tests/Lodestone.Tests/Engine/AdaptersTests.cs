using System.Text.Json;
using Lodestone.Engine.Conversion;
using Lodestone.Tests.Engine.Conversion;

namespace Lodestone.Tests.Engine;

/// <summary>A small random model in a worker, and five adapters of it.</summary>
[NoDatabase]
public sealed class AdaptersTests : IDisposable
{
    private static readonly string[] Names = ["", "a1", "a2", "a3", "a4", "a5"];

    private readonly MadeModel _made = new MadeModel("LlamaForCausalLM", "F32").Save();

    public AdaptersTests()
    {
        ModelConversion.Run(_made.Folder, _made["base.gguf"], ElementType.F32, null, _ => { });
        foreach (var (i, name) in Names.Index().Skip(1))
        {
            new MadeAdapter(_made.Projections, seed: i).Save(_made[name]);
        }
    }

    [Fact]
    public async Task Requests_of_many_adapters_and_the_model_itself_are_answered_at_once_each_as_alone()
    {
        await using var engine = new EngineProcess();
        await engine.Start(_made["base.gguf"], "--slots", "4");
        await LearnAsync(engine);

        var alone = new List<string>();
        foreach (var name in Names)
        {
            alone.Add(await AskAsync(engine, name));
        }

        var together = await Task.WhenAll(Names.Concat(Names).Select(name => AskAsync(engine, name)));
        var (unknown, error) = await engine.Post("/v1/completions?adapter=a9", Question());
        var (refused, why) = await engine.Post("/adapters", new { id = "a6", weights = _made["base.gguf"] });

        Assert.Equal(Names.Length, alone.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal([.. alone, .. alone], together);
        Assert.Equal(5, (await engine.Health()).GetProperty("adapters").GetInt32());
        Assert.Equal((404, "unknown_adapter"), ((int)unknown, error.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal(422, (int)refused);
        Assert.Contains("is no LoRA adapter", why.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adapters_make_room_for_each_other_and_nobody_waits_for_ever()
    {
        await using var engine = new EngineProcess();
        await engine.Start(_made["base.gguf"], "--slots", "2", "--adapter-memory", "0");
        await LearnAsync(engine);
        var alone = await AskAsync(engine, "a2");
        using var done = new CancellationTokenSource();
        var busy = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => FloodAsync(engine, done.Token)));

        var others = await Task.WhenAll(new[] { "a2", "a3", "a4", "" }.Select(name => AskAsync(engine, name)));
        await done.CancelAsync();
        await busy;

        Assert.Equal(alone, others[0]);
        Assert.Equal(1, (await engine.Health()).GetProperty("adapters").GetInt32());
    }

    public void Dispose() => _made.Dispose();

    private static async Task FloodAsync(EngineProcess engine, CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            await AskAsync(engine, "a1");
        }
    }

    private async Task LearnAsync(EngineProcess engine)
    {
        var config = JsonSerializer.SerializeToElement(new MadeAdapter([], seed: 1).Config);
        foreach (var name in Names.Skip(1))
        {
            using var answer = await engine.Client.PostAsync("/adapters", System.Net.Http.Json.JsonContent.Create(new { id = name, weights = _made[name], config }));
            Assert.Equal(204, (int)answer.StatusCode);
        }
    }

    private static object Question() => new { prompt = new[] { 5, 17, 42, 3, 200 }, max_tokens = 12, temperature = 0, logit_bias = new Dictionary<string, int>(StringComparer.Ordinal) { ["260"] = -100 }, logprobs = 0 };

    // Random models write bytes that are no characters, so the tokens are compared and not the text.
    private static async Task<string> AskAsync(EngineProcess engine, string adapter)
    {
        var (status, body) = await engine.Post($"/v1/completions{(adapter.Length == 0 ? "" : $"?adapter={adapter}")}", Question());
        Assert.True((int)status == 200, body.ToString());
        return body.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray().Aggregate("", (all, one) => $"{all} {one.GetDouble():F1}");
    }
}
