using System.Text.Json;

namespace Lodestone.Engine.Grammars;

/// <summary>Finds out whether any finite text satisfies a schema: one whose required parts contain themselves would never end.</summary>
internal sealed class SchemaEnding(JsonElement root)
{
    private const int MostVisits = 100_000;

    private static readonly string[] Choosing = ["anyOf", "oneOf"];

    private readonly HashSet<string> _under = new(StringComparer.Ordinal); // references being followed
    private readonly HashSet<string> _ending = new(StringComparer.Ordinal); // references that are known to end
    private int _visits;

    /// <exception cref="SchemaFault">No text satisfies it, or it branches too much to tell.</exception>
    public void Check()
    {
        if (!Ends(root, "#"))
        {
            throw new SchemaFault("#", "can never be satisfied: what it requires contains itself without end.");
        }
    }

    private bool Ends(JsonElement schema, string place)
    {
        if (++_visits > MostVisits)
        {
            throw new SchemaFault(place, "branches too much.");
        }

        if (schema.ValueKind is not JsonValueKind.Object)
        {
            return true; // true ends; what else it may be is refused elsewhere
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            return ReferenceEnds(SchemaReading.Text(reference, place), place);
        }

        return Choices(schema, place) && Parts(schema, place) && Members(schema, place) && Items(schema, place);
    }

    private bool ReferenceEnds(string pointer, string place)
    {
        if (_ending.Contains(pointer))
        {
            return true;
        }

        var ends = _under.Add(pointer) && Ends(SchemaReading.Resolve(root, pointer, place), pointer);
        _ = ends && _ending.Add(pointer);
        _under.Remove(pointer);
        return ends;
    }

    private bool Choices(JsonElement schema, string place) =>
        Choosing.All(name =>
            !schema.TryGetProperty(name, out var choices) || choices.ValueKind is not JsonValueKind.Array || choices.EnumerateArray().Any(choice => Ends(choice, place)));

    private bool Parts(JsonElement schema, string place) =>
        !schema.TryGetProperty("allOf", out var parts) || parts.ValueKind is not JsonValueKind.Array || parts.EnumerateArray().All(part => Ends(part, place));

    private bool Members(JsonElement schema, string place)
    {
        if (!schema.TryGetProperty("properties", out var properties) || properties.ValueKind is not JsonValueKind.Object)
        {
            return true;
        }

        var required = SchemaReading.Required(schema, place);
        return properties.EnumerateObject().All(property => !required.Contains(property.Name) || Ends(property.Value, $"{place}/properties/{property.Name}"));
    }

    private bool Items(JsonElement schema, string place) =>
        (SchemaReading.Count(schema, "minItems", place) ?? 0) == 0 || !schema.TryGetProperty("items", out var items) || Ends(items, $"{place}/items");
}
