using System.Text.Json;

namespace Lodestone.Engine.Grammars;

/// <summary>Rules for numbers: bounds of whole numbers exactly, of others only zero.</summary>
internal static class NumberGrammar
{
    /// <summary>The rule of a number schema.</summary>
    /// <exception cref="SchemaFault">Its bounds are not supported, or leave nothing.</exception>
    public static string Add(GrammarRules rules, string type, JsonElement schema, string place)
    {
        if (schema.TryGetProperty("multipleOf", out var step) && !(type is "integer" && step.ValueKind is JsonValueKind.Number && step.GetDouble() is 1))
        {
            throw new SchemaFault(place, "has 'multipleOf', which is not supported.");
        }

        var least = Bound(schema, "minimum", "exclusiveMinimum", step: 1, place);
        var most = Bound(schema, "maximum", "exclusiveMaximum", step: -1, place);
        if (type is "integer")
        {
            return least is null && most is null ? rules.Use("integer") : Whole(rules, least?.Whole, most?.Whole, place);
        }

        if (most is null && (least is null || least is { Value: 0, IsExclusive: false }))
        {
            rules.Use("number");
            return least is null ? "number" : rules.Add("whole (\".\" digits)?");
        }

        // Between whole bounds every number has a whole part within them; nothing is said of fractions beyond the last one.
        return least is { IsExclusive: false, IsWhole: true, Value: >= 0 } && most is { IsWhole: true } && most.Whole > least.Whole
            ? Fractional(rules, least.Whole, most)
            : throw new SchemaFault(place, "bounds a 'number' in a way that is not supported: use 'integer', or whole bounds from zero up.");
    }

    private static string Whole(GrammarRules rules, long? least, long? most, string place)
    {
        var (from, to) = (least ?? -IntegerRange.Farthest, most ?? IntegerRange.Farthest);
        return from <= to && from >= -IntegerRange.Farthest && to <= IntegerRange.Farthest
            ? rules.Add(IntegerRange.Expression(from, to))
            : throw new SchemaFault(place, $"leaves no number, or bounds it beyond ±{IntegerRange.Farthest}.");
    }

    private static string Fractional(GrammarRules rules, long least, Limit most)
    {
        rules.Use("number");
        var below = $"({IntegerRange.Expression(least, (long)most.Value - 1)}) (\".\" digits)?";
        return rules.Add(most.IsExclusive ? below : $"{below} | {IntegerRange.Expression((long)most.Value, (long)most.Value)}");
    }

    private static Limit? Bound(JsonElement schema, string inclusive, string exclusive, int step, string place)
    {
        var outer = Number(schema, inclusive, place);
        var inner = Number(schema, exclusive, place);
        return (outer, inner) switch
        {
            (null, null) => null,
            ({ } value, null) => new Limit(value, IsExclusive: false, step),
            (null, { } value) => new Limit(value, IsExclusive: true, step),
            _ => throw new SchemaFault(place, $"has both '{inclusive}' and '{exclusive}': leave one out."),
        };
    }

    private static double? Number(JsonElement schema, string name, string place)
    {
        if (!schema.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.Number && Math.Abs(value.GetDouble()) <= IntegerRange.Farthest
            ? value.GetDouble()
            : throw new SchemaFault(place, $"has a '{name}' that is no number within ±{IntegerRange.Farthest}.");
    }

    /// <param name="Value">The bound as written.</param>
    /// <param name="IsExclusive">It is not allowed itself.</param>
    /// <param name="Step">Towards the allowed numbers.</param>
    private sealed record Limit(double Value, bool IsExclusive, int Step)
    {
        public bool IsWhole => double.IsInteger(Value);

        /// <summary>The first whole number that is allowed.</summary>
        public long Whole => IsExclusive && IsWhole ? (long)Value + Step : (long)(Step > 0 ? Math.Ceiling(Value) : Math.Floor(Value));
    }
}
