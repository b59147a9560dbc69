using System.Text.Json;

namespace Lodestone.Hub;

internal enum TableRowKind
{
    Same,
    Changed,
    Added,
    Deleted,

    /// <summary>Rows that both sides have and that are not shown.</summary>
    Fold,
}

/// <summary>A value on both sides; null where a side has no such column or row.</summary>
internal readonly record struct TableCell(string? Old, string? New)
{
    // A column that is new is no change to a row that has nothing in it.
    public bool IsChanged => (Old ?? "") != (New ?? "");
}

/// <param name="Number">Of the row on its newer side, from 1; of a fold, how many rows it hides.</param>
internal sealed record TableRow(TableRowKind Kind, int Number, IReadOnlyList<TableCell> Cells);

/// <param name="IsNew">Only the newer side has it.</param>
/// <param name="IsGone">Only the older side has it.</param>
internal sealed record TableColumn(string Name, bool IsNew, bool IsGone);

/// <summary>
/// How a file of rows differs from another, by rows and columns: which columns came and went, which rows, and in which cells a row
/// differs from the one that it stands for.
/// </summary>
internal sealed record TableDiff(IReadOnlyList<TableColumn> Columns, IReadOnlyList<TableRow> Rows)
{
    private const int MostColumns = 60;
    private const int MostShown = 500;
    private const int Around = 2; // rows shown before and after a difference

    /// <param name="path">Its ending says how rows are written.</param>
    /// <returns>Null where a comparison by lines says more: other files, rows that cannot be read, and very many.</returns>
    public static TableDiff? Of(string path, string old, string @new)
    {
        if (TableText.Read(path, old) is not { } before || TableText.Read(path, @new) is not { } after)
        {
            return null;
        }

        var columns = Union(before.Columns, after.Columns);
        var common = columns.Where(c => c is { IsNew: false, IsGone: false }).Select(c => c.Name).ToList();
        if (columns.Count > MostColumns || common.Count == 0 || RowMatching.Of(Keys(before, common), Keys(after, common), Cells) is not { } pairs)
        {
            return null;
        }

        var rows = Folded([.. pairs.Select(p => Row(columns, before, after, p.Old, p.New))]);
        return rows.Count > MostShown ? null : new TableDiff(columns, rows);

        IReadOnlyList<string> Cells(string key) => key.Split('\u001f');
    }

    private static List<TableColumn> Union(IReadOnlyList<string> old, IReadOnlyList<string> @new) =>
    [
        .. @new.Select(name => new TableColumn(name, !old.Contains(name, StringComparer.Ordinal), IsGone: false)),
        .. old.Where(name => !@new.Contains(name, StringComparer.Ordinal)).Select(name => new TableColumn(name, IsNew: false, IsGone: true)),
    ];

    private static List<string> Keys(TableText table, IReadOnlyList<string> columns) =>
        [.. table.Rows.Select(row => string.Join('\u001f', columns.Select(c => row.GetValueOrDefault(c) ?? "")))];

    private static TableRow Row(IReadOnlyList<TableColumn> columns, TableText before, TableText after, int? old, int? @new)
    {
        var cells = columns.Select(c => new TableCell(
            old is { } i ? before.Rows[i].GetValueOrDefault(c.Name) : null, @new is { } j ? after.Rows[j].GetValueOrDefault(c.Name) : null)).ToList();
        var kind = old is null ? TableRowKind.Added : @new is null ? TableRowKind.Deleted : cells.Exists(c => c.IsChanged) ? TableRowKind.Changed : TableRowKind.Same;
        return new TableRow(kind, (@new ?? old ?? 0) + 1, cells);
    }

    private static List<TableRow> Folded(List<TableRow> rows)
    {
        var isShown = new bool[rows.Count];
        foreach (var (i, _) in rows.Index().Where(r => r.Item.Kind is not TableRowKind.Same))
        {
            isShown.AsSpan(Math.Max(0, i - Around)..Math.Min(rows.Count, i + Around + 1)).Fill(true);
        }

        var shown = new List<TableRow>();
        for (var i = 0; i < rows.Count; i++)
        {
            if (isShown[i])
            {
                shown.Add(rows[i]);
            }
            else if (shown is [.., { Kind: TableRowKind.Fold } fold])
            {
                shown[^1] = fold with { Number = fold.Number + 1 };
            }
            else
            {
                shown.Add(new TableRow(TableRowKind.Fold, 1, []));
            }
        }

        return shown;
    }
}

/// <summary>A whole file of rows, by the names of its columns.</summary>
internal sealed record TableText(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyDictionary<string, string>> Rows)
{
    private const int MostRows = 20_000;

    /// <returns>Null when it is not such a file, or too long.</returns>
    public static TableText? Read(string path, string text) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".csv" => Delimited(text, ','),
        ".tsv" => Delimited(text, '\t'),
        ".jsonl" or ".ndjson" => JsonLines(text),
        _ => null,
    };

    private static TableText? Delimited(string text, char delimiter)
    {
        var rows = Hub.Delimited.Rows(text.TrimStart('\ufeff'), delimiter).Take(MostRows + 2).ToList();
        if (rows.Count is 0 or > MostRows + 1 || rows[0].Distinct(StringComparer.Ordinal).Count() != rows[0].Count)
        {
            return null;
        }

        var columns = rows[0];
        return new TableText(columns, [.. rows.Skip(1).Select(row => columns.Zip(row).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal))]);
    }

    private static TableText? JsonLines(string text)
    {
        var (columns, rows) = (new List<string>(), new List<IReadOnlyDictionary<string, string>>());
        foreach (var line in text.Split('\n').Where(l => !string.IsNullOrWhiteSpace(l)))
        {
            if (rows.Count == MostRows || Members(line) is not { } row)
            {
                return null;
            }

            columns.AddRange(row.Keys.Except(columns, StringComparer.Ordinal));
            rows.Add(row);
        }

        return new TableText(columns, rows);
    }

    private static Dictionary<string, string>? Members(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var row = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var member in json.RootElement.EnumerateObject())
            {
                row[member.Name] = member.Value.ValueKind is JsonValueKind.String ? member.Value.ToString() : member.Value.GetRawText();
            }

            return row;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
