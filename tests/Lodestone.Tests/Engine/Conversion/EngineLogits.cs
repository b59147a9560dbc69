using Lodestone.Engine.Inference;
using Lodestone.Engine.Native;

namespace Lodestone.Tests.Engine.Conversion;

/// <summary>What llama.cpp answers with a GGUF file, computing and remembering in F32 as far as the file lets it.</summary>
internal static unsafe class EngineLogits
{
    public static float[][] Of(LoadedModel model, IReadOnlyList<int> tokens, string? adapter = null)
    {
        var parameters = Llama.DefaultContextParams();
        (parameters.ContextLength, parameters.BatchLength, parameters.MaxOutputs, parameters.KeyType, parameters.ValueType) = (128, 128, 128, 0, 0);
        (parameters.MaxOutputsPerSequence, parameters.FlashAttentionType, parameters.Threads, parameters.BatchThreads) = (128, 0, 1, 1);
        using var change = adapter is null ? null : Llama.LoadAdapter(model.Handle, adapter);
        using var context = Llama.CreateContext(model.Handle, parameters);
        Assert.False(context.IsInvalid, LlamaLibrary.TakeErrors());
        var (handle, scale) = (change?.DangerousGetHandle() ?? 0, 1f);
        Assert.Equal(0, Llama.SetAdapters(context, &handle, change is null ? 0u : 1u, &scale));
        using var batch = new TurnBatch(tokens.Count);
        for (var i = 0; i < tokens.Count; i++)
        {
            batch.Add(tokens[i], i, sequence: 0, wantsLogits: true);
        }

        Assert.Equal(0, Llama.Decode(context, batch.Native));
        return [.. Enumerable.Range(0, tokens.Count).Select(i => new ReadOnlySpan<float>(Llama.Logits(context, i), model.Vocabulary.Count).ToArray())];
    }
}
