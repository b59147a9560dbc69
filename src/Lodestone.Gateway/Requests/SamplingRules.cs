using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>How a model may be asked to choose its tokens, under the names that OpenAI's and open models' clients use.</summary>
internal static class SamplingRules
{
    private const int MostStops = 4;
    private const int MostBiases = 1024;

    private static readonly NumberRule[] Numbers =
    [
        new("temperature", 0, 2), new("top_p", 0, 1), new("min_p", 0, 1), new("presence_penalty", -2, 2), new("frequency_penalty", -2, 2),
        new("repetition_penalty", 0.01, 10), new("typical_p", 0, 1), new("top_k", -1, int.MaxValue, IsWhole: true), new("seed", long.MinValue, long.MaxValue, IsWhole: true),
    ];

    private static readonly NumberRule Several = new("n", 1, 128, IsWhole: true);
    private static readonly NumberRule Bias = new("logit_bias", -100, 100);

    // What is passed on as it is, if the model can do it at all.
    private static readonly HashSet<string> Others = new(StringComparer.Ordinal) { "stop", "n", "logprobs", "top_logprobs", "logit_bias", "grammar", "reasoning_effort" };

    private static readonly HashSet<string> PassedOn = [.. Numbers.Select(rule => rule.Name), .. Others];

    /// <summary>The members that back-ends are to see as they are.</summary>
    public static bool IsPassedOn(string name) => PassedOn.Contains(name);

    /// <summary>Those of them that telemetry knows.</summary>
    public static IEnumerable<(string Name, object Value)> Told(JsonElement body)
    {
        foreach (var name in (string[])["temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty"])
        {
            if (BodyRules.TryGet(body, name, out var value) && value.ValueKind is JsonValueKind.Number)
            {
                yield return (name, name is "top_k" or "seed" && value.TryGetInt64(out var whole) ? (object)whole : value.GetDouble());
            }
        }
    }

    public static void Check(JsonElement body, List<Need> needs)
    {
        foreach (var rule in Numbers)
        {
            if (BodyRules.TryGet(body, rule.Name, out var value))
            {
                rule.Check(value);
            }
        }

        if (BodyRules.TryGet(body, "stop", out var stop))
        {
            CheckStop(stop);
        }

        if (Choices(body) > 1)
        {
            needs.Add(new Need(ModelFeatures.Choices, "n", "More than one choice ('n')"));
        }

        CheckBias(body, needs);
        if (BodyRules.OptionalText(body, "grammar") is { Length: > 0 })
        {
            needs.Add(new Need(ModelFeatures.Grammar, "grammar"));
        }
    }

    /// <summary>How many answers are wanted.</summary>
    public static long Choices(JsonElement body) => Several.OptionalWhole(body) ?? 1;

    /// <summary>The newer name wins.</summary>
    public static (string Name, long? Value) MaxTokens(JsonElement body)
    {
        foreach (var name in (ReadOnlySpan<string>)["max_completion_tokens", "max_tokens"])
        {
            if (BodyRules.TryGet(body, name, out var value))
            {
                return (name, new NumberRule(name, 1, int.MaxValue, IsWhole: true).Whole(value));
            }
        }

        return ("max_tokens", null);
    }

    private static void CheckStop(JsonElement stop)
    {
        var isText = stop.ValueKind is JsonValueKind.String;
        if (!isText && (stop.ValueKind is not JsonValueKind.Array || stop.GetArrayLength() > MostStops))
        {
            throw GatewayRefusals.Invalid("stop", "must be a string or an array of at most 4 strings.");
        }

        foreach (var text in isText ? [stop] : stop.EnumerateArray().ToArray())
        {
            if (text.ValueKind is not JsonValueKind.String || BodyRules.Text(text, "stop").Length == 0)
            {
                throw GatewayRefusals.Invalid("stop", "must hold strings that are not empty.");
            }
        }
    }

    private static void CheckBias(JsonElement body, List<Need> needs)
    {
        if (BodyRules.OptionalObject(body, "logit_bias") is not { } biases || BodyRules.IsEmpty(biases))
        {
            return;
        }

        if (biases.EnumerateObject().Count() > MostBiases)
        {
            throw GatewayRefusals.Invalid("logit_bias", $"may name at most {MostBiases} tokens.");
        }

        foreach (var bias in biases.EnumerateObject())
        {
            Bias.Check(bias.Value);
            if (!uint.TryParse(bias.Name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out _))
            {
                throw GatewayRefusals.Invalid("logit_bias", "must name tokens by their numbers.");
            }
        }

        needs.Add(new Need(ModelFeatures.LogitBias, "logit_bias"));
    }
}
