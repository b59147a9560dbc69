using System.Globalization;

namespace Lodestone.Engine.Templates;

/// <summary>The functions that a chat template may call.</summary>
internal static class Globals
{
    private const int MaxRange = 100_000;

    public static void Define(Scope scope, TimeProvider clock)
    {
        scope.Set("range", (Callable)Range);
        scope.Set("namespace", (Callable)(a => Collect(a, new Map { IsNamespace = true })));
        scope.Set("dict", (Callable)(a => Collect(a, [])));
        scope.Set("raise_exception", (Callable)(a => throw new TemplateFault(Values.Print(a.Get(0, "message")).Value) { IsRaisedByTemplate = true }));
        scope.Set("strftime_now", (Callable)(a => MarkedText.Trusted(Format(clock.GetUtcNow(), a.Text(0, "format").Value))));
    }

    private static List<object?> Range(CallArguments arguments)
    {
        var (start, end) = arguments.Count < 2 ? (0, arguments.Integer(0, "stop", 0)) : (arguments.Integer(0, "start", 0), arguments.Integer(1, "stop", 0));
        var step = arguments.Integer(2, "step", 1);
        if (step == 0)
        {
            throw new TemplateFault("The chat template counts in steps of zero.");
        }

        var numbers = new List<object?>();
        for (var i = start; step > 0 ? i < end : i > end; i += step)
        {
            numbers.Add(i);
            if (numbers.Count > MaxRange)
            {
                throw new TemplateFault("The chat template counts too far.");
            }
        }

        return numbers;
    }

    private static Map Collect(CallArguments arguments, Map map)
    {
        foreach (var (name, value) in arguments.Named)
        {
            map.Put(name, value);
        }

        return map;
    }

    private static string Format(DateTimeOffset now, string format)
    {
        var parts = format.Split('%');
        return parts[0] + string.Concat(parts.Skip(1).Select(part => part.Length == 0 ? "" : Format(now, part[0]) + part[1..]));
    }

    private static string Format(DateTimeOffset now, char directive)
    {
        var pattern = directive switch
        {
            'Y' => "yyyy", 'm' => "MM", 'd' => "dd", 'B' => "MMMM", 'b' => "MMM", 'A' => "dddd", 'a' => "ddd",
            'H' => "HH", 'I' => "hh", 'M' => "mm", 'S' => "ss", 'p' => "tt", 'y' => "yy",
            _ => throw new TemplateFault($"The chat template formats a date by '%{directive}', which is not known."),
        };
        return now.ToString(pattern, CultureInfo.InvariantCulture);
    }
}
