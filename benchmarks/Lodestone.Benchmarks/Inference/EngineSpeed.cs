using System.Globalization;
using Lodestone.Engine;
using Lodestone.Engine.Inference;
using Lodestone.Tests.Engine;

namespace Lodestone.Benchmarks.Inference;

/// <summary>The engine beside llama.cpp's own batched decode, by turns in one run, on a model of random weights.</summary>
internal sealed class EngineSpeed(TextWriter output, string vocabulary, int rounds)
{
    private const int Prompt = 64;
    private const int Tokens = 96;
    private const int Slots = 16;

    private readonly Random _random = new(7);

    /// <param name="parts">What to measure: <c>throughput</c>, <c>first</c>, <c>schema</c>, <c>neighbour</c>, <c>adapters</c>, <c>pieces</c>; all but the last if none is named.</param>
    public async Task Run(IReadOnlyList<string> parts)
    {
        var folder = Directory.CreateTempSubdirectory("bench-engine");
        try
        {
            var path = Path.Combine(folder.FullName, "random.gguf");
            new GgufMaker(vocabulary).Set("llama.context_length", 4096).WriteRandom(path, width: 768, layers: 12, inner: 3072);
            using var model = LoadedModel.Load(path);
            Print($"{model.ParameterCount / 1e6:F0}M parameters, Q8_0; prompts of {Prompt} tokens, answers of {Tokens}; medians of {rounds} rounds");
            foreach (var threads in new[] { 1, Environment.ProcessorCount }.Distinct())
            {
                await Measure(parts, model, path, threads);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task Measure(IReadOnlyList<string> parts, LoadedModel model, string path, int threads)
    {
        await using var engine = await EngineClient.Start(path, threads, Slots);
        using (var core = new EngineCore(model, threads, Slots))
        {
            await If("throughput", () => Throughput(model, core, engine, threads));
        }

        await If("first", () => FirstToken(engine, threads));
        await If("schema", () => Constrained(engine, threads));
        await If("neighbour", () => Disturbed(engine, threads));
        await If("adapters", () => Adapted(engine, path, threads));
        foreach (var piece in parts.Contains("pieces") ? new[] { 24, 32, 48, 64 } : [])
        {
            await using var other = await EngineClient.Start(path, threads, Slots, "--piece", piece.ToString(CultureInfo.InvariantCulture));
            await BesideLongPrompt(other, threads, piece);
        }

        Task If(string part, Func<Task> measure) => parts.Count == 0 || parts.Contains(part) ? measure() : Task.CompletedTask;
    }

    private async Task Throughput(LoadedModel model, EngineCore core, EngineClient engine, int threads)
    {
        foreach (var streams in new[] { 1, 8, 16 })
        {
            var tokens = streams == 1 ? 3 * Tokens : Tokens;
            var (ours, alone, theirs, unified) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round < rounds; round++)
            {
                await Task.Delay(600); // each begins on a quiet machine
                await engine.Throughput(_random, 1, 8, 16);
                ours.Add(await engine.Throughput(_random, streams, Prompt, tokens));
                theirs.Add(MinimalLoop.Measure(model, threads, streams, Prompt, tokens, isUnified: false));
                await Task.Delay(600);
                await core.Throughput(_random, 1, 8, 16);
                alone.Add(await core.Throughput(_random, streams, Prompt, tokens));
                unified.Add(MinimalLoop.Measure(model, threads, streams, Prompt, tokens, isUnified: true));
            }

            Print($"{threads} threads, {streams,2} streams: engine {Median(alone),4:F0} tokens/s, over its socket {Median(ours),4:F0}; minimal loop {Median(theirs),4:F0} (one pool {Median(unified),4:F0}); ratios {Median(alone) / Median(theirs):F2}, {Median(ours) / Median(theirs):F2}");
        }
    }

    private async Task BesideLongPrompt(EngineClient engine, int threads, int piece)
    {
        var (idle, busy, whole) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            idle.Add(await FirstToken(engine, EngineClient.Prompt(_random, 32)));
            var reading = FirstToken(engine, EngineClient.Prompt(_random, 2000));
            for (var asked = 0; asked < 4; asked++)
            {
                await Task.Delay(150 + _random.Next(200));
                busy.Add(await FirstToken(engine, EngineClient.Prompt(_random, 32)));
            }

            whole.Add(await reading);
        }

        Print($"{threads} threads, pieces of {piece}, first token: alone {Median(idle):F0} ms, while 2,000 tokens are read {Median(busy):F0} ms, ratio {Median(busy) / Median(idle):F2}; of those 2,000 {Median(whole):F0} ms");
    }

    private async Task FirstToken(EngineClient engine, int threads)
    {
        await BesideLongPrompt(engine, threads, new EngineOptions { Model = "", Socket = "", Name = "" }.PromptPiece);
        var (cold, warm) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            var head = EngineClient.Prompt(_random, 1500);
            cold.Add(await FirstToken(engine, [.. head, .. EngineClient.Prompt(_random, 20)]));
            warm.Add(await FirstToken(engine, [.. head, .. EngineClient.Prompt(_random, 20)]));
        }

        Print($"{threads} threads, first token after 1,520: {Median(cold):F0} ms, with a known head of 1,500 {Median(warm):F0} ms, {Median(cold) / Median(warm):F1} times faster");
    }

    /// <summary>The worst case: a model of random weights means nothing of what the schema demands, so that nearly every token is refused at first.</summary>
    private async Task Constrained(EngineClient engine, int threads)
    {
        var (free, held) = (new List<double>(), new List<double>());
        var schema = new { type = "array", items = new { type = "object", properties = new { name = new { type = "string" } }, required = new[] { "name" } }, minItems = 100 };
        for (var round = 0; round < rounds; round++)
        {
            free.Add(await engine.Throughput(_random, 8, Prompt, Tokens));
            held.Add(await engine.Throughput(_random, 8, Prompt, Tokens, new { type = "json_object", value = schema }));
        }

        Print($"{threads} threads, 8 streams: free {Median(free):F0} tokens/s, held to a schema {Median(held):F0}, ratio {Median(held) / Median(free):F2}");
    }

    /// <summary>Eight streams with an adapter each, beside eight that share one, one stream alone with one, and eight without.</summary>
    private async Task Adapted(EngineClient engine, string model, int threads)
    {
        var names = Enumerable.Range(1, 8).Select(i => $"a{i}").ToList();
        foreach (var name in names)
        {
            RandomAdapter.Write($"{model}.{name}", width: 768, layers: 12, rank: 16, seed: name[1]);
            await engine.Learn(name, $"{model}.{name}");
        }

        var (each, one, alone, none) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round <= rounds; round++)
        {
            each.Add(await engine.Throughput(_random, names, Prompt, Tokens));
            one.Add(await engine.Throughput(_random, [.. names.Select(_ => "a1")], Prompt, Tokens));
            alone.Add(await engine.Throughput(_random, ["a1"], Prompt, 2 * Tokens));
            none.Add(await engine.Throughput(_random, 8, Prompt, Tokens));
        }

        new[] { each, one, alone, none }.ToList().ForEach(times => times.RemoveAt(0)); // in the first round adapters are loaded
        Print($"{threads} threads, 8 streams: with 8 adapters {Median(each):F0} tokens/s, all with one {Median(one):F0}, with none {Median(none):F0}; one stream with an adapter {Median(alone):F0}; ratios of 8 adapters {Median(each) / Median(one):F2}, {Median(each) / Median(none):F2}, {Median(each) / Median(alone):F2}");
    }

    private async Task Disturbed(EngineClient engine, int threads)
    {
        var (quiet, disturbed) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            await Task.Delay(1500); // quiet seconds
            quiet.Add(await engine.Throughput(_random, 8, Prompt, Tokens));
            using var done = new CancellationTokenSource();
            var neighbour = new Thread(() => Spin(done.Token));
            neighbour.Start();
            disturbed.Add(await engine.Throughput(_random, 8, Prompt, Tokens));
            await done.CancelAsync();
            neighbour.Join();
        }

        Print($"{threads} threads, 8 streams: quiet {Median(quiet):F0} tokens/s, with a busy neighbour {Median(disturbed):F0}, ratio {Median(disturbed) / Median(quiet):F2}");
    }

    private static async Task<double> FirstToken(EngineClient engine, int[] prompt) => (await engine.Complete(prompt, 1, CancellationToken.None)).TotalMilliseconds;

    private static void Spin(CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private void Print(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
