using System.Text.Json;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>Checks a chat request's settings and makes a generation of them.</summary>
internal static class GenerationRequest
{
    private const int MaxStops = 4;

    /// <summary>Refuses what is understood and not supported: ignoring it would give a wrong answer.</summary>
    public static void RefuseUnsupported(ChatRequest request)
    {
        Refuse("tools", IsFilled(request.Tools));
        Refuse("functions", IsFilled(request.Functions));
        Refuse("logit_bias", IsFilled(request.LogitBias));
        Refuse("logprobs", request.Logprobs is true);
        Refuse("top_logprobs", request.TopLogprobs is { } top && top.ToString() is not "0");
        Refuse("grammar", request.Grammar is not null);
        Refuse("audio", request.Audio is not null);
        Refuse("response_format", request.ResponseFormat is { } format && !IsTextFormat(format));
        Refuse("n", Checked(request.N, 1, 128, "n") > 1);
    }

    /// <exception cref="ApiFault">A setting is out of range (named), or the prompt does not fit the context.</exception>
    public static Generation Create(ChatRequest request, List<int> prompt, int context, CancellationToken cancel)
    {
        var limit = Checked(request.MaxCompletionTokens, 1, long.MaxValue, "max_completion_tokens")
            ?? Checked(request.MaxTokens, 1, long.MaxValue, "max_tokens");
        var sampling = CreateSampling(request);
        var stops = Stops(request.Stop);
        if (prompt.Count > request.LodestoneMaxPrompt)
        {
            throw new ApiFault(StatusCodes.Status400BadRequest, $"The prompt has {prompt.Count} tokens.", "messages", "prompt_above_bound");
        }

        var room = context - prompt.Count;
        if (room < 1)
        {
            throw new ApiFault(
                StatusCodes.Status400BadRequest,
                $"This model's context is {context} tokens; the prompt has {prompt.Count}, which leaves no room for an answer. Shorten the messages.",
                "messages",
                "context_length_exceeded");
        }

        return new Generation
        {
            Prompt = [.. prompt],
            Sampling = sampling,
            MaxTokens = (int)Math.Min(limit ?? room, room),
            Stops = stops,
            Cancel = cancel,
        };
    }

    private static Sampling CreateSampling(ChatRequest request) => new()
    {
        Temperature = Checked(request.Temperature, 0, 2, "temperature") ?? 1,
        TopP = Checked(request.TopP, 0, 1, "top_p") ?? 1,
        TopK = Math.Max(Checked(request.TopK, -1, int.MaxValue, "top_k") ?? 0, 0),
        MinP = Checked(request.MinP, 0, 1, "min_p") ?? 0,
        PresencePenalty = Checked(request.PresencePenalty, -2, 2, "presence_penalty") ?? 0,
        FrequencyPenalty = Checked(request.FrequencyPenalty, -2, 2, "frequency_penalty") ?? 0,
        RepetitionPenalty = Checked(request.RepetitionPenalty, 0.01f, 10, "repetition_penalty") ?? 1,
        Seed = Fold(request.Seed ?? Random.Shared.NextInt64()),
    };

    // llama.cpp seeds with 32 bits, and takes the highest value to mean "any".
    private static uint Fold(long seed) => (uint)(seed ^ (seed >> 32)) is var folded and not uint.MaxValue ? folded : 0;

    private static T? Checked<T>(T? value, T least, T most, string param)
        where T : struct, IComparable<T>
    {
        var isWithin = value is not { } number || (number.CompareTo(least) >= 0 && number.CompareTo(most) <= 0);
        return isWithin ? value : throw ApiFault.Invalid(param, FormattableString.Invariant($"'{param}' must be from {least} to {most}."));
    }

    private static List<string> Stops(JsonElement? stop)
    {
        List<JsonElement> values = stop switch
        {
            null => [],
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray()],
            { } single => [single],
        };
        var texts = values.ConvertAll(value => RequestBody.Text(value, "stop"));
        return texts.Count <= MaxStops && texts.TrueForAll(text => text.Length > 0)
            ? texts
            : throw ApiFault.Invalid("stop", $"'stop' must be a string or a list of up to {MaxStops} strings, none empty.");
    }

    private static bool IsFilled(JsonElement? value) => value switch
    {
        null => false,
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength() > 0,
        { ValueKind: JsonValueKind.Object } map => map.EnumerateObject().Any(),
        _ => true,
    };

    private static bool IsTextFormat(JsonElement format) =>
        format.ValueKind is JsonValueKind.Object && format.TryGetProperty("type", out var type)
        && type.ValueKind is JsonValueKind.String && type.ValueEquals("text");

    private static void Refuse(string param, bool isAsked)
    {
        if (isAsked)
        {
            throw ApiFault.Unsupported(param);
        }
    }
}
