using System.Text;
using System.Text.Encodings.Web;

namespace Lodestone.Engine.Templates;

/// <summary>Writes values as Python's <c>json.dumps</c> (for <c>tojson</c>) or <c>repr</c> (for printing) does; a caller's texts stay marked.</summary>
internal sealed class Json
{
    /// <summary>How lists and mappings print: texts in single quotes.</summary>
    public static readonly Json Python = new(indent: 0, isPython: true);

    private const int MaxDepth = 32;
    private const int MaxParts = 1 << 20;

    private readonly List<MarkedText> _parts = [];
    private readonly int _indent;
    private readonly bool _isPython;

    private Json(int indent, bool isPython)
    {
        _indent = indent;
        _isPython = isPython;
    }

    /// <param name="value">Anything but a function.</param>
    /// <param name="indent">Spaces per level; 0 for one line.</param>
    public static MarkedText Dump(object? value, int indent) => new Json(indent, isPython: false).Write(value);

    public MarkedText Write(object? value)
    {
        var writer = new Json(_indent, _isPython);
        writer.Add(value, depth: 1);
        return MarkedText.Join(writer._parts);
    }

    private void Add(object? value, int depth)
    {
        if (depth > MaxDepth || _parts.Count > MaxParts)
        {
            throw new TemplateFault("The chat template prints a value that is too large.");
        }

        switch (value)
        {
            case MarkedText text:
                _parts.Add(Quote(text));
                break;
            case List<object?> list:
                AddAll(list, '[', ']', depth, item => Add(item, depth + 1));
                break;
            case Map map:
                AddAll(map, '{', '}', depth, pair => AddPair(pair, depth));
                break;
            case double number:
                Add(Values.Print(number));
                break;
            case long:
                _parts.Add(Values.Print(value));
                break;
            case null or Undefined:
                Add(_isPython ? "None" : "null");
                break;
            case bool truth:
                Add((_isPython, truth) switch { (true, true) => "True", (true, false) => "False", (false, true) => "true", _ => "false" });
                break;
            default:
                throw new TemplateFault($"The chat template writes {Values.Kind(value)} as JSON.");
        }
    }

    private void AddAll<T>(IReadOnlyCollection<T> items, char start, char end, int depth, Action<T> add)
    {
        Add(start.ToString());
        var isFirst = true;
        foreach (var item in items)
        {
            Add(isFirst ? "" : _indent > 0 ? "," : ", ");
            NewLine(depth);
            add(item);
            isFirst = false;
        }

        if (items.Count > 0)
        {
            NewLine(depth - 1);
        }

        Add(end.ToString());
    }

    private void AddPair(KeyValuePair<object, object?> pair, int depth)
    {
        _parts.Add(pair.Key is MarkedText || !_isPython ? Quote(Values.Print(pair.Key)) : Values.Print(pair.Key));
        Add(": ");
        Add(pair.Value, depth + 1);
    }

    private void NewLine(int depth)
    {
        if (_indent > 0)
        {
            Add("\n" + new string(' ', _indent * depth));
        }
    }

    private MarkedText Quote(MarkedText text)
    {
        var quoted = _isPython ? PythonEscaped(text.Value) : $"\"{JsonEscaped(text.Value)}\"";
        return text.Derive(quoted);
    }

    private static string JsonEscaped(string text) => JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text);

    private static string PythonEscaped(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var escaped = new StringBuilder().Append(quote);
        foreach (var c in text)
        {
            escaped.Append(c switch { '\n' => "\\n", '\t' => "\\t", '\r' => "\\r", '\\' => @"\\", _ when c == quote => "\\" + c, _ => c.ToString() });
        }

        return escaped.Append(quote).ToString();
    }

    private void Add(string text) => _parts.Add(MarkedText.Trusted(text));
}
