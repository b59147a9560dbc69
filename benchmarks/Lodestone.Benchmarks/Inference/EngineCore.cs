using System.Diagnostics;
using Lodestone.Engine;
using Lodestone.Engine.Inference;

namespace Lodestone.Benchmarks.Inference;

/// <summary>The engine without its process and socket: what it adds to llama.cpp by itself.</summary>
internal sealed class EngineCore(LoadedModel model, int threads, int slots) : IDisposable
{
    private readonly InferenceLoop _loop = new(
        model,
        new EngineOptions { Model = "", Socket = "", Name = "", Threads = threads, Slots = slots },
        TimeProvider.System);

    /// <summary>Tokens per second of so many answers at once, prompts included in the time.</summary>
    public async Task<double> Throughput(Random random, int streams, int prompt, int tokens)
    {
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => Complete(EngineClient.Prompt(random, prompt), tokens)));
        return streams * tokens / watch.Elapsed.TotalSeconds;
    }

    public void Dispose() => _loop.Dispose();

    private async Task Complete(int[] prompt, int tokens)
    {
        var answer = new Answer(choices: 1);
        var generation = new Generation
        {
            Answer = answer,
            Choice = 0,
            Prompt = prompt,
            Sampling = new Sampling { Temperature = 0.8f, Biases = [(4093, -100), (4095, -100)], Seed = 1 },
            MaxTokens = tokens,
            Stops = [],
            Salt = null,
            Cancel = CancellationToken.None,
        };
        if (!_loop.TrySubmit([generation]))
        {
            throw new InvalidOperationException("The engine takes nothing.");
        }

        await foreach (var _ in answer.Steps.ReadAllAsync())
        {
        }
    }
}
