using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Engine.Grammars;

/// <summary>Reads a schema's keywords so that a mistake is answered with its place.</summary>
internal static class SchemaReading
{
    private const int LongestRepetition = 1000;
    private const int MostProperties = 1000;

    // What may stand beside $ref, anyOf and their like without changing what is allowed.
    private static readonly string[] Annotations =
        ["title", "description", "default", "examples", "example", "$defs", "definitions", "$schema", "$id", "$comment", "deprecated", "readOnly", "writeOnly", "discriminator"];

    private static readonly string[] Combining = ["$ref", "anyOf", "oneOf", "allOf"];
    private static readonly string[] Mergeable = ["type", "properties", "required", "additionalProperties"];

    public static string Text(JsonElement value, string place)
    {
        try
        {
            return value.GetString() ?? throw new SchemaFault(place, "has null where a string must be.");
        }
        catch (InvalidOperationException)
        {
            throw new SchemaFault(place, "has something else where a string of whole characters must be.");
        }
    }

    public static IReadOnlyList<JsonElement> List(JsonElement value, string name, int most, string place) =>
        value.ValueKind is JsonValueKind.Array && value.GetArrayLength() is var length && length > 0 && length <= most
            ? [.. value.EnumerateArray()]
            : throw new SchemaFault(place, $"has '{name}', which must be a list of 1 to {most} entries.");

    public static int? Count(JsonElement schema, string name, string place)
    {
        if (!schema.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var count) && count is >= 0 and <= LongestRepetition
            ? count
            : throw new SchemaFault(place, $"has '{name}', which must be a whole number from 0 to {LongestRepetition}.");
    }

    /// <summary>How often, as a grammar says it.</summary>
    public static string Repetition(int least, int? most)
    {
        if (most < least)
        {
            return "{0}"; // refused by who reads the bounds, or nothing
        }

        return (least, most) switch
        {
            (0, null) => "*",
            (_, null) => string.Create(CultureInfo.InvariantCulture, $"{{{least},}}"),
            (0, 0) => "{0}",
            _ => string.Create(CultureInfo.InvariantCulture, $"{{{least},{most}}}"),
        };
    }

    public static HashSet<string> Required(JsonElement schema, string place) =>
        schema.TryGetProperty("required", out var required) && required.ValueKind is JsonValueKind.Array
            ? required.EnumerateArray().Select(name => Text(name, place)).ToHashSet(StringComparer.Ordinal)
            : [];

    /// <summary>The types that a schema names, or the one that its other keywords are about.</summary>
    public static IReadOnlyList<string> Types(JsonElement schema, string place)
    {
        if (schema.TryGetProperty("type", out var type))
        {
            return type.ValueKind is JsonValueKind.Array ? List(type, "type", 7, place).Select(t => Text(t, place)).ToList() : [Text(type, place)];
        }

        var isOf = (params string[] names) => names.Any(name => schema.TryGetProperty(name, out _));
        return isOf("properties", "required", "additionalProperties") ? ["object"]
            : isOf("items", "prefixItems", "minItems", "maxItems") ? ["array"]
            : isOf("pattern", "minLength", "maxLength", "format") ? ["string"]
            : isOf("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf") ? ["number"]
            : ["value"];
    }

    /// <summary>What a reference within the schema points to.</summary>
    public static JsonElement Resolve(JsonElement root, string pointer, string place)
    {
        if (!pointer.StartsWith('#'))
        {
            throw new SchemaFault(place, $"refers to '{pointer}': only references within the schema are followed, such as '#/$defs/name'.");
        }

        var target = root;
        foreach (var step in pointer.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (target.ValueKind is not JsonValueKind.Object || !target.TryGetProperty(name, out target))
            {
                throw new SchemaFault(place, $"refers to '{pointer}', which is not there.");
            }
        }

        return target;
    }

    /// <summary>Refuses keywords that would add to a reference or a choice, and malformed properties.</summary>
    public static void CheckCombination(JsonElement schema, string place)
    {
        var combining = Combining.Where(name => schema.TryGetProperty(name, out _)).ToList();
        var others = schema.EnumerateObject().Where(member => !Annotations.Contains(member.Name, StringComparer.Ordinal) && !Combining.Contains(member.Name, StringComparer.Ordinal));
        if (combining.Count > 1 || (combining is [not "allOf"] && others.Any()))
        {
            throw new SchemaFault(place, $"combines '{combining[0]}' with other rules, which is not supported.");
        }

        if (schema.TryGetProperty("properties", out var properties)
            && (properties.ValueKind is not JsonValueKind.Object || properties.EnumerateObject().Count() > MostProperties))
        {
            throw new SchemaFault(place, $"has 'properties', which must be an object of at most {MostProperties} schemas.");
        }

        foreach (var (least, most) in new[] { ("minLength", "maxLength"), ("minItems", "maxItems") })
        {
            if (Count(schema, most, place) < Count(schema, least, place))
            {
                throw new SchemaFault(place, $"has a '{most}' below its '{least}'.");
            }
        }
    }

    /// <summary>One object schema for all of <c>allOf</c> and what stands beside it.</summary>
    public static JsonElement Merge(JsonElement root, JsonElement schema, string place)
    {
        var (properties, required, result) = (new JsonObject(), new JsonArray(), new JsonObject { ["type"] = "object" });
        var parts = List(schema.GetProperty("allOf"), "allOf", 100, place).Select(part => Followed(root, part, place)).ToList();
        if (parts.Count == 1 && schema.EnumerateObject().All(member => member.Name is "allOf" || Annotations.Contains(member.Name, StringComparer.Ordinal)))
        {
            return parts[0];
        }

        foreach (var member in parts.Append(schema).Where(part => part.ValueKind is JsonValueKind.Object).SelectMany(part => part.EnumerateObject()))
        {
            switch (member.Name)
            {
                case "properties":
                    foreach (var property in member.Value.EnumerateObject())
                    {
                        _ = properties.TryAdd(property.Name, JsonNode.Parse(property.Value.GetRawText()))
                            ? true
                            : throw new SchemaFault(place, $"describes '{property.Name}' twice in 'allOf', which is not supported.");
                    }

                    break;
                case "required":
                    foreach (var name in member.Value.EnumerateArray())
                    {
                        required.Add((JsonNode)Text(name, place));
                    }

                    break;
                case "type" when !member.Value.ValueEquals("object"):
                    throw new SchemaFault(place, "combines by 'allOf' what is not an object, which is not supported.");
                case var name when name is not "allOf" && !Mergeable.Contains(name, StringComparer.Ordinal) && !Annotations.Contains(name, StringComparer.Ordinal):
                    throw new SchemaFault(place, $"has '{name}' in or beside 'allOf', which is not supported.");
                default:
                    break;
            }
        }

        result["properties"] = properties;
        result["required"] = required;
        return JsonDocument.Parse(result.ToJsonString()).RootElement;
    }

    private static JsonElement Followed(JsonElement root, JsonElement part, string place) =>
        part.ValueKind is JsonValueKind.Object && part.TryGetProperty("$ref", out var reference) ? Resolve(root, Text(reference, place), place) : part;
}
