using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Engine.Conversion;

/// <summary>What <c>config.json</c> says of a model, checked.</summary>
/// <param name="Width">Numbers of a token's vector.</param>
/// <param name="Inner">Numbers within a layer's feed-forward part.</param>
/// <param name="Heads">Of queries.</param>
/// <param name="KeyValueHeads">Of keys and values; each serves as many queries' heads.</param>
/// <param name="Head">Numbers of a head.</param>
/// <param name="Context">Tokens; where the source looks only at the last so many, no more than those, because llama.cpp looks at all.</param>
/// <param name="IsTied">What reads tokens also writes them.</param>
internal sealed record ModelSettings(
    ModelFamily Family, int Layers, int Width, int Inner, int Heads, int KeyValueHeads, int Head, int Vocabulary, int Context, float NormEpsilon, RotarySettings Rotary, bool IsTied, bool HasBiases)
{
    private const int Most = 1 << 24;

    /// <exception cref="EngineFault">Something is missing, impossible, or not converted.</exception>
    public static ModelSettings Read(JsonObject config)
    {
        var family = ModelFamily.Of((config["architectures"] as JsonArray)?.FirstOrDefault()?.ToString());
        RequireSupported(config, family);
        var (width, heads) = (Whole(config, "hidden_size"), Whole(config, "num_attention_heads"));
        var keyValueHeads = Optional(config, "num_key_value_heads") ?? heads;
        var head = Optional(config, "head_dim") ?? width / heads;
        if (heads % keyValueHeads != 0 || head % 2 != 0 || (config["head_dim"] is null && width % heads != 0))
        {
            throw new EngineFault($"config.json fits nothing: {heads} heads, {keyValueHeads} of keys and values, {head} numbers each, in vectors of {width}.");
        }

        var trained = Whole(config, "max_position_embeddings");
        return new ModelSettings(
            family, Whole(config, "num_hidden_layers"), width, Whole(config, "intermediate_size"), heads, keyValueHeads, head, Whole(config, "vocab_size"),
            Math.Min(trained, Window(config, family) ?? trained), Number(config, "rms_norm_eps") ?? 1e-6f, RotarySettings.Read(config, family, head, trained),
            Truth(config, "tie_word_embeddings") ?? false, Truth(config, "attention_bias") ?? false);
    }

    public static float? Number(JsonObject from, string name) => from[name] is JsonValue value && value.GetValueKind() is JsonValueKind.Number
        ? value.GetValue<JsonElement>().GetSingle()
        : from[name] is null ? null : throw Wrong(name, "a number");

    public static int? Optional(JsonObject from, string name)
    {
        if (from[name] is null)
        {
            return null;
        }

        return Number(from, name) is { } number && number == MathF.Floor(number) && from[name]!.GetValue<JsonElement>().TryGetDouble(out var exact) && exact is >= 1 and <= Most // it is there
            ? (int)exact
            : throw Wrong(name, $"a whole number from 1 to {Most}");
    }

    private static int Whole(JsonObject from, string name) => Optional(from, name) ?? throw Wrong(name, "given");

    private static bool? Truth(JsonObject from, string name) => from[name]?.GetValueKind() switch
    {
        null or JsonValueKind.Null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, "true or false"),
    };

    /// <summary>How many tokens back the source looks; null: all.</summary>
    private static int? Window(JsonObject config, ModelFamily family)
    {
        var isUsed = family.PairsNeighbours || Truth(config, "use_sliding_window") is true; // Qwen names a window also where it uses none
        return isUsed ? Optional(config, "sliding_window") : null;
    }

    private static void RequireSupported(JsonObject config, ModelFamily family)
    {
        if (config["quantization_config"] is not null)
        {
            throw new EngineFault("The weights are quantised already (quantization_config). Convert the model that they were made from.");
        }

        if (config["hidden_act"]?.ToString() is { } activation and not "silu")
        {
            throw new EngineFault($"The model has the activation {activation}; llama.cpp computes {family.Architecture} with silu.");
        }

        if (Truth(config, "mlp_bias") is true || (Truth(config, "attention_bias") is true && !family.PairsNeighbours && !family.HasInputBiases))
        {
            throw new EngineFault($"The model has biases where {family.ClassName} has none in llama.cpp (mlp_bias, attention_bias).");
        }
    }

    private static EngineFault Wrong(string name, string rule) => new($"config.json: {name} must be {rule}.");
}
