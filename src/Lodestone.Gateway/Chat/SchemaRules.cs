using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>Whether a JSON Schema can be meant: its keywords have their types, and its references lead somewhere.</summary>
internal static class SchemaRules
{
    private const int Deepest = 32;
    private const int MostBytes = 256 * 1024;
    private const int MostHops = 32;

    private static readonly string[] Types = ["object", "array", "string", "number", "integer", "boolean", "null"];
    private static readonly string[] Lists = ["anyOf", "oneOf", "allOf", "prefixItems"];
    private static readonly string[] Maps = ["properties", "$defs", "definitions", "patternProperties"];
    private static readonly string[] Single = ["items", "additionalProperties", "not", "contains"];

    public static void Check(JsonElement schema, string param)
    {
        if (schema.GetRawText().Length > MostBytes)
        {
            throw GatewayRefusals.Invalid(param, $"may have at most {MostBytes} characters.");
        }

        Check(schema, schema, param, depth: 0);
    }

    private static void Check(JsonElement root, JsonElement schema, string param, int depth)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return;
        }

        if (schema.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be a JSON Schema: an object.");
        }

        if (depth > Deepest)
        {
            throw GatewayRefusals.Invalid(param, $"is nested deeper than {Deepest} levels.");
        }

        CheckType(schema, param);
        CheckReference(root, schema, param);
        CheckValues(schema, param);
        foreach (var (part, name) in Parts(schema, param))
        {
            Check(root, part, name, depth + 1);
        }
    }

    private static void CheckType(JsonElement schema, string param)
    {
        if (!BodyRules.TryGet(schema, "type", out var type))
        {
            return;
        }

        var named = type.ValueKind is JsonValueKind.Array ? type.EnumerateArray().ToArray() : [type];
        if (named.Length == 0 || !Array.TrueForAll(named, t => t.ValueKind is JsonValueKind.String && Array.Exists(Types, t.ValueEquals)))
        {
            throw GatewayRefusals.Invalid($"{param}.type", $"must be one of {string.Join(", ", Types)}.");
        }
    }

    private static void CheckValues(JsonElement schema, string param)
    {
        if (BodyRules.TryGet(schema, "enum", out var values) && (values.ValueKind is not JsonValueKind.Array || values.GetArrayLength() == 0))
        {
            throw GatewayRefusals.Invalid($"{param}.enum", "must be an array with at least one value.");
        }

        if (BodyRules.TryGet(schema, "required", out var required)
            && (required.ValueKind is not JsonValueKind.Array || required.EnumerateArray().Any(r => r.ValueKind is not JsonValueKind.String)))
        {
            throw GatewayRefusals.Invalid($"{param}.required", "must be an array of strings.");
        }
    }

    // A schema that is, through references alone, itself describes nothing. One that holds itself is fine.
    private static void CheckReference(JsonElement root, JsonElement schema, string param)
    {
        for (var hops = 0; BodyRules.TryGet(schema, "$ref", out var reference); hops++)
        {
            if (reference.ValueKind is not JsonValueKind.String || Follow(root, BodyRules.Text(reference, $"{param}.$ref")) is not { ValueKind: JsonValueKind.Object } target)
            {
                throw GatewayRefusals.Invalid($"{param}.$ref", "must lead to a part of this schema, such as #/$defs/name.");
            }

            if (hops == MostHops)
            {
                throw GatewayRefusals.Invalid($"{param}.$ref", "leads back to itself.");
            }

            schema = target;
        }
    }

    private static JsonElement? Follow(JsonElement root, string reference)
    {
        if (reference is "#")
        {
            return root;
        }

        if (!reference.StartsWith("#/", StringComparison.Ordinal))
        {
            return null;
        }

        JsonElement? at = root;
        foreach (var step in reference[2..].Split('/'))
        {
            var name = Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            at = at is { ValueKind: JsonValueKind.Object } owner && owner.TryGetProperty(name, out var next) ? next : null;
        }

        return at;
    }

    private static IEnumerable<(JsonElement Part, string Param)> Parts(JsonElement schema, string param)
    {
        foreach (var name in Maps)
        {
            foreach (var member in BodyRules.OptionalObject(schema, name, $"{param}.{name}")?.EnumerateObject() ?? default)
            {
                yield return (member.Value, $"{param}.{name}.{member.Name}");
            }
        }

        foreach (var name in Lists)
        {
            if (!BodyRules.TryGet(schema, name, out var list))
            {
                continue;
            }

            if (list.ValueKind is not JsonValueKind.Array || list.GetArrayLength() == 0)
            {
                throw GatewayRefusals.Invalid($"{param}.{name}", "must be an array with at least one schema.");
            }

            foreach (var item in BodyRules.Items(list, $"{param}.{name}"))
            {
                yield return item;
            }
        }

        foreach (var name in Single)
        {
            if (BodyRules.TryGet(schema, name, out var part))
            {
                yield return (part, $"{param}.{name}");
            }
        }
    }
}
