using System.Globalization;
using System.Text.RegularExpressions;

namespace Lodestone.Hub;

internal enum DiffRowKind
{
    Context,
    Added,
    Deleted,

    /// <summary>Lines that both sides have and that are not shown.</summary>
    Fold,

    /// <summary>That the last line has no end.</summary>
    Note,
}

/// <summary>A line of a comparison.</summary>
/// <param name="Old">Its number on the old side, from 1.</param>
/// <param name="New">Its number on the new side; of a fold, the first line that follows.</param>
/// <param name="Text">Without its end.</param>
/// <param name="Mark">The part in which it differs from the line that it stands for, where most of the line is the same.</param>
internal sealed record DiffRow(DiffRowKind Kind, int? Old, int? New, string Text, Range? Mark = null);

/// <summary>Turns the hunks of a unified diff into rows.</summary>
internal static partial class DiffRows
{
    /// <param name="patch">Hunks, as <see cref="LineDifference.Patch"/>.</param>
    public static List<DiffRow> Of(string patch)
    {
        var rows = new List<DiffRow>();
        var (old, @new) = (1, 1);
        foreach (var line in patch.EnumerateLines())
        {
            if (line.StartsWith("@@") && Hunk().Match(line.ToString()) is { Success: true } hunk)
            {
                var (oldStart, newStart) = (Number(hunk, "old"), Number(hunk, "new"));
                if (newStart > @new || oldStart > old)
                {
                    rows.Add(new DiffRow(DiffRowKind.Fold, oldStart - old, newStart, hunk.Groups["where"].Value));
                }

                (old, @new) = (oldStart, newStart);
            }
            else if (line.Length > 0)
            {
                rows.Add(Row(line, ref old, ref @new));
            }
        }

        MarkPairs(rows);
        return rows;
    }

    private static DiffRow Row(ReadOnlySpan<char> line, ref int old, ref int @new)
    {
        var text = line[1..].ToString();
        return line[0] switch
        {
            '+' => new DiffRow(DiffRowKind.Added, null, @new++, text),
            '-' => new DiffRow(DiffRowKind.Deleted, old++, null, text),
            '\\' => new DiffRow(DiffRowKind.Note, null, null, text.Trim()),
            _ => new DiffRow(DiffRowKind.Context, old++, @new++, text),
        };
    }

    // Where as many lines come as go, each stands for the one that was in its place.
    private static void MarkPairs(List<DiffRow> rows)
    {
        for (var start = 0; start < rows.Count; start++)
        {
            if (rows[start].Kind is not DiffRowKind.Deleted)
            {
                continue;
            }

            var deleted = rows.Skip(start).TakeWhile(r => r.Kind is DiffRowKind.Deleted).Count();
            var added = rows.Skip(start + deleted).TakeWhile(r => r.Kind is DiffRowKind.Added).Count();
            for (var i = 0; deleted == added && i < deleted; i++)
            {
                (rows[start + i], rows[start + deleted + i]) = Marked(rows[start + i], rows[start + deleted + i]);
            }

            start += deleted + added - 1;
        }
    }

    private static (DiffRow Old, DiffRow New) Marked(DiffRow old, DiffRow @new)
    {
        var (a, b) = (old.Text, @new.Text);
        var head = a.AsSpan().CommonPrefixLength(b);
        var tail = 0;
        while (tail < Math.Min(a.Length, b.Length) - head && a[^(tail + 1)] == b[^(tail + 1)])
        {
            tail++;
        }

        // Half of a surrogate pair is no text.
        head -= head > 0 && char.IsHighSurrogate(a[head - 1]) ? 1 : 0;
        tail -= tail > 0 && char.IsLowSurrogate(a[^tail]) ? 1 : 0;
        var isAlike = (head + tail) * 3 > Math.Max(a.Length, b.Length);
        return isAlike ? (old with { Mark = head..(a.Length - tail) }, @new with { Mark = head..(b.Length - tail) }) : (old, @new);
    }

    private static int Number(Match hunk, string group) => int.Parse(hunk.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^@@ -(?<old>\d+)(,\d+)? \+(?<new>\d+)(,\d+)? @@ ?(?<where>.*)$", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hunk();
}
