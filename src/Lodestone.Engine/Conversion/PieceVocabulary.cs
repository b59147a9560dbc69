using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Engine.Conversion;

/// <summary>
/// A vocabulary of pieces (SentencePiece's way, which Llama 2 and the first Mistral models have) from <c>tokenizer.json</c>, which has
/// merges in place of scores: what is merged first has the highest score.
/// </summary>
internal static class PieceVocabulary
{
    private const string Space = "▁";

    /// <exception cref="EngineFault">It is made in a way that llama.cpp has not.</exception>
    public static TokenTable Read(JsonObject fast, int size)
    {
        if (fast["model"] is not JsonObject model || model["type"]?.ToString() is not "BPE" || model["byte_fallback"]?.GetValueKind() is not JsonValueKind.True)
        {
            throw new EngineFault($"The tokenizer is of the kind {fast["model"]?["type"] ?? "(none)"}. Merged bytes and pieces with bytes to fall back on are converted.");
        }

        var scores = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var merge in ByteLevelVocabulary.MergesOf(model["merges"] as JsonArray))
        {
            scores.TryAdd(merge.Replace(" ", "", StringComparison.Ordinal), -scores.Count);
        }

        var (table, unknown) = (new TokenTable("llama", size) { Splitting = "default", AddsSpace = AddsSpace(fast) }, model["unk_token"]?.ToString());
        foreach (var (text, id) in ByteLevelVocabulary.VocabularyOf(model))
        {
            table.Set(id, text, text == unknown ? TokenKind.Unknown : IsByte(text) ? TokenKind.Byte : TokenKind.Normal, scores.TryGetValue(text, out var score) ? score : -scores.Count);
        }

        table.Add([.. (fast["added_tokens"] as JsonArray ?? []).Where(token => token?["content"]?.ToString() != unknown).Select(token => token!.DeepClone())]); // an object has content
        return table;
    }

    public static bool IsByte(string text) => text is ['<', '0', 'x', var high, var low, '>'] && char.IsAsciiHexDigitUpper(high) && char.IsAsciiHexDigitUpper(low);

    private static bool AddsSpace(JsonObject fast)
    {
        var isAdded = false;
        foreach (var step in ByteLevelVocabulary.Steps(fast["normalizer"]).Concat(ByteLevelVocabulary.Steps(fast["pre_tokenizer"])))
        {
            isAdded |= step["type"]?.ToString() switch
            {
                "Prepend" when step["prepend"]?.ToString() is Space => true,
                "Metaspace" => step["prepend_scheme"]?.ToString() is { } scheme ? scheme is not "never" : step["add_prefix_space"]?.GetValueKind() is not JsonValueKind.False,
                "Replace" when step["content"]?.ToString() is Space => false,
                _ => throw new EngineFault($"The tokenizer has a step {step["type"]} that llama.cpp has not."),
            };
        }

        return isAdded;
    }
}
