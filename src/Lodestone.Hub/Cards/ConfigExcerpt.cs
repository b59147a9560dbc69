using System.Text.Json.Nodes;

namespace Lodestone.Hub;

/// <summary>The part of a model's configuration that clients read without downloading it.</summary>
internal static class ConfigExcerpt
{
    private static readonly string[] ModelKeys = ["architectures", "model_type", "auto_map", "quantization_config"];
    private static readonly string[] TokenizerKeys = ["bos_token", "eos_token", "pad_token", "unk_token", "mask_token", "chat_template", "use_default_system_prompt"];

    public static JsonObject? Of(JsonObject? config, JsonObject? tokenizer)
    {
        var excerpt = Pick(config, ModelKeys);
        if (Pick(tokenizer, TokenizerKeys) is { Count: > 0 } special)
        {
            foreach (var key in special.Select(p => p.Key).ToList())
            {
                special[key] = special[key] is JsonObject token && token["content"] is { } text ? text.DeepClone() : special[key]?.DeepClone();
            }

            excerpt["tokenizer_config"] = special;
        }

        return excerpt.Count > 0 ? excerpt : null;
    }

    private static JsonObject Pick(JsonObject? from, string[] keys)
    {
        var picked = new JsonObject();
        foreach (var key in keys)
        {
            if (from?[key] is { } value)
            {
                picked[key] = CardValues.Clean(value);
            }
        }

        return picked;
    }
}
