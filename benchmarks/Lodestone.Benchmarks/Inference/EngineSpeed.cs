using System.Globalization;
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

    public async Task Run()
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
                await using var engine = await EngineClient.Start(path, threads, Slots);
                using var core = new EngineCore(model, threads, Slots);
                await Throughput(model, core, engine, threads);
                await FirstToken(engine, threads);
                await Constrained(engine, threads);
                await Disturbed(engine, threads);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
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

    private async Task FirstToken(EngineClient engine, int threads)
    {
        var (idle, busy, cold, warm) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < rounds * 2; round++)
        {
            idle.Add(await FirstToken(engine, EngineClient.Prompt(_random, 32)));
            var reading = engine.Complete(EngineClient.Prompt(_random, 2000), 1, CancellationToken.None);
            await Task.Delay(300 + _random.Next(200));
            busy.Add(await FirstToken(engine, EngineClient.Prompt(_random, 32)));
            await reading;
            var head = EngineClient.Prompt(_random, 1500);
            cold.Add(await FirstToken(engine, [.. head, .. EngineClient.Prompt(_random, 20)]));
            warm.Add(await FirstToken(engine, [.. head, .. EngineClient.Prompt(_random, 20)]));
        }

        Print($"{threads} threads, first token: alone {Median(idle):F0} ms, while 2,000 tokens are read {Median(busy):F0} ms, ratio {Median(busy) / Median(idle):F2}");
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
