using System.Text.Json;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>Texts as OpenAI's older routes take them: a string, strings, tokens, or lists of tokens.</summary>
internal static class Prompts
{
    /// <summary>As many as one request may have.</summary>
    public const int Most = 2048;

    /// <summary>The tokens of each text, at least one each.</summary>
    /// <exception cref="ApiFault">Names <paramref name="param"/>.</exception>
    public static List<int[]> Read(LoadedModel model, JsonElement? value, string param)
    {
        List<JsonElement> texts = value switch
        {
            { ValueKind: JsonValueKind.String } => [value.Value],
            { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() > 0 && list[0].ValueKind is JsonValueKind.Number => [list],
            { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() is > 0 and <= Most => [.. list.EnumerateArray()],
            _ => throw ApiFault.Invalid(param, $"'{param}' must be a string, a list of up to {Most} strings, a list of tokens, or a list of such lists; none empty."),
        };
        return texts.Count == 1
            ? [Tokens(model, texts[0], param)]
            : texts.Select((text, i) => Tokens(model, text, $"{param}[{i}]")).ToList();
    }

    private static int[] Tokens(LoadedModel model, JsonElement text, string param)
    {
        int[] tokens = text.ValueKind switch
        {
            JsonValueKind.String => [.. model.Vocabulary.TokenizeText(RequestBody.Text(text, param))],
            JsonValueKind.Array => [.. text.EnumerateArray().Select((token, i) => Token(model, token, $"{param}[{i}]"))],
            _ => throw ApiFault.Invalid(param, $"'{param}' must be a string or a list of tokens."),
        };
        return tokens.Length > 0 ? tokens : throw ApiFault.Invalid(param, $"'{param}' is empty.");
    }

    private static int Token(LoadedModel model, JsonElement value, string param) =>
        value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var token) && token >= 0 && token < model.Vocabulary.Count
            ? token
            : throw ApiFault.Invalid(param, $"'{param}' must be one of this model's tokens, from 0 to {model.Vocabulary.Count - 1}.");
}
