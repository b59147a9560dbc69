using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>What form a chat request wants its answer in: JSON, a schema, probabilities.</summary>
internal static class FormatRules
{
    private static readonly NumberRule TopLogprobs = new("top_logprobs", 0, 20, IsWhole: true);

    public static bool IsPassedOn(string name) => name is "response_format";

    public static void Check(JsonElement body, List<Need> needs)
    {
        var wantsLogprobs = BodyRules.Flag(body, "logprobs");
        if (TopLogprobs.OptionalWhole(body) > 0 && !wantsLogprobs)
        {
            throw GatewayRefusals.Invalid("top_logprobs", "needs 'logprobs' to be true.");
        }

        if (wantsLogprobs)
        {
            needs.Add(new Need(ModelFeatures.Logprobs, "logprobs"));
        }

        CheckFormat(body, needs);
        if (BodyRules.TryGet(body, "modalities", out var modalities)
            && (modalities.ValueKind is not JsonValueKind.Array || modalities.EnumerateArray().Any(m => m.ValueKind is not JsonValueKind.String || !m.ValueEquals("text"))))
        {
            throw GatewayRefusals.Unsupported("modalities", "A modality other than text");
        }
    }

    private static void CheckFormat(JsonElement body, List<Need> needs)
    {
        if (BodyRules.OptionalObject(body, "response_format") is not { } format)
        {
            return;
        }

        switch (BodyRules.RequiredText(format, "type", "response_format.type"))
        {
            case "text":
                return;
            case "json_object":
                CheckSchema(format, "value", "response_format.value", isNeeded: false);
                break;
            case "json":
                CheckSchema(format, "value", "response_format.value", isNeeded: true);
                break;
            case "json_schema":
                CheckNamedSchema(format);
                break;
            case "regex":
                BodyRules.RequiredText(format, "value", "response_format.value");
                break;
            default:
                throw GatewayRefusals.Invalid("response_format.type", "must be one of text, json_object and json_schema.");
        }

        needs.Add(new Need(ModelFeatures.Schema, "response_format", "A 'response_format' other than text"));
    }

    private static void CheckNamedSchema(JsonElement format)
    {
        const string Param = "response_format.json_schema";
        var named = BodyRules.RequiredObject(format, "json_schema", Param);
        if (BodyRules.RequiredText(named, "name", $"{Param}.name").Length > 64)
        {
            throw GatewayRefusals.Invalid($"{Param}.name", "may have at most 64 characters.");
        }

        BodyRules.Flag(named, "strict", $"{Param}.strict");
        CheckSchema(named, "schema", $"{Param}.schema", isNeeded: true);
    }

    private static void CheckSchema(JsonElement owner, string name, string param, bool isNeeded)
    {
        if (BodyRules.OptionalObject(owner, name, param) is { } schema)
        {
            SchemaRules.Check(schema, param);
        }
        else if (isNeeded)
        {
            throw GatewayRefusals.Missing(param);
        }
    }
}
