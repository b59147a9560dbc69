using System.Text.Json;
using Lodestone.Engine.Grammars;

namespace Lodestone.Engine.Http;

/// <summary>What <c>response_format</c> may say, in the ways that OpenAI's, Mistral's and Hugging Face's clients say it, as a grammar.</summary>
internal static class ResponseFormats
{
    /// <summary>The grammar that answers must match; null for any text.</summary>
    /// <exception cref="ApiFault">The format is unknown, or its schema is not supported: says where and why.</exception>
    public static string? Grammar(JsonElement? format)
    {
        if (format is not { } asked)
        {
            return null;
        }

        if (asked.ValueKind is not JsonValueKind.Object || !asked.TryGetProperty("type", out var type) || type.ValueKind is not JsonValueKind.String)
        {
            throw ApiFault.Invalid("response_format", "'response_format' must be an object with a 'type'.");
        }

        return type.GetString() switch
        {
            "text" => null,
            "json_object" or "json" => Member(asked, "value") is { } schema ? OfSchema(schema) : SchemaGrammar.AnyObject(),
            "json_schema" => OfSchema(Member(Required(asked, "json_schema"), "schema") ?? throw Missing("json_schema.schema")),
            "regex" => OfPattern(RequestBody.Text(Required(asked, "value"), "response_format.value")),
            var other => throw ApiFault.Invalid("response_format", $"'response_format.type' is '{other}'; it must be text, json_object, json_schema or regex."),
        };
    }

    /// <summary>A schema's grammar.</summary>
    /// <exception cref="ApiFault">It is not supported.</exception>
    public static string OfSchema(JsonElement schema, string param = "response_format")
    {
        try
        {
            return SchemaGrammar.Compile(schema);
        }
        catch (SchemaFault fault)
        {
            throw new ApiFault(StatusCodes.Status400BadRequest, fault.Message, param, "unsupported_schema");
        }
    }

    private static string OfPattern(string pattern)
    {
        try
        {
            return SchemaGrammar.Pattern(pattern);
        }
        catch (SchemaFault fault)
        {
            throw new ApiFault(StatusCodes.Status400BadRequest, fault.Message, "response_format", "unsupported_schema");
        }
    }

    private static JsonElement Required(JsonElement format, string name) => Member(format, name) ?? throw Missing(name);

    private static JsonElement? Member(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : null;

    private static ApiFault Missing(string name) => ApiFault.Invalid("response_format", $"'response_format.{name}' is missing.");
}
