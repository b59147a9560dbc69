namespace Lodestone.Engine.Templates;

/// <summary>Arithmetic, comparison and membership between values.</summary>
internal static class Operators
{
    private const int MaxListLength = 1 << 20;

    public static object? Apply(string symbol, object? left, object? right) => symbol switch
    {
        "==" => Values.AreEqual(left, right),
        "!=" => !Values.AreEqual(left, right),
        "<" => Values.Compare(left, right) < 0,
        ">" => Values.Compare(left, right) > 0,
        "<=" => Values.Compare(left, right) <= 0,
        ">=" => Values.Compare(left, right) >= 0,
        "in" => Contains(right, left),
        "~" => MarkedText.Join([Values.Print(left), Values.Print(right)]),
        "+" => Add(left, right),
        "*" when left is MarkedText text && right is long count => Repeat(text, count),
        _ => Calculate(symbol, left, right),
    };

    public static object Negate(object? value) => value is long number ? (object)-number : -Values.Number(value);

    public static bool Contains(object? container, object? item) => container switch
    {
        MarkedText text when item is MarkedText part => text.Value.Contains(part.Value, StringComparison.Ordinal),
        List<object?> list => list.Exists(element => Values.AreEqual(element, item)),
        Map map => item is not null && map.ContainsKey(item),
        Undefined => false,
        _ => throw new TemplateFault($"The chat template looks for {Values.Kind(item)} in {Values.Kind(container)}."),
    };

    private static object Add(object? left, object? right) => (left, right) switch
    {
        (MarkedText a, MarkedText b) => MarkedText.Join([a, b]),
        (List<object?> a, List<object?> b) when a.Count + b.Count <= MaxListLength => (List<object?>)[.. a, .. b],
        _ => Calculate("+", left, right),
    };

    private static MarkedText Repeat(MarkedText text, long count) =>
        count > MarkedText.MaxLength
            ? throw new TemplateFault("The chat template makes a text that is too long.")
            : MarkedText.Join(Enumerable.Repeat(text, (int)Math.Max(count, 0)));

    private static object Calculate(string symbol, object? left, object? right)
    {
        if (left is not (long or double or bool) || right is not (long or double or bool))
        {
            throw new TemplateFault($"The chat template computes {Values.Kind(left)} {symbol} {Values.Kind(right)}.");
        }

        if (symbol is "//" or "%" or "/" && Values.Number(right) == 0)
        {
            throw new TemplateFault("The chat template divides by zero.");
        }

        var isWhole = symbol is not "/" && left is not double && right is not double && !(symbol is "**" && Values.Number(right) < 0);
        return isWhole
            ? (object)Whole(symbol, (long)Values.Number(left), (long)Values.Number(right))
            : Fractional(symbol, Values.Number(left), Values.Number(right));
    }

    private static long Whole(string symbol, long left, long right) => symbol switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "//" => (long)Math.Floor((double)left / right),
        "%" => ((left % right) + right) % right,
        "**" => (long)Math.Pow(left, right),
        _ => throw new TemplateFault($"The chat template uses '{symbol}' between whole numbers."),
    };

    private static double Fractional(string symbol, double left, double right) => symbol switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        "//" => Math.Floor(left / right),
        "%" => left - (right * Math.Floor(left / right)),
        "**" => Math.Pow(left, right),
        _ => throw new TemplateFault($"The chat template uses '{symbol}' between numbers."),
    };
}
