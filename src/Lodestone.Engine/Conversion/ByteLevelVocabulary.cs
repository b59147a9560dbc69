using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Engine.Conversion;

/// <summary>A vocabulary of merged bytes (GPT-2's way, which Llama 3, Qwen and newer Mistral models have) from <c>tokenizer.json</c>.</summary>
internal static class ByteLevelVocabulary
{
    public static bool Is(JsonObject fast) => fast["model"]?["type"]?.ToString() is "BPE" && Steps(fast["pre_tokenizer"]).Any(step => step["type"]?.ToString() is "ByteLevel");

    /// <exception cref="EngineFault">It is made in a way that llama.cpp has not.</exception>
    public static TokenTable Read(JsonObject fast, int size)
    {
        var model = fast["model"]!; // it is one
        RequirePlain(fast, model);
        var table = new TokenTable("gpt2", size) { Splitting = SplittingOf([.. Steps(fast["pre_tokenizer"])]), Merges = MergesOf(model["merges"] as JsonArray) };
        foreach (var (text, id) in VocabularyOf(model))
        {
            table.Set(id, text, TokenKind.Normal);
        }

        table.Add(fast["added_tokens"] as JsonArray);
        return table;
    }

    public static IEnumerable<(string Text, int Id)> VocabularyOf(JsonNode model) =>
        (model["vocab"] as JsonObject ?? throw new EngineFault("tokenizer.json has no vocabulary.")).Select(token =>
            (token.Key, token.Value is JsonValue value && value.TryGetValue<int>(out var id) ? id : throw new EngineFault($"tokenizer.json: token '{token.Key}' has no number.")));

    /// <summary>Each as two tokens with a space in between, however it is written.</summary>
    public static IReadOnlyList<string> MergesOf(JsonArray? merges) => [.. (merges ?? []).Select(merge => merge switch
    {
        JsonArray { Count: 2 } pair => $"{pair[0]} {pair[1]}",
        JsonValue text when text.GetValueKind() is JsonValueKind.String => text.GetValue<string>(),
        _ => throw new EngineFault("tokenizer.json: a merge is not a pair of tokens."),
    })];

    /// <summary>A step of the tokenizer, or the steps of a sequence.</summary>
    public static IEnumerable<JsonObject> Steps(JsonNode? step) => step switch
    {
        JsonObject sequence when sequence["type"]?.ToString() is "Sequence" => ((sequence["pretokenizers"] ?? sequence["normalizers"]) as JsonArray ?? []).OfType<JsonObject>(),
        JsonObject single => [single],
        _ => [],
    };

    private static void RequirePlain(JsonObject fast, JsonNode model)
    {
        if (Steps(fast["normalizer"]).FirstOrDefault(step => step["type"]?.ToString() is not "NFC") is { } other) // which llama.cpp leaves out: texts are nearly always so
        {
            throw new EngineFault($"The tokenizer changes texts first ({other["type"]}), which llama.cpp does not do.");
        }

        if (model["continuing_subword_prefix"]?.ToString() is { Length: > 0 } || model["end_of_word_suffix"]?.ToString() is { Length: > 0 })
        {
            throw new EngineFault("The tokenizer marks tokens within words, which llama.cpp does not do.");
        }
    }

    private static string SplittingOf(IReadOnlyList<JsonObject> steps)
    {
        var byBytes = steps[^1];
        if (byBytes["type"]?.ToString() is not "ByteLevel" || byBytes["add_prefix_space"]?.GetValueKind() is JsonValueKind.True)
        {
            throw Unknown("a step behind the bytes, or a space put before texts");
        }

        var isSplitByBytes = byBytes["use_regex"]?.GetValueKind() is not JsonValueKind.False;
        return steps.Count switch
        {
            1 when isSplitByBytes => "gpt-2",
            2 when isSplitByBytes && steps[0]["type"]?.ToString() is "Digits" && steps[0]["individual_digits"]?.GetValueKind() is JsonValueKind.True => "smollm",
            2 when !isSplitByBytes && steps[0]["type"]?.ToString() is "Split" => Splittings.Find(steps[0]["pattern"]?["Regex"]?.ToString()) ?? throw Unknown($"the pattern {steps[0]["pattern"]}"),
            _ => throw Unknown(string.Join(", ", steps.Select(s => s["type"]))),
        };
    }

    private static EngineFault Unknown(string what) => new($"The tokenizer splits texts in a way that is not known here to be one of llama.cpp's: {what}.");
}
