using System.Text;
using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>
/// Reads notebooks of format 4 (nbformat.readthedocs.io). They are a stranger's: whatever has another shape than the format says is left
/// out, and all of it together is bounded.
/// </summary>
internal sealed class NotebookReader
{
    // Characters. A page with more than these is none that a browser shows at ease.
    private const int MostText = 2_000_000;
    private const int MostMarkup = 1_000_000;
    private const int LongestOutput = 20_000;
    private const int LongestSource = 100_000;

    private const int MostCells = 1_000;
    private const int MostOutputs = 100; // of a cell

    private readonly NotebookImages _images = new();
    private int _text;
    private int _markup;
    private bool _isCut;

    public static Notebook Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(WithoutMark(json));
            return new NotebookReader().Read(document.RootElement);
        }
        catch (JsonException)
        {
            return Notebook.Unreadable("The name says that this file is a notebook, but it is not valid JSON.");
        }
        catch (InvalidOperationException) // half of a surrogate pair
        {
            return Notebook.Unreadable("A text in this notebook holds half a character. Save it again in a notebook editor.");
        }
    }

    private Notebook Read(JsonElement root)
    {
        if (root.Member("cells", JsonValueKind.Array) is not { } cells)
        {
            return Notebook.Unreadable(root.Member("worksheets", JsonValueKind.Array) is null
                ? "The name says that this file is a notebook, but it has no cells."
                : "This notebook has a format of before version 4. Open it in a notebook editor and save it again.");
        }

        if (root.Member("nbformat", JsonValueKind.Number) is { } version && !(version.TryGetInt32(out var number) && number == 4))
        {
            return Notebook.Unreadable("This notebook says that it has another format than version 4, which alone is shown here.");
        }

        var read = new List<NotebookCell>();
        foreach (var cell in cells.EnumerateArray())
        {
            if (read.Count == MostCells || _text >= MostText)
            {
                _isCut = true;
                break;
            }

            read.Add(ReadCell(cell));
        }

        var metadata = root.Member("metadata", JsonValueKind.Object) ?? default;
        var language = metadata.Member("language_info", JsonValueKind.Object) ?? default;
        var name = (metadata.Member("kernelspec", JsonValueKind.Object) ?? default).Text("display_name") ?? language.Text("name");
        return new Notebook(read, name, EndingOf(language.Text("file_extension")), !_isCut);
    }

    private NotebookCell ReadCell(JsonElement cell)
    {
        var source = Cut(cell.Text("source") ?? "", LongestSource);
        _text += source.Length;
        return cell.Text("cell_type") switch
        {
            "markdown" when FitsMarkup(source) => new NotebookCell(NotebookCellKind.Markdown, source, null, []),
            "code" => new NotebookCell(NotebookCellKind.Code, source, MarkOf(cell), ReadOutputs(cell)),
            _ => new NotebookCell(NotebookCellKind.Raw, source, null, []),
        };
    }

    private List<NotebookOutput> ReadOutputs(JsonElement cell)
    {
        var read = new List<NotebookOutput>();
        foreach (var output in cell.Member("outputs", JsonValueKind.Array)?.EnumerateArray() ?? default)
        {
            if (read.Count == MostOutputs || _text >= MostText)
            {
                _isCut = true;
                break;
            }

            var one = ReadOutput(output);
            _text += one.Kind is NotebookOutputKind.Image ? 0 : one.Text.Length;
            read.Add(one);
        }

        return read;
    }

    private NotebookOutput ReadOutput(JsonElement output) => output.Text("output_type") switch
    {
        "stream" => Written(output.Text("name") is "stderr" ? NotebookOutputKind.Warning : NotebookOutputKind.Text, output.Text("text")),
        "error" => Written(NotebookOutputKind.Error, ErrorOf(output)),
        _ => ReadData(output.Member("data", JsonValueKind.Object) ?? default),
    };

    /// <summary>The richest of the forms in which an output was kept that can be shown without running anything.</summary>
    private NotebookOutput ReadData(JsonElement data)
    {
        var plain = data.Text("text/plain") is { } text ? Cut(TerminalText.Plain(text), LongestOutput) : null;
        if (_images.Find(data) is { } image)
        {
            return image;
        }

        if (data.Text("text/html") is { } html && FitsMarkup(html))
        {
            return new NotebookOutput(NotebookOutputKind.Html, html, plain);
        }

        if (data.Text("text/markdown") is { } markdown && FitsMarkup(markdown))
        {
            return new NotebookOutput(NotebookOutputKind.Markdown, markdown, plain);
        }

        if (data.Member("application/json") is { } json)
        {
            return new NotebookOutput(NotebookOutputKind.Json, Cut(Indented(json), LongestOutput));
        }

        return plain is not null
            ? new NotebookOutput(NotebookOutputKind.Text, plain)
            : new NotebookOutput(NotebookOutputKind.Omitted, "An output that cannot be shown here without running it.");
    }

    private NotebookOutput Written(NotebookOutputKind kind, string? text) => new(kind, Cut(TerminalText.Plain(text ?? ""), LongestOutput));

    private static string ErrorOf(JsonElement output)
    {
        var trace = output.Member("traceback", JsonValueKind.Array) is { } lines ? string.Join('\n', lines.EnumerateArray().Select(l => l.AsText()).OfType<string>()) : "";
        return trace.Length > 0 ? trace : $"{output.Text("ename") ?? "Error"}: {output.Text("evalue")}";
    }

    private bool FitsMarkup(string text)
    {
        _markup += text.Length;
        return _markup <= MostMarkup;
    }

    private string Cut(string text, int longest)
    {
        if (text.Length <= longest)
        {
            return text;
        }

        _isCut = true;
        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest), "…");
    }

    private static string? MarkOf(JsonElement cell) =>
        cell.Member("execution_count", JsonValueKind.Number) is { } count && count.TryGetInt64(out var number) ? number.ToString(System.Globalization.CultureInfo.InvariantCulture) : null;

    private static string Indented(JsonElement json)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private static string? EndingOf(string? given) =>
        given is { Length: > 1 and < 10 } && given[0] == '.' && given.Skip(1).All(char.IsAsciiLetterOrDigit) ? given : null;

    private static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> json) => json.Span.StartsWith(Encoding.UTF8.Preamble) ? json[Encoding.UTF8.Preamble.Length..] : json;
}

/// <summary>Reading JSON that may have any shape: what is not as expected is absent.</summary>
internal static class NotebookJson
{
    public static JsonElement? Member(this JsonElement element, string name, JsonValueKind? kind = null) =>
        element.ValueKind is JsonValueKind.Object && element.TryGetProperty(name, out var member) && (kind is null || member.ValueKind == kind) ? member : null;

    /// <summary>A text, or the lines of one.</summary>
    public static string? Text(this JsonElement element, string name) => element.Member(name)?.AsText();

    public static string? AsText(this JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Array => string.Concat(element.EnumerateArray().Where(l => l.ValueKind is JsonValueKind.String).Select(l => l.GetString())),
        _ => null,
    };
}
