using System.Collections.Frozen;
using System.Globalization;

namespace Lodestone.Engine.Templates;

/// <summary>What may follow <c>|</c>.</summary>
internal static class Filters
{
    private static readonly FrozenDictionary<string, Func<object?, CallArguments, object?>> ByName =
        new Dictionary<string, Func<object?, CallArguments, object?>>(StringComparer.Ordinal)
        {
            ["trim"] = (value, a) => Text(value).Trim(atStart: true, atEnd: true, (a.Get(0, "chars") as MarkedText)?.Value),
            ["upper"] = (value, _) => Text(value).Map(t => t.ToUpperInvariant()),
            ["lower"] = (value, _) => Text(value).Map(t => t.ToLowerInvariant()),
            ["capitalize"] = (value, _) => Text(value).Map(Methods.Capitalized),
            ["title"] = (value, _) => Text(value).Map(Methods.Titled),
            ["replace"] = (value, a) => Text(value).Replace(a.Text(0, "old").Value, a.Text(1, "new")),
            ["indent"] = Indented,
            ["string"] = (value, _) => Text(value),
            ["safe"] = (value, _) => value,
            ["tojson"] = (value, a) => Json.Dump(value, (int)Math.Clamp(a.Get(0, "indent") is long indent ? indent : 0, 0, 16)),
            ["int"] = (value, a) => ToInteger(value, a.Integer(0, "default", 0)),
            ["float"] = (value, _) => value is MarkedText text
                ? double.TryParse(text.Value, CultureInfo.InvariantCulture, out var number) ? number : 0.0 : Values.Number(value),
            ["abs"] = (value, _) => value is long number ? (object)Math.Abs(number) : Math.Abs(Values.Number(value)),
            ["round"] = (value, a) => Math.Round(Values.Number(value), (int)Math.Clamp(a.Integer(0, "precision", 0), 0, 15), MidpointRounding.ToEven),
            ["default"] = OrDefault,
            ["d"] = OrDefault,
            ["length"] = (value, _) => Length(value),
            ["count"] = (value, _) => Length(value),
            ["first"] = (value, _) => Values.Elements(value) is [var first, ..] ? first : Undefined.Value,
            ["last"] = (value, _) => Values.Elements(value) is [.., var last] ? last : Undefined.Value,
            ["list"] = (value, _) => Values.Elements(value).ToList(),
            ["items"] = (value, _) => value is Map map ? Methods.Items(map) : [],
            ["join"] = (value, a) => Join(
                a.Get(1, "attribute") is MarkedText attribute ? Attributes(value, attribute) : value,
                a.Get(0, "d") as MarkedText ?? MarkedText.Empty),
            ["reverse"] = (value, _) => value is MarkedText text
                ? MarkedText.Join(Enumerable.Range(1, text.Length).Select(i => text.Slice(text.Length - i, 1)))
                : Enumerable.Reverse(Values.Elements(value)).ToList(),
            ["sort"] = (value, a) => Sorted(value, a),
            ["dictsort"] = (value, _) => value is Map map
                ? Methods.Items(map).OrderBy(pair => ((List<object?>)pair!)[0], Comparer<object?>.Create(Values.Compare)).ToList() : [],
            ["unique"] = (value, _) => Unique(value),
            ["sum"] = (value, _) => Values.Elements(value).Aggregate((object?)0L, (sum, item) => Operators.Apply("+", sum, item)),
            ["min"] = (value, _) => Values.Elements(value) is { Count: > 0 } all ? all.Min(Comparer<object?>.Create(Values.Compare)) : Undefined.Value,
            ["max"] = (value, _) => Values.Elements(value) is { Count: > 0 } all ? all.Max(Comparer<object?>.Create(Values.Compare)) : Undefined.Value,
            ["map"] = Mapped,
            ["select"] = (value, a) => Chosen(value, item => item, a, 0, keeps: true),
            ["reject"] = (value, a) => Chosen(value, item => item, a, 0, keeps: false),
            ["selectattr"] = (value, a) => Chosen(value, item => Attribute(item, a.Text(0, "attribute")), a, 1, keeps: true),
            ["rejectattr"] = (value, a) => Chosen(value, item => Attribute(item, a.Text(0, "attribute")), a, 1, keeps: false),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    public static Func<object?, CallArguments, object?>? Find(string name) => ByName.GetValueOrDefault(name);

    public static MarkedText Join(object? items, MarkedText separator) => MarkedText.Join(
        Values.Elements(items).SelectMany((item, i) => i == 0 ? [Values.Print(item)] : new[] { separator, Values.Print(item) }));

    private static MarkedText Text(object? value) => Values.Print(value);

    private static long Length(object? value) => value switch
    {
        MarkedText text => text.Length,
        List<object?> list => list.Count,
        Map map => map.Count,
        Undefined => 0,
        _ => throw new TemplateFault($"The chat template asks for the length of {Values.Kind(value)}."),
    };

    private static object? OrDefault(object? value, CallArguments arguments)
    {
        var isMissing = value is Undefined || (Values.IsTrue(arguments.Get(1, "boolean")) && !Values.IsTrue(value));
        return isMissing ? arguments.Get(0, "default_value", MarkedText.Empty) : value;
    }

    private static long ToInteger(object? value, long otherwise) => value switch
    {
        MarkedText text => long.TryParse(text.Value, CultureInfo.InvariantCulture, out var number) ? number : otherwise,
        long or double or bool => (long)Values.Number(value),
        _ => otherwise,
    };

    private static MarkedText Indented(object? value, CallArguments arguments)
    {
        var width = new string(' ', (int)Math.Clamp(arguments.Get(0, "width") is long count ? count : 4, 0, 64));
        var indented = Text(value).Replace("\n", MarkedText.Trusted("\n" + width));
        return Values.IsTrue(arguments.Get(1, "first")) ? MarkedText.Join([MarkedText.Trusted(width), indented]) : indented;
    }

    private static object? Attribute(object? item, MarkedText path)
    {
        foreach (var name in path.Value.Split('.'))
        {
            item = item is Map map ? map.Find(name) : Undefined.Value;
        }

        return item;
    }

    private static List<object?> Attributes(object? items, MarkedText path) => Values.Elements(items).Select(item => Attribute(item, path)).ToList();

    private static List<object?> Mapped(object? value, CallArguments arguments)
    {
        if (arguments.Named.TryGetValue("attribute", out var attribute) && attribute is MarkedText path)
        {
            return Attributes(value, path);
        }

        var name = arguments.Text(0, "filter").Value;
        var apply = Find(name) ?? throw new TemplateFault($"The chat template maps by '{name}', which is no filter.");
        var rest = new CallArguments(arguments.Positional.Skip(1).ToList(), arguments.Named);
        return Values.Elements(value).Select(item => apply(item, rest)).ToList();
    }

    private static List<object?> Chosen(object? value, Func<object?, object?> part, CallArguments arguments, int place, bool keeps)
    {
        var rest = new CallArguments(arguments.Positional.Skip(place + 1).ToList(), arguments.Named);
        Func<object?, CallArguments, bool> holds = (item, _) => Values.IsTrue(item);
        if (arguments.Get(place, "test") is MarkedText name)
        {
            holds = Tests.Find(name.Value) ?? throw new TemplateFault($"The chat template chooses by '{name}', which is no test.");
        }

        return Values.IsTrue(value) ? Values.Elements(value).FindAll(item => holds(part(item), rest) == keeps) : [];
    }

    private static List<object?> Sorted(object? value, CallArguments arguments)
    {
        var order = Comparer<object?>.Create(Values.Compare);
        var key = arguments.Get(2, "attribute") as MarkedText;
        var sorted = Values.Elements(value).OrderBy(item => key is null ? item : Attribute(item, key), order).ToList();
        if (Values.IsTrue(arguments.Get(0, "reverse")))
        {
            sorted.Reverse();
        }

        return sorted;
    }

    private static List<object?> Unique(object? value)
    {
        var kept = new List<object?>();
        foreach (var item in Values.Elements(value))
        {
            if (!kept.Exists(other => Values.AreEqual(other, item)))
            {
                kept.Add(item);
            }
        }

        return kept;
    }
}
