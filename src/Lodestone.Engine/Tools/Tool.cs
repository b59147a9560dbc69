using System.Text.Json;
using Lodestone.Engine.Grammars;
using Lodestone.Engine.Http;

namespace Lodestone.Engine.Tools;

/// <summary>A function that the model may ask to be called.</summary>
/// <param name="Name">As the caller knows it.</param>
/// <param name="Definition">As it was sent, for the template.</param>
/// <param name="Parameters">The schema of its arguments; any object if there is none.</param>
internal sealed record Tool(string Name, JsonElement Definition, JsonElement Parameters)
{
    private const int Most = 128;
    private const int LongestName = 64;

    private static readonly JsonElement AnyObject = JsonDocument.Parse("""{"type":"object"}""").RootElement;

    /// <exception cref="ApiFault">Names the entry at fault.</exception>
    public static IReadOnlyList<Tool> Read(JsonElement? tools)
    {
        if (tools is not { } list)
        {
            return [];
        }

        if (list.ValueKind is not JsonValueKind.Array || list.GetArrayLength() > Most)
        {
            throw ApiFault.Invalid("tools", $"'tools' must be a list of at most {Most} functions.");
        }

        return list.EnumerateArray().Select((tool, i) => Read(tool, $"tools[{i}]")).ToList();
    }

    private static Tool Read(JsonElement tool, string param)
    {
        if (tool.ValueKind is not JsonValueKind.Object || !tool.TryGetProperty("function", out var function) || function.ValueKind is not JsonValueKind.Object)
        {
            throw ApiFault.Invalid(param, $"'{param}' must be an object of type 'function' with a 'function'.");
        }

        var name = function.TryGetProperty("name", out var given) ? RequestBody.Text(given, $"{param}.function.name") : "";
        if (name.Length is 0 or > LongestName || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
        {
            throw ApiFault.Invalid($"{param}.function.name", $"'{param}.function.name' must have 1 to {LongestName} letters, digits, '_', '-' or '.'.");
        }

        var hasParameters = function.TryGetProperty("parameters", out var parameters) && parameters.ValueKind is not JsonValueKind.Null;
        var isStrict = function.TryGetProperty("strict", out var strict) && strict.ValueKind is JsonValueKind.True;
        return new Tool(name, tool, hasParameters ? Supported(parameters, isStrict, param) : AnyObject);
    }

    // What is not strict is a wish: where there is no rule for the schema, any object will do.
    private static JsonElement Supported(JsonElement parameters, bool isStrict, string param)
    {
        try
        {
            SchemaGrammar.Compile(parameters);
            return parameters;
        }
        catch (SchemaFault fault)
        {
            return isStrict
                ? throw new ApiFault(StatusCodes.Status400BadRequest, fault.Message, $"{param}.function.parameters", "unsupported_schema")
                : AnyObject;
        }
    }
}
