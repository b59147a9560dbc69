using System.Globalization;

namespace Lodestone.Engine.Templates;

// A value of a template is null (none), Undefined, bool, long, double, MarkedText, List<object?>, Map or Callable.

/// <summary>What a name stands for that nobody set.</summary>
internal sealed class Undefined
{
    public static readonly Undefined Value = new();
}

/// <summary>A mapping in the order of insertion, its keys texts or numbers; also a namespace, whose members a template may set.</summary>
internal sealed class Map : OrderedDictionary<object, object?>
{
    /// <summary>Made by <c>namespace()</c>: <c>{% set ns.x = … %}</c> is allowed.</summary>
    public bool IsNamespace { get; init; }

    public object? Find(string name) => TryGetValue(MarkedText.Trusted(name), out var value) ? value : Undefined.Value;

    public void Put(string name, object? value) => this[MarkedText.Trusted(name)] = value;
}

/// <summary>A macro, a method or a function that the worker offers.</summary>
internal delegate object? Callable(CallArguments arguments);

/// <summary>What a call passes, evaluated.</summary>
internal sealed record CallArguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    public static readonly CallArguments None = new([], new Dictionary<string, object?>(StringComparer.Ordinal));

    public int Count => Positional.Count;

    /// <summary>The argument by place or name; <paramref name="otherwise"/> if it was not passed.</summary>
    public object? Get(int place, string name, object? otherwise = null) =>
        place < Positional.Count ? Positional[place] : Named.TryGetValue(name, out var value) ? value : otherwise;

    /// <exception cref="TemplateFault">It was not passed, or is no text.</exception>
    public MarkedText Text(int place, string name) =>
        Get(place, name) as MarkedText ?? throw new TemplateFault($"The chat template passes no text as '{name}'.");

    /// <exception cref="TemplateFault">It is no whole number.</exception>
    public long Integer(int place, string name, long otherwise) =>
        Get(place, name, otherwise) is long value ? value : throw new TemplateFault($"The chat template passes no whole number as '{name}'.");
}

/// <summary>What Python would say about values: truth, equality, order, text.</summary>
internal static class Values
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long number => number != 0,
        double number => number != 0,
        MarkedText text => text.Length > 0,
        List<object?> list => list.Count > 0,
        Map map => map.IsNamespace || map.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (bool or long or double, bool or long or double) => Number(left).Equals(Number(right)),
        (List<object?> a, List<object?> b) => a.Count == b.Count && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second)),
        (Map a, Map b) => a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var other) && AreEqual(pair.Value, other)),
        _ => Equals(left, right),
    };

    /// <exception cref="TemplateFault">The values have no common order.</exception>
    public static int Compare(object? left, object? right) => (left, right) switch
    {
        (bool or long or double, bool or long or double) => Number(left).CompareTo(Number(right)),
        (MarkedText a, MarkedText b) => string.CompareOrdinal(a.Value, b.Value),
        _ => throw new TemplateFault($"The chat template compares {Kind(left)} with {Kind(right)}."),
    };

    public static double Number(object? value) => value switch
    {
        bool truth => truth ? 1 : 0,
        long number => number,
        double number => number,
        _ => throw new TemplateFault($"The chat template uses {Kind(value)} as a number."),
    };

    /// <exception cref="TemplateFault">The value has no elements.</exception>
    public static List<object?> Elements(object? value) => value switch
    {
        List<object?> list => list,
        Map map => [.. map.Keys],
        MarkedText text => [.. Enumerable.Range(0, text.Length).Select(i => text.Slice(i, 1))],
        Undefined => [],
        _ => throw new TemplateFault($"The chat template loops over {Kind(value)}."),
    };

    /// <summary>The value as <c>{{ }}</c> prints it.</summary>
    public static MarkedText Print(object? value) => value switch
    {
        MarkedText text => text,
        Undefined => MarkedText.Empty,
        null => MarkedText.Trusted("None"),
        bool truth => MarkedText.Trusted(truth ? "True" : "False"),
        long number => MarkedText.Trusted(number.ToString(CultureInfo.InvariantCulture)),
        double number => MarkedText.Trusted(Print(number)),
        List<object?> or Map => Json.Python.Write(value),
        _ => throw new TemplateFault("The chat template prints a function."),
    };

    public static string Print(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        return double.IsInteger(number) && !text.Contains('E', StringComparison.Ordinal) ? text + ".0" : text;
    }

    public static string Kind(object? value) => value switch
    {
        null => "none",
        Undefined => "an undefined value",
        bool => "a boolean",
        long or double => "a number",
        MarkedText => "a text",
        List<object?> => "a list",
        Map => "a mapping",
        _ => "a function",
    };
}
