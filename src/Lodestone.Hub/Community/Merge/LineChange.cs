using System.Globalization;
using System.Text.RegularExpressions;

namespace Lodestone.Hub;

/// <summary>Lines of one text and those that stand for them in another. Lines are counted from 0.</summary>
/// <param name="OldCount">0: lines were added before <paramref name="OldStart"/>.</param>
internal sealed partial record LineChange(int OldStart, int OldCount, int NewStart, int NewCount)
{
    public int OldEnd => OldStart + OldCount;

    public int NewEnd => NewStart + NewCount;

    /// <summary>Reads the headers of a unified diff without context.</summary>
    public static IReadOnlyList<LineChange> Read(string patch)
    {
        var changes = new List<LineChange>();
        foreach (var line in patch.EnumerateLines())
        {
            if (line.StartsWith("@@ ") && Header().Match(line.ToString()) is { Success: true } header)
            {
                var (oldCount, newCount) = (Number(header, "oldCount", 1), Number(header, "newCount", 1));
                changes.Add(new LineChange(Start(Number(header, "old", 0), oldCount), oldCount, Start(Number(header, "new", 0), newCount), newCount));
            }
        }

        return changes;
    }

    // Of no lines, a header names the line before.
    private static int Start(int written, int count) => count == 0 ? written : written - 1;

    private static int Number(Match header, string group, int otherwise) =>
        header.Groups[group] is { Success: true } found ? int.Parse(found.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : otherwise;

    [GeneratedRegex(@"^@@ -(?<old>\d+)(,(?<oldCount>\d+))? \+(?<new>\d+)(,(?<newCount>\d+))? @@", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Header();
}
