using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lodestone.Engine.Tools;

/// <summary>Tells calls from text in one answer, as it comes. A call is given out when it is whole; what turns out to be none is text.</summary>
/// <param name="dialect">How calls are written.</param>
/// <param name="choice">What may be called.</param>
internal sealed class ToolCallReader(ToolDialect dialect, ToolChoice choice)
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly StringBuilder _held = new();
    private bool _isCall = choice.IsForced;
    private bool _isText; // the plain form has no opening: what does not begin as a call is none

    /// <summary>Calls found so far.</summary>
    public int Count { get; private set; }

    /// <summary>Takes new text.</summary>
    public ReadAnswer Add(string text)
    {
        _held.Append(text);
        var shown = new StringBuilder();
        var calls = new List<ToolCall>();
        while (Advance(shown, calls))
        {
        }

        return new ReadAnswer(shown.ToString(), calls);
    }

    /// <summary>The answer has ended.</summary>
    public ReadAnswer Finish()
    {
        var rest = _held.ToString();
        _held.Clear();
        var calls = new List<ToolCall>();
        return _isCall && TryRead(rest, calls) ? new ReadAnswer("", calls) : new ReadAnswer(_isCall && !choice.IsForced ? dialect.Opening + rest : rest, []);
    }

    /// <returns>Whether there may be more to find.</returns>
    private bool Advance(StringBuilder shown, List<ToolCall> calls)
    {
        if (_isText)
        {
            shown.Append(_held);
            _held.Clear();
            return false;
        }

        return _isCall ? ReadCall(shown, calls) : dialect.Opening.Length > 0 ? FindOpening(shown) : FindPlain();
    }

    private bool ReadCall(StringBuilder shown, List<ToolCall> calls)
    {
        var text = _held.ToString();
        var end = dialect.Closing.Length > 0 ? text.IndexOf(dialect.Closing, StringComparison.Ordinal) : -1;
        if (end < 0)
        {
            return false;
        }

        _held.Remove(0, end + dialect.Closing.Length);
        _isCall = false;
        if (!TryRead(text[..end], calls))
        {
            shown.Append(dialect.Opening).Append(text, 0, end + dialect.Closing.Length);
        }

        return true;
    }

    private bool FindOpening(StringBuilder shown)
    {
        var text = _held.ToString();
        var at = text.IndexOf(dialect.Opening, StringComparison.Ordinal);
        if (at >= 0)
        {
            shown.Append(Count > 0 ? text[..at].TrimStart() : text[..at]);
            _held.Remove(0, at + dialect.Opening.Length);
            return _isCall = true;
        }

        var kept = Enumerable.Range(1, dialect.Opening.Length - 1).Reverse().FirstOrDefault(length => text.EndsWith(dialect.Opening[..length], StringComparison.Ordinal));
        var free = text[..^kept];
        shown.Append(Count > 0 && string.IsNullOrWhiteSpace(free) ? "" : free);
        _held.Remove(0, free.Length);
        return false;
    }

    private bool FindPlain()
    {
        var text = _held.ToString().TrimStart();
        if (text.Length == 0)
        {
            return false;
        }

        _isCall = text[0] is '{';
        _isText = !_isCall;
        return true;
    }

    private bool TryRead(string text, List<ToolCall> calls)
    {
        var body = text.Trim();
        body = dialect.Opening.Length > 0 && body.StartsWith(dialect.Opening, StringComparison.Ordinal) ? body[dialect.Opening.Length..].Trim() : body;
        try
        {
            using var document = JsonDocument.Parse(body);
            var entries = document.RootElement.ValueKind is JsonValueKind.Array ? document.RootElement.EnumerateArray().ToList() : [document.RootElement];
            var found = entries.ConvertAll(Read);
            if (found.Count == 0 || found.Contains(null))
            {
                return false;
            }

            calls.AddRange(found.OfType<ToolCall>());
            Count += found.Count;
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private ToolCall? Read(JsonElement call)
    {
        if (call.ValueKind is not JsonValueKind.Object || !call.TryGetProperty("name", out var name) || name.ValueKind is not JsonValueKind.String
            || !choice.Tools.Any(tool => name.ValueEquals(tool.Name)))
        {
            return null;
        }

        var hasArguments = call.TryGetProperty("arguments", out var arguments) || call.TryGetProperty("parameters", out arguments);
        return new ToolCall(name.GetString() ?? "", hasArguments ? JsonSerializer.Serialize(arguments, Plain) : "{}");
    }
}

/// <summary>What has been understood of new text.</summary>
/// <param name="Text">To be shown.</param>
/// <param name="Calls">Whole.</param>
internal sealed record ReadAnswer(string Text, IReadOnlyList<ToolCall> Calls);

/// <param name="Name">Of the function.</param>
/// <param name="Arguments">JSON.</param>
internal sealed record ToolCall(string Name, string Arguments);
