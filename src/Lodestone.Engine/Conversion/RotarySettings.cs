using System.Text.Json.Nodes;

namespace Lodestone.Engine.Conversion;

/// <summary>How positions turn queries and keys, and how that is stretched for longer texts.</summary>
/// <param name="Base">Of the frequencies.</param>
/// <param name="Scaling"><c>linear</c> or <c>yarn</c>; null: none, or one by factors.</param>
/// <param name="Factor">Of the scaling.</param>
/// <param name="Original">Tokens that the model was made for before it was stretched.</param>
/// <param name="Factors">What each frequency is divided by; null: nothing.</param>
internal sealed record RotarySettings(float Base, string? Scaling, float Factor, int? Original, IReadOnlyList<float>? Factors)
{
    private static readonly string[] YarnMore = ["attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate"];

    /// <exception cref="EngineFault">It is stretched in a way that llama.cpp has not for this family.</exception>
    public static RotarySettings Read(JsonObject config, ModelFamily family, int head, int trained)
    {
        var settings = config["rope_scaling"] as JsonObject ?? config["rope_parameters"] as JsonObject ?? []; // the latter since transformers 5
        var frequencyBase = ModelSettings.Number(config, "rope_theta") ?? ModelSettings.Number(settings, "rope_theta") ?? 10_000;
        var kind = settings["rope_type"]?.ToString() ?? settings["type"]?.ToString() ?? "default";
        if ((ModelSettings.Number(config, "partial_rotary_factor") ?? 1) != 1)
        {
            throw new EngineFault("The model turns only part of a head (partial_rotary_factor), which is not converted.");
        }

        return kind switch
        {
            "default" => new RotarySettings(frequencyBase, null, 1, null, null),
            "linear" => new RotarySettings(frequencyBase, "linear", Required(settings, "factor"), null, null),
            "yarn" when !YarnMore.Any(name => settings[name] is not null) =>
                new RotarySettings(frequencyBase, "yarn", Required(settings, "factor"), ModelSettings.Optional(settings, "original_max_position_embeddings") ?? trained, null),
            "llama3" when family.TakesFrequencyFactors => new RotarySettings(frequencyBase, null, 1, null, FactorsOf(settings, frequencyBase, head)),
            _ => throw new EngineFault($"Positions of {family.ClassName} stretched as {kind}{(kind is "yarn" ? $" with any of {string.Join(", ", YarnMore)}" : "")} are not converted."),
        };
    }

    /// <summary>Llama 3: long waves are stretched, short ones stay, and those between are in between.</summary>
    private static List<float> FactorsOf(JsonObject settings, float frequencyBase, int head)
    {
        var (factor, low, high) = (Required(settings, "factor"), Required(settings, "low_freq_factor"), Required(settings, "high_freq_factor"));
        var original = Required(settings, "original_max_position_embeddings");
        var factors = new List<float>();
        for (var i = 0; i < head; i += 2)
        {
            var wave = 2 * Math.PI * Math.Pow(frequencyBase, (double)i / head);
            var smooth = ((original / wave) - low) / (high - low);
            factors.Add((float)(wave < original / high ? 1 : wave > original / low ? factor : 1 / (((1 - smooth) / factor) + smooth)));
        }

        return factors;
    }

    private static float Required(JsonObject settings, string name) =>
        ModelSettings.Number(settings, name) is { } number && number > 0 ? number : throw new EngineFault($"config.json: rope_scaling lacks {name}, or it is not above zero.");
}
