using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Lodestone.Engine.Gguf;

namespace Lodestone.Engine.Conversion;

/// <summary>
/// Makes a GGUF adapter of one that PEFT saved, for a model that is loaded: its own file says how heads are sorted. What an adapter
/// has besides low-rank changes of projections is refused, since without it the model would be another one.
/// </summary>
internal static partial class AdapterConversion
{
    private static readonly Dictionary<string, string> Projections = new(StringComparer.Ordinal)
    {
        ["self_attn.q_proj"] = "attn_q", ["self_attn.k_proj"] = "attn_k", ["self_attn.v_proj"] = "attn_v", ["self_attn.o_proj"] = "attn_output",
        ["mlp.gate_proj"] = "ffn_gate", ["mlp.up_proj"] = "ffn_up", ["mlp.down_proj"] = "ffn_down",
    };

    // Settings that change what is computed, and that only an empty value leaves as it is.
    private static readonly string[] Unsupported =
    [
        "use_dora", "fan_in_fan_out", "lora_bias", "modules_to_save", "alpha_pattern", "layer_replication", "trainable_token_indices", "alora_invocation_tokens", "target_parameters",
    ];

    /// <param name="weights">PEFT's <c>adapter_model.safetensors</c>.</param>
    /// <param name="config">Its <c>adapter_config.json</c>.</param>
    /// <param name="model">The model that it changes.</param>
    /// <param name="output">Where the GGUF file goes.</param>
    /// <exception cref="EngineFault">It cannot be converted: the message says why.</exception>
    public static void Run(string weights, JsonElement config, GgufFile model, string output)
    {
        var family = ModelFamily.Named(model.Architecture) ?? throw new EngineFault($"Adapters of models of the architecture '{model.Architecture}' are not converted. Publish the adapter as a GGUF file.");
        var settings = JsonObject.Create(config) ?? throw new EngineFault("adapter_config.json is not a JSON object.");
        using var source = SafetensorsFile.Open(weights);
        var tensors = source.Tensors.Select(tensor => Planned(tensor, family, model)).OrderBy(tensor => tensor.Name, StringComparer.Ordinal).ToList();
        if (tensors.Count == 0)
        {
            throw new EngineFault("The adapter's file has no tensors.");
        }

        var alpha = Alpha(settings, tensors);
        var types = source.Tensors.Select(tensor => tensor.ElementType).Distinct().ToList();
        var type = types.Count == 1 ? types[0] : ElementType.F32;
        var writer = new GgufWriter();
        writer.Set("general.architecture", model.Architecture);
        writer.Set("general.type", "adapter");
        writer.Set("adapter.type", "lora");
        writer.Set("adapter.lora.alpha", alpha);
        using var file = new FileStream(output, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        writer.Write(file, tensors, type);
        var copy = new TensorCopy(file, type, _ => { });
        tensors.ForEach(copy.Write);
    }

    /// <summary>llama.cpp scales by alpha over the rank; where PEFT scales by alpha over the rank's root, alpha is grown by that root.</summary>
    private static float Alpha(JsonObject settings, List<PlannedTensor> tensors)
    {
        if (settings["peft_type"]?.ToString() is not (null or "LORA") || settings["bias"]?.ToString() is not (null or "none"))
        {
            throw new EngineFault("The adapter is no plain LoRA: peft_type must be LORA, and bias none.");
        }

        if (Array.Find(Unsupported, name => IsFilled(settings[name])) is { } other)
        {
            throw new EngineFault($"The adapter has {other}, which cannot be served. Merge it into its base model, and publish that.");
        }

        var (rank, alpha) = (Number(settings, "r"), Number(settings, "lora_alpha"));
        if (settings["use_rslora"]?.GetValueKind() is not JsonValueKind.True)
        {
            return alpha;
        }

        return tensors.TrueForAll(tensor => tensor.Name.EndsWith(".lora_a", StringComparison.Ordinal) ? tensor.Shape[1] == (long)rank : tensor.Shape[0] == (long)rank)
            ? alpha * MathF.Sqrt(rank)
            : throw new EngineFault("The adapter has several ranks and is scaled by their roots (use_rslora), which cannot be served.");
    }

    private static PlannedTensor Planned(SourceTensor tensor, ModelFamily family, GgufFile model)
    {
        var match = TensorName().Match(tensor.Name);
        if (!match.Success || !Projections.TryGetValue(match.Groups["projection"].Value, out var projection) || tensor.Shape.Count != 2)
        {
            throw new EngineFault($"The adapter changes '{tensor.Name}'. Only projections of attention and feed-forward layers can be changed here: {string.Join(", ", Projections.Keys)}.");
        }

        _ = tensor.ElementType; // refused now, not after half of the file
        var isSecond = match.Groups["part"].Value is "B";
        var heads = !family.PairsNeighbours || !isSecond ? 0 : projection switch
        {
            "attn_q" => Heads(model, "head_count"),
            "attn_k" => model.Metadata.ContainsKey($"{model.Architecture}.attention.head_count_kv") ? Heads(model, "head_count_kv") : Heads(model, "head_count"),
            _ => 0,
        };
        if (heads > 0 && tensor.Shape[0] % (2L * heads) != 0)
        {
            throw new EngineFault($"The adapter's '{tensor.Name}' is {tensor.ShapeText}, which fits no model with {heads} heads.");
        }

        return new PlannedTensor($"blk.{match.Groups["layer"].Value}.{projection}.weight.lora_{(isSecond ? 'b' : 'a')}", [.. tensor.Shape.Reverse()], tensor, heads);
    }

    private static int Heads(GgufFile model, string name) => model.Metadata.GetValueOrDefault($"{model.Architecture}.attention.{name}") is uint heads and > 0 and < 1 << 16
        ? (int)heads
        : throw new EngineFault("The base model's file does not say how many heads all of its layers have, so that the adapter cannot be converted for it.");

    private static float Number(JsonObject settings, string name) =>
        settings[name] is JsonValue value && float.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 1 << 20
            ? number
            : throw new EngineFault($"adapter_config.json: {name} must be a number above zero.");

    private static bool IsFilled(JsonNode? value) => value switch
    {
        null => false,
        JsonArray list => list.Count > 0,
        JsonObject map => map.Count > 0,
        _ => value.GetValueKind() is not JsonValueKind.False,
    };

    [GeneratedRegex(@"^base_model\.model\.model\.layers\.(?<layer>\d{1,5})\.(?<projection>\w+\.\w+)\.lora_(?<part>[AB])\.weight$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TensorName();
}
