using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lodestone.Engine.Grammars;

/// <summary>Turns a JSON schema into a grammar of the texts that it allows. What it has no rule for is refused, never ignored.</summary>
/// <remarks>Properties come in the schema's order. Objects with properties have no others, which every schema allows that does not
/// demand more.</remarks>
internal sealed class SchemaGrammar
{
    private const int DeepestNesting = 64;
    private const int MostChoices = 2000;

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Unsupported =
    [
        "patternProperties", "propertyNames", "minProperties", "maxProperties", "dependentRequired", "dependentSchemas", "dependencies", "if", "then", "else",
        "not", "unevaluatedProperties", "unevaluatedItems", "contains", "minContains", "maxContains", "additionalItems", "$dynamicRef", "$recursiveRef",
    ];

    private readonly JsonElement _schema;
    private readonly GrammarRules _rules = new();
    private readonly Dictionary<string, string> _references = new(StringComparer.Ordinal); // rules by pointer

    private SchemaGrammar(JsonElement schema) => _schema = schema;

    /// <summary>The grammar of a schema, beginning at <c>root</c>.</summary>
    /// <exception cref="SchemaFault">It has a part that is not supported, or no finite text satisfies it.</exception>
    public static string Compile(JsonElement schema)
    {
        new SchemaEnding(schema).Check();
        var compiler = new SchemaGrammar(schema);
        return compiler._rules.Write(compiler.Reference("#", new Place("#", 0, [])));
    }

    /// <summary>The grammar of any JSON object.</summary>
    public static string AnyObject()
    {
        var rules = new GrammarRules();
        return rules.Write(rules.Use("object"));
    }

    /// <summary>The grammar of texts that match a regular expression.</summary>
    /// <exception cref="SchemaFault">It has a part that is not supported.</exception>
    public static string Pattern(string pattern)
    {
        var rules = new GrammarRules();
        return rules.Write(rules.Add(PatternGrammar.Expression(pattern, "#")));
    }

    private string Visit(JsonElement schema, Place place)
    {
        if (schema.ValueKind is JsonValueKind.True)
        {
            return _rules.Use("value");
        }

        if (schema.ValueKind is not JsonValueKind.Object)
        {
            throw new SchemaFault(place.Pointer, schema.ValueKind is JsonValueKind.False ? "allows nothing." : "must be an object.");
        }

        Check(schema, place);
        if (schema.TryGetProperty("$ref", out var reference))
        {
            return Reference(SchemaReading.Text(reference, place.Pointer), place);
        }

        if (schema.TryGetProperty("const", out var constant))
        {
            return _rules.Add(Constant(constant));
        }

        if (schema.TryGetProperty("enum", out var values))
        {
            return _rules.Add(string.Join(" | ", SchemaReading.List(values, "enum", MostChoices, place.Pointer).Select(Constant)));
        }

        foreach (var name in new[] { "anyOf", "oneOf" })
        {
            if (schema.TryGetProperty(name, out var choices))
            {
                var rules = SchemaReading.List(choices, name, MostChoices, place.Pointer).Select((choice, i) => Visit(choice, place.Beside($"{name}/{i}")));
                return _rules.Add(string.Join(" | ", rules));
            }
        }

        return schema.TryGetProperty("allOf", out _) ? Visit(SchemaReading.Merge(_schema, schema, place.Pointer), place.Beside("allOf")) : Typed(schema, place);
    }

    private static void Check(JsonElement schema, Place place)
    {
        if (place.Depth > DeepestNesting)
        {
            throw new SchemaFault(place.Pointer, $"is nested deeper than {DeepestNesting} levels.");
        }

        if (Unsupported.FirstOrDefault(name => schema.TryGetProperty(name, out _)) is { } unsupported)
        {
            throw new SchemaFault(place.Pointer, $"has '{unsupported}', which is not supported.");
        }

        if (schema.TryGetProperty("uniqueItems", out var unique) && unique.ValueKind is JsonValueKind.True)
        {
            throw new SchemaFault(place.Pointer, "has 'uniqueItems', which is not supported.");
        }

        SchemaReading.CheckCombination(schema, place.Pointer);
    }

    private string Reference(string pointer, Place place)
    {
        if (place.Passed.Contains(pointer))
        {
            throw new SchemaFault(place.Pointer, "refers to itself with nothing in between.");
        }

        if (_references.TryGetValue(pointer, out var known))
        {
            return known;
        }

        var rule = _rules.Reserve();
        _references.Add(pointer, rule);
        var target = SchemaReading.Resolve(_schema, pointer, place.Pointer);
        _rules.Set(rule, Visit(target, new Place(pointer, place.Depth + 1, place.Passed.Add(pointer))));
        return rule;
    }

    private string Typed(JsonElement schema, Place place)
    {
        var types = SchemaReading.Types(schema, place.Pointer);
        return types.Count == 1 ? OfType(types[0], schema, place) : _rules.Add(string.Join(" | ", types.Select(type => OfType(type, schema, place))));
    }

    private string OfType(string type, JsonElement schema, Place place) => type switch
    {
        "object" => Object(schema, place),
        "array" => Array(schema, place),
        "string" => StringGrammar.Add(_rules, schema, place.Pointer),
        "integer" or "number" => NumberGrammar.Add(_rules, type, schema, place.Pointer),
        "boolean" or "null" or "value" => _rules.Use(type),
        _ => throw new SchemaFault(place.Pointer, $"has the unknown type '{type}'."),
    };

    private string Object(JsonElement schema, Place place)
    {
        _rules.Use("space");
        _rules.Use("string");
        var required = SchemaReading.Required(schema, place.Pointer);
        if (!schema.TryGetProperty("properties", out var properties) || !properties.EnumerateObject().Any())
        {
            return required.Count == 0 ? Map(schema, place) : throw new SchemaFault(place.Pointer, $"requires '{required.First()}' without describing it in 'properties'.");
        }

        if (required.FirstOrDefault(name => !properties.TryGetProperty(name, out _)) is { } missing)
        {
            throw new SchemaFault(place.Pointer, $"requires '{missing}' without describing it in 'properties'.");
        }

        // From the last to the first: what may follow when a property has been written already, and when none has.
        var (after, first) = ("", "");
        foreach (var property in properties.EnumerateObject().Reverse())
        {
            var key = GrammarRules.Literal(JsonSerializer.Serialize(property.Name, Plain));
            var pair = _rules.Add($"{key} space \":\" space {Visit(property.Value, place.Inside($"properties/{property.Name}"))} space");
            var isRequired = required.Contains(property.Name);
            first = _rules.Add(Either($"{pair} {after}", first, isRequired));
            after = _rules.Add(Either($"\",\" space {pair} {after}", after, isRequired));
        }

        return _rules.Add($"\"{{\" space {first} \"}}\"");
    }

    // An alternative that is nothing is no alternative in this notation.
    private static string Either(string with, string without, bool isRequired) =>
        isRequired ? with : without.Length == 0 ? $"({with})?" : $"{with} | {without}";

    private string Map(JsonElement schema, Place place)
    {
        if (schema.TryGetProperty("additionalProperties", out var others) && others.ValueKind is JsonValueKind.False)
        {
            return _rules.Add("\"{\" space \"}\"");
        }

        var value = others.ValueKind is JsonValueKind.Object ? Visit(others, place.Inside("additionalProperties")) : _rules.Use("value");
        var pair = _rules.Add($"string space \":\" space {value} space");
        return _rules.Add($"\"{{\" space ({pair} (\",\" space {pair})*)? \"}}\"");
    }

    private string Array(JsonElement schema, Place place)
    {
        _rules.Use("space");
        var least = SchemaReading.Count(schema, "minItems", place.Pointer) ?? 0;
        var most = SchemaReading.Count(schema, "maxItems", place.Pointer);
        if (schema.TryGetProperty("prefixItems", out var prefix))
        {
            return Tuple(prefix, place);
        }

        if (most == 0)
        {
            return _rules.Add("\"[\" space \"]\"");
        }

        var item = schema.TryGetProperty("items", out var items) ? Visit(items, place.Inside("items")) : _rules.Use("value");
        var further = $"(\",\" space {item} space)" + SchemaReading.Repetition(Math.Max(least - 1, 0), most - 1);
        var filled = $"{item} space {further}";
        return _rules.Add($"\"[\" space {(least == 0 ? $"({filled})?" : filled)} \"]\"");
    }

    private string Tuple(JsonElement prefix, Place place)
    {
        var items = SchemaReading.List(prefix, "prefixItems", MostChoices, place.Pointer).Select((item, i) => Visit(item, place.Inside($"prefixItems/{i}")) + " space");
        return _rules.Add($"\"[\" space {string.Join(" \",\" space ", items)} \"]\"");
    }

    private static string Constant(JsonElement value) => GrammarRules.Literal(JsonSerializer.Serialize(value, Plain));

    /// <param name="Pointer">Where.</param>
    /// <param name="Depth">Levels from the schema's root.</param>
    /// <param name="Passed">References followed since the last bracket or brace.</param>
    private sealed record Place(string Pointer, int Depth, ImmutableHashSet<string> Passed)
    {
        public Place Inside(string member) => new($"{Pointer}/{member}", Depth + 1, []);

        public Place Beside(string member) => new($"{Pointer}/{member}", Depth + 1, Passed);
    }
}
