using System.Diagnostics;
using Lodestone.Engine.Inference;
using Lodestone.Engine.Native;

namespace Lodestone.Benchmarks.Inference;

/// <summary>llama.cpp's own batched decode with nothing around it: no sampling, no text, no streams. What the engine is measured against.</summary>
internal static unsafe class MinimalLoop
{
    /// <summary>Tokens per second of all sequences together, prompts included in the time.</summary>
    public static double Measure(LoadedModel model, int threads, int streams, int prompt, int tokens, bool isUnified)
    {
        var parameters = Llama.DefaultContextParams();
        parameters.ContextLength = (uint)(streams * (prompt + tokens + 64));
        parameters.BatchLength = (uint)Math.Max(512, streams * prompt);
        parameters.MaxSequences = (uint)streams;
        parameters.Threads = threads;
        parameters.BatchThreads = threads;
        parameters.UnifiedKeyValues = isUnified ? (byte)1 : (byte)0;
        using var context = Llama.CreateContext(model.Handle, parameters);
        using var batch = new TurnBatch((int)parameters.BatchLength);
        var random = new Random(streams);
        Decode(streams * prompt, i => (i % prompt, i / prompt, (i + 1) % prompt == 0)); // once before the clock runs: buffers and weights
        Llama.ClearMemory(Llama.Memory(context), zeroes: 0);

        var watch = Stopwatch.StartNew();
        Decode(streams * prompt, i => (i % prompt, i / prompt, (i + 1) % prompt == 0));
        for (var step = 1; step < tokens; step++)
        {
            Decode(streams, i => (prompt + step - 1, i, true));
        }

        return streams * tokens / watch.Elapsed.TotalSeconds;

        void Decode(int count, Func<int, (int Position, int Sequence, bool WantsLogits)> place)
        {
            batch.Clear();
            for (var i = 0; i < count; i++)
            {
                var (position, sequence, wantsLogits) = place(i);
                batch.Add(random.Next(4000), position, sequence, wantsLogits);
            }

            if (Llama.Decode(context, batch.Native) is var code and not 0)
            {
                throw new InvalidOperationException($"llama_decode says {code}.");
            }
        }
    }
}
