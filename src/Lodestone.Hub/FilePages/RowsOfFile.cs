using System.Text;
using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>The first rows of a file of rows: comma- or tab-separated values, or a JSON object a line.</summary>
/// <param name="Rows">A value for each column; null where the row has none.</param>
/// <param name="IsWhole">The file has no more rows and no more columns.</param>
internal sealed record RowsOfFile(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows, bool IsWhole)
{
    private const int MaxBytes = 512 * 1024;
    private const int MostRows = 100;
    private const int MostColumns = 60;
    private const int MaxCell = 1000;

    public static bool Has(string path) => Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".tsv" or ".jsonl" or ".ndjson";

    /// <summary>Reads no more than the file's beginning, however large it is.</summary>
    /// <returns>Null when it does not hold what its name says.</returns>
    public static async Task<RowsOfFile?> ReadAsync(RepoContent content, RepoTree tree, RepoEntry file, CancellationToken cancel)
    {
        await using var stream = await content.OpenAsync(tree, file, 0, cancel);
        var bytes = new byte[Math.Min(file.Size, MaxBytes)];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancel);
        var isCut = file.Size > length;

        // A cut ends within a row, perhaps within a character: what follows the last line's end is left away.
        var end = isCut ? bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1 : length;
        if (end == 0 || bytes.AsSpan(0, end).Contains((byte)0))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes, 0, end).TrimStart('\ufeff');
        return Path.GetExtension(file.Path).ToLowerInvariant() switch
        {
            ".csv" => OfDelimited(text, ',', isCut),
            ".tsv" => OfDelimited(text, '\t', isCut),
            _ => OfJsonLines(text, isCut),
        };
    }

    private static RowsOfFile? OfDelimited(string text, char delimiter, bool isCut)
    {
        var rows = Delimited.Rows(text, delimiter).Take(MostRows + 2).ToList();
        if (rows.Count == 0)
        {
            return null;
        }

        var columns = rows[0].Take(MostColumns).ToList();
        var shown = rows.Skip(1).Take(MostRows).Select(r => (IReadOnlyList<string?>)[.. columns.Select((_, i) => i < r.Count ? Cell(r[i]) : null)]);
        return new RowsOfFile([.. columns.Select(Cell)], [.. shown], !isCut && rows.Count <= MostRows + 1 && rows.TrueForAll(r => r.Count <= MostColumns));
    }

    private static RowsOfFile? OfJsonLines(string text, bool isCut)
    {
        var (columns, rows, isWhole) = (new List<string>(), new List<Dictionary<string, string>>(), !isCut);
        foreach (var line in text.Split('\n').Where(l => !string.IsNullOrWhiteSpace(l)))
        {
            if (rows.Count == MostRows)
            {
                isWhole = false;
                break;
            }

            if (ReadObject(line) is not { } row)
            {
                return null;
            }

            columns.AddRange(row.Keys.Where(k => !columns.Contains(k, StringComparer.Ordinal)).Take(MostColumns - columns.Count));
            rows.Add(row);
        }

        return rows.Count == 0 ? null : new RowsOfFile(columns, [.. rows.Select(r => (IReadOnlyList<string?>)[.. columns.Select(c => r.GetValueOrDefault(c))])], isWhole);
    }

    private static Dictionary<string, string>? ReadObject(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var row = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var member in json.RootElement.EnumerateObject())
            {
                row[member.Name] = Cell(member.Value.ToString());
            }

            return row;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string Cell(string value) => value.Length <= MaxCell ? value : string.Concat(value.AsSpan(0, char.IsHighSurrogate(value[MaxCell - 1]) ? MaxCell - 1 : MaxCell), "…");
}

/// <summary>Rows of fields with a delimiter between them and quotes around some (RFC 4180). Never fails: a quote that does not end takes the rest.</summary>
internal static class Delimited
{
    public static IEnumerable<List<string>> Rows(string text, char delimiter)
    {
        var (row, field, isQuoted) = (new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (isQuoted)
            {
                if (c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                {
                    field.Append(text[i++]);
                }
                else if (c == '"')
                {
                    isQuoted = false;
                }
                else
                {
                    field.Append(c);
                }
            }
            else if (c == '"' && field.Length == 0)
            {
                isQuoted = true;
            }
            else if (c == delimiter || c == '\n')
            {
                row.Add(field.ToString().TrimEnd('\r'));
                field.Clear();
                if (c == '\n')
                {
                    yield return row;
                    row = [];
                }
            }
            else
            {
                field.Append(c);
            }
        }

        if (field.Length > 0 || row.Count > 0)
        {
            row.Add(field.ToString().TrimEnd('\r'));
            yield return row;
        }
    }
}
