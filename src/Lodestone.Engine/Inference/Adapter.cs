using Lodestone.Engine.Gguf;

namespace Lodestone.Engine.Inference;

/// <summary>A file of low-rank changes to the model's weights that has been checked.</summary>
/// <param name="id">What requests call it by.</param>
/// <param name="path">The GGUF file.</param>
/// <param name="bytes">Of the file.</param>
internal sealed class Adapter(string id, string path, long bytes)
{
    private const string First = ".lora_a";
    private const string Second = ".lora_b";

    // F32, F16, Q8_0, BF16: what llama.cpp multiplies with on every kind of device.
    private static readonly uint[] Types = [0, 1, 8, 30];

    public string Id { get; } = id;

    public string Path { get; } = path;

    public long Bytes { get; } = bytes;

    /// <summary>Checks the file, as llama.cpp may abort the process on a wrong one.</summary>
    /// <exception cref="EngineFault">It is no adapter of this model: the message says why.</exception>
    public static Adapter Check(string id, string path, GgufFile model)
    {
        var file = GgufFile.Read(path);
        if (file.Metadata.GetValueOrDefault("general.type") is not "adapter" || file.Metadata.GetValueOrDefault("adapter.type") is not "lora")
        {
            throw new EngineFault("The file is no LoRA adapter: general.type must be 'adapter' and adapter.type 'lora'.");
        }

        if (file.Architecture != model.Architecture)
        {
            throw new EngineFault($"The adapter is for models of the architecture '{file.Architecture}', and its base model is of '{model.Architecture}'.");
        }

        if (file.Metadata.GetValueOrDefault("adapter.lora.alpha") is not (null or float) || file.Metadata.ContainsKey("adapter.alora.invocation_tokens"))
        {
            throw new EngineFault("The adapter's alpha must be a number, and it must hold for the whole text: adapters that certain tokens invoke are not served.");
        }

        CheckTensors(file, model.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal));
        return new Adapter(id, path, new FileInfo(path).Length);
    }

    private static void CheckTensors(GgufFile file, Dictionary<string, GgufTensor> model)
    {
        var all = file.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (var tensor in file.Tensors)
        {
            var isFirst = tensor.Name.EndsWith(First, StringComparison.Ordinal);
            var target = isFirst || tensor.Name.EndsWith(Second, StringComparison.Ordinal) ? tensor.Name[..^First.Length] : "";
            if (!model.TryGetValue(target, out var changed) || target is "token_embd.weight")
            {
                throw new EngineFault($"The adapter changes '{tensor.Name}', which its base model does not have, or which cannot be changed here.");
            }

            if (!all.TryGetValue(target + (isFirst ? Second : First), out var other) || !Fits(isFirst ? tensor : other, isFirst ? other : tensor, changed))
            {
                throw new EngineFault($"The adapter's '{tensor.Name}' does not fit its base model: perhaps it is of another size.");
            }
        }
    }

    private static bool Fits(GgufTensor a, GgufTensor b, GgufTensor changed) =>
        a.Shape is [var read, var rank] && b.Shape is [var same, var written] && rank == same && changed.Shape is [var from, var to] && from == read && to == written
        && Types.Contains(a.Type) && Types.Contains(b.Type);
}
