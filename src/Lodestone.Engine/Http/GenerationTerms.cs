using System.Globalization;
using System.Text.Json;
using Lodestone.Engine.Inference;
using Lodestone.Engine.Tools;

namespace Lodestone.Engine.Http;

/// <summary>A request's settings, checked; makes the generations of them.</summary>
/// <param name="Sampling">How tokens are chosen.</param>
/// <param name="Stops">Texts that end an answer.</param>
/// <param name="Limit">Tokens of an answer; null for as many as fit.</param>
/// <param name="Choices">Answers to each prompt.</param>
internal sealed record GenerationTerms(Sampling Sampling, IReadOnlyList<string> Stops, long? Limit, int Choices)
{
    private const int MaxStops = 4;
    private const int MaxChoices = 128;

    /// <exception cref="ApiFault">A setting is unsupported or out of range: named.</exception>
    public static GenerationTerms Read(LoadedModel model, AnswerRequest request, long? limit, int? probabilities)
    {
        Refuse("grammar", request.Grammar is not null);
        var sampling = ReadSampling(request) with
        {
            Biases = ReadBiases(request.LogitBias, model.Vocabulary.Count),
            Grammar = ResponseFormats.Grammar(request.ResponseFormat),
            Probabilities = probabilities,
        };
        CheckGrammar(model, sampling.Grammar);
        return new GenerationTerms(sampling, ReadStops(request.Stop), limit, Checked(request.N, 1, MaxChoices, "n") ?? 1);
    }

    /// <summary>Holds answers to calls of tools, where they have to be calls or once they have become some.</summary>
    /// <exception cref="ApiFault">There is a response format already, or the tools' schemas are too large.</exception>
    public GenerationTerms With(LoadedModel model, ToolChoice tools, ToolDialect dialect)
    {
        if (Sampling.Grammar is not null)
        {
            return tools.IsForced ? throw ApiFault.Invalid("response_format", "'response_format' cannot be combined with a 'tool_choice' that demands a call.") : this;
        }

        if (!tools.IsForced && dialect.Opening.Length == 0)
        {
            return this; // a call and a text begin alike: the answer is free
        }

        var grammar = dialect.Grammar(tools.Tools, withOpening: tools.IsForced);
        CheckGrammar(model, grammar);
        return this with { Sampling = Sampling with { Grammar = grammar, Trigger = tools.IsForced ? null : dialect.Opening, Shown = model.Vocabulary.Controls(dialect.Opening) } };
    }

    /// <summary>Makes the generations of an answer, each prompt's choices after each other.</summary>
    /// <exception cref="ApiFault">A prompt does not fit the context, or the prompts are longer than what was reserved for.</exception>
    public (Answer Answer, IReadOnlyList<Generation> Generations) For(IReadOnlyList<int[]> prompts, int context, Asked asked)
    {
        CheckBound(prompts.Sum(prompt => prompt.Length), asked);
        var answer = new Answer(prompts.Count * Choices);
        var generations = new List<Generation>(prompts.Count * Choices);
        foreach (var prompt in prompts)
        {
            var room = Room(prompt.Length, context, asked.Param);
            for (var i = 0; i < Choices; i++)
            {
                generations.Add(new Generation
                {
                    Answer = answer,
                    Choice = generations.Count,
                    Prompt = prompt,
                    Sampling = Sampling with { Seed = Sampling.Seed + i },
                    MaxTokens = (int)Math.Min(Limit ?? room, room),
                    Stops = Stops,
                    Adapter = asked.Adapter,
                    Salt = asked.Salt,
                    Cancel = asked.Cancel,
                });
            }
        }

        return (answer, generations);
    }

    /// <exception cref="ApiFault"><c>prompt_above_bound</c>.</exception>
    public static void CheckBound(int tokens, Asked asked)
    {
        if (tokens > asked.MaxPrompt)
        {
            throw new ApiFault(StatusCodes.Status400BadRequest, $"The prompt has {tokens} tokens.", asked.Param, "prompt_above_bound");
        }
    }

    public static T? Checked<T>(T? value, T least, T most, string param)
        where T : struct, IComparable<T>
    {
        var isWithin = value is not { } number || (number.CompareTo(least) >= 0 && number.CompareTo(most) <= 0);
        return isWithin ? value : throw ApiFault.Invalid(param, FormattableString.Invariant($"'{param}' must be from {least} to {most}."));
    }

    public static void Refuse(string param, bool isAsked)
    {
        if (isAsked)
        {
            throw ApiFault.Unsupported(param);
        }
    }

    public static bool IsFilled(JsonElement? value) => value switch
    {
        null => false,
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength() > 0,
        { ValueKind: JsonValueKind.Object } map => map.EnumerateObject().Any(),
        _ => true,
    };

    private static int Room(int prompt, int context, string param)
    {
        var room = context - prompt;
        return room >= 1 ? room : throw new ApiFault(
            StatusCodes.Status400BadRequest,
            $"This model's context is {context} tokens; the prompt has {prompt}, which leaves no room for an answer. Shorten the {param}.",
            param,
            "context_length_exceeded");
    }

    private static Sampling ReadSampling(AnswerRequest request) => new()
    {
        Temperature = Checked(request.Temperature, 0, 2, "temperature") ?? 1,
        TopP = Checked(request.TopP, 0, 1, "top_p") ?? 1,
        TopK = Math.Max(Checked(request.TopK, -1, int.MaxValue, "top_k") ?? 0, 0),
        MinP = Checked(request.MinP, 0, 1, "min_p") ?? 0,
        TypicalP = Checked(request.TypicalP, 0, 1, "typical_p") ?? 1,
        PresencePenalty = Checked(request.PresencePenalty, -2, 2, "presence_penalty") ?? 0,
        FrequencyPenalty = Checked(request.FrequencyPenalty, -2, 2, "frequency_penalty") ?? 0,
        RepetitionPenalty = Checked(request.RepetitionPenalty, 0.01f, 10, "repetition_penalty") ?? Checked(request.RepeatPenalty, 0.01f, 10, "repeat_penalty") ?? 1,
        Seed = request.Seed ?? Random.Shared.NextInt64(),
    };

    private static List<(int Token, float Bias)> ReadBiases(JsonElement? value, int vocabulary)
    {
        if (!IsFilled(value))
        {
            return [];
        }

        if (value is not { ValueKind: JsonValueKind.Object } map)
        {
            throw ApiFault.Invalid("logit_bias", "'logit_bias' must map tokens to numbers from -100 to 100.");
        }

        return map.EnumerateObject().Select(pair =>
            int.TryParse(pair.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var token) && token < vocabulary
            && pair.Value.ValueKind is JsonValueKind.Number && pair.Value.GetSingle() is >= -100 and <= 100
                ? (token, pair.Value.GetSingle())
                : throw ApiFault.Invalid("logit_bias", $"'logit_bias' must map tokens from 0 to {vocabulary - 1} to numbers from -100 to 100.")).ToList();
    }

    private static List<string> ReadStops(JsonElement? stop)
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

    // llama.cpp has limits of its own, on repetitions of repetitions for one.
    private static void CheckGrammar(LoadedModel model, string? grammar)
    {
        try
        {
            if (grammar is not null)
            {
                model.Vocabulary.Grammar(grammar).Dispose();
            }
        }
        catch (EngineFault fault)
        {
            throw new ApiFault(StatusCodes.Status400BadRequest, $"The schema is too large. {fault.Message}", "response_format", "unsupported_schema");
        }
    }
}

/// <param name="Param">The member of the request that holds the prompts.</param>
/// <param name="MaxPrompt">Tokens of all prompts that were reserved for; null for any.</param>
/// <param name="Salt">Only requests with equal salts share what the model has read.</param>
/// <param name="Cancel">The asker is gone.</param>
/// <param name="Adapter">What the model is to be changed by.</param>
internal sealed record Asked(string Param, long? MaxPrompt, string? Salt, CancellationToken Cancel, Adapter? Adapter = null);
