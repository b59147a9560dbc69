using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Engine.Conversion;

/// <summary>A model's tokenizer and chat template, from the files that the source has of them, as metadata.</summary>
internal static class Tokenizer
{
    private const string Fast = "tokenizer.json";
    private const string Pieces = "tokenizer.model";

    /// <exception cref="EngineFault">There is no tokenizer, or one that llama.cpp has not.</exception>
    public static void Write(SourceModel model, JsonObject config, int vocabulary, GgufWriter to)
    {
        var (fast, settings) = (model.Json(Fast), model.Json("tokenizer_config.json") ?? []);
        var table = Read(model, fast, settings, vocabulary);
        table.Write(to);
        var beginning = IdOf("bos", table, settings, config);
        var end = IdOf("eos", table, settings, config);
        foreach (var (key, id) in new[] { ("bos", beginning), ("eos", end), ("unknown", IdOf("unk", table, settings, config)), ("padding", IdOf("pad", table, settings, config)) })
        {
            if (id is { } known)
            {
                to.Set($"tokenizer.ggml.{key}_token_id", (uint)known);
            }
        }

        to.Set("tokenizer.ggml.add_bos_token", beginning is not null && (Truth(settings, "add_bos_token") ?? Begins(fast, table, beginning) ?? table.Model is "llama"));
        to.Set("tokenizer.ggml.add_eos_token", end is not null && Truth(settings, "add_eos_token") is true);
        if ((model.Text("chat_template.jinja") ?? TemplateOf(settings["chat_template"])) is { } template)
        {
            to.Set("tokenizer.chat_template", template);
        }
    }

    private static TokenTable Read(SourceModel model, JsonObject? fast, JsonObject settings, int vocabulary)
    {
        if (fast is not null && ByteLevelVocabulary.Is(fast))
        {
            return ByteLevelVocabulary.Read(fast, vocabulary);
        }

        if (model.Bytes(Pieces) is { } pieces)
        {
            var table = SentencePieces.Read(pieces, vocabulary);
            table.Add(fast?["added_tokens"] as JsonArray ?? Decoder(settings));
            return table;
        }

        return fast is not null
            ? PieceVocabulary.Read(fast, vocabulary)
            : throw new EngineFault($"There is no tokenizer: neither {Fast} nor {Pieces}.");
    }

    /// <summary>Added tokens as <c>tokenizer_config.json</c> has them, where there is no other file.</summary>
    private static JsonArray Decoder(JsonObject settings) =>
        [.. (settings["added_tokens_decoder"] as JsonObject ?? []).Where(t => t.Value is JsonObject && int.TryParse(t.Key, System.Globalization.CultureInfo.InvariantCulture, out _)).Select(t => new JsonObject
        {
            ["id"] = int.Parse(t.Key, System.Globalization.CultureInfo.InvariantCulture), ["content"] = t.Value!["content"]?.DeepClone(), ["special"] = t.Value["special"]?.DeepClone(), // an object, above
        })];

    /// <summary>By its text in the tokenizer's settings, else by its number in the model's, of which the first counts.</summary>
    private static int? IdOf(string name, TokenTable table, JsonObject settings, JsonObject config)
    {
        var text = settings[$"{name}_token"] is JsonObject token ? token["content"]?.ToString() : settings[$"{name}_token"]?.ToString();
        var id = config[$"{name}_token_id"] is JsonArray several ? several.FirstOrDefault() : config[$"{name}_token_id"];
        return table.Find(text) ?? (id is JsonValue value && value.TryGetValue<int>(out var number) && number >= 0 ? number : null);
    }

    /// <summary>Whether the tokenizer puts the beginning token before every text; null: it does not say.</summary>
    private static bool? Begins(JsonObject? fast, TokenTable table, int? beginning)
    {
        var processor = fast?["post_processor"] as JsonObject;
        var steps = processor?["processors"] as JsonArray ?? (processor is null ? [] : [processor.DeepClone()]);
        var template = steps.OfType<JsonObject>().FirstOrDefault(step => step["type"]?.ToString() is "TemplateProcessing");
        return template?["single"] is JsonArray { Count: > 0 } single ? table.Find(single[0]?["SpecialToken"]?["id"]?.ToString()) is { } first && first == beginning : null;
    }

    private static string? TemplateOf(JsonNode? given) => given switch
    {
        JsonValue text when text.GetValueKind() is JsonValueKind.String => text.GetValue<string>(),
        JsonArray several => (several.OfType<JsonObject>().FirstOrDefault(t => t["name"]?.ToString() is "default") ?? several.OfType<JsonObject>().FirstOrDefault())?["template"]?.ToString(),
        _ => null,
    };

    private static bool? Truth(JsonObject from, string name) => from[name]?.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}
