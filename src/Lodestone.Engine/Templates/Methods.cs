namespace Lodestone.Engine.Templates;

/// <summary>Python's methods of texts, mappings and lists that chat templates call.</summary>
internal static class Methods
{
    /// <summary>The method, bound to its value; null if the value has no such method.</summary>
    public static Callable? Find(object target, string name) => target switch
    {
        MarkedText text => OfText(text, name),
        Map map => OfMap(map, name),
        List<object?> list => OfList(list, name),
        _ => null,
    };

    private static Callable? OfText(MarkedText text, string name) => name switch
    {
        "strip" => a => text.Trim(atStart: true, atEnd: true, Characters(a)),
        "lstrip" => a => text.Trim(atStart: true, atEnd: false, Characters(a)),
        "rstrip" => a => text.Trim(atStart: false, atEnd: true, Characters(a)),
        "upper" => _ => text.Map(t => t.ToUpperInvariant()),
        "lower" => _ => text.Map(t => t.ToLowerInvariant()),
        "capitalize" => _ => text.Map(Capitalized),
        "title" => _ => text.Map(Titled),
        "startswith" => a => Affixes(a).Exists(affix => text.Value.StartsWith(affix, StringComparison.Ordinal)),
        "endswith" => a => Affixes(a).Exists(affix => text.Value.EndsWith(affix, StringComparison.Ordinal)),
        "format" => a => Format(text, a.Positional),
        "removeprefix" => a => a.Text(0, "prefix").Value is var p && text.Value.StartsWith(p, StringComparison.Ordinal)
            ? text.Slice(p.Length, text.Length - p.Length) : text,
        "removesuffix" => a => a.Text(0, "suffix").Value is var s && text.Value.EndsWith(s, StringComparison.Ordinal)
            ? text.Slice(0, text.Length - s.Length) : text,
        "replace" => a => text.Replace(a.Text(0, "old").Value, a.Text(1, "new"), Limit(a, 2, "count")),
        "split" => a => Split(text, a),
        "splitlines" => _ => text.Split("\n").Cast<object?>().ToList(),
        "find" => a => (long)text.Value.IndexOf(a.Text(0, "sub").Value, StringComparison.Ordinal),
        "count" => a => text.Split(a.Text(0, "sub").Value).Count - 1L,
        "isdigit" => _ => text.Length > 0 && text.Value.All(char.IsDigit),
        "join" => a => Filters.Join(a.Get(0, "iterable"), text),
        _ => null,
    };

    private static Callable? OfMap(Map map, string name) => name switch
    {
        "items" => _ => Items(map),
        "keys" => _ => map.Keys.Cast<object?>().ToList(),
        "values" => _ => map.Values.ToList(),
        "get" => a => a.Get(0, "key") is { } key && map.TryGetValue(key, out var value) ? value : a.Get(1, "default"),
        _ => null,
    };

    private static Callable? OfList(List<object?> list, string name) => name switch
    {
        "append" => a =>
        {
            list.Add(a.Get(0, "object"));
            return null;
        },
        "index" => a => (long)list.FindIndex(item => Values.AreEqual(item, a.Get(0, "value"))),
        "count" => a => (long)list.Count(item => Values.AreEqual(item, a.Get(0, "value"))),
        _ => null,
    };

    public static List<object?> Items(Map map) => map.Select(pair => (object?)new List<object?> { pair.Key, pair.Value }).ToList();

    public static string Capitalized(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    public static string Titled(string text) =>
        string.Concat(text.Select((c, i) => i == 0 || !char.IsLetter(text[i - 1]) ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c)));

    // Only the plain `{}` is known: no names, numbers or formats within.
    private static MarkedText Format(MarkedText text, IReadOnlyList<object?> values)
    {
        var parts = text.Split("{}");
        return parts.Count - 1 <= values.Count
            ? MarkedText.Join(parts.SelectMany((part, i) => i == 0 ? [part] : new[] { Values.Print(values[i - 1]), part }))
            : throw new TemplateFault($"The chat template formats {parts.Count - 1} places with {values.Count} values.");
    }

    private static string? Characters(CallArguments arguments) => (arguments.Get(0, "chars") as MarkedText)?.Value;

    private static List<string> Affixes(CallArguments arguments) =>
        arguments.Get(0, "affix") is List<object?> list ? list.OfType<MarkedText>().Select(t => t.Value).ToList() : [arguments.Text(0, "affix").Value];

    private static int Limit(CallArguments arguments, int place, string name) =>
        arguments.Integer(place, name, -1) is var limit and >= 0 ? (int)Math.Min(limit, int.MaxValue) : int.MaxValue;

    private static List<object?> Split(MarkedText text, CallArguments arguments)
    {
        if (arguments.Get(0, "sep") is MarkedText { Length: > 0 } separator)
        {
            return text.Split(separator.Value, Limit(arguments, 1, "maxsplit")).Cast<object?>().ToList();
        }

        var words = new List<object?>();
        for (var start = 0; start < text.Length; start++)
        {
            var end = start;
            while (end < text.Length && !char.IsWhiteSpace(text.Value[end]))
            {
                end++;
            }

            if (end > start)
            {
                words.Add(text.Slice(start, end - start));
            }

            start = end;
        }

        return words;
    }
}
