namespace Lodestone.Hub;

/// <summary>Which row of one table stands for which of another: the longest common order of equal rows, and between those, rows that are alike.</summary>
internal static class RowMatching
{
    // The comparison fills a table of so many cells.
    private const long MostCells = 4_000_000;

    /// <param name="cells">The parts of a row by which it is like another.</param>
    /// <returns>In the new order; null on one side: the row came or went. Null when there are too many to compare.</returns>
    public static List<(int? Old, int? New)>? Of(IReadOnlyList<string> old, IReadOnlyList<string> @new, Func<string, IReadOnlyList<string>> cells)
    {
        var head = 0;
        while (head < Math.Min(old.Count, @new.Count) && old[head] == @new[head])
        {
            head++;
        }

        var tail = 0;
        while (tail < Math.Min(old.Count, @new.Count) - head && old[^(tail + 1)] == @new[^(tail + 1)])
        {
            tail++;
        }

        var (oldEnd, newEnd) = (old.Count - tail, @new.Count - tail);
        if ((long)(oldEnd - head) * (newEnd - head) > MostCells)
        {
            return null;
        }

        List<(int? Old, int? New)> pairs = [.. Enumerable.Range(0, head).Select(i => ((int?)i, (int?)i))];
        var (i, j) = (head, head);
        foreach (var (nextOld, nextNew) in Equal(old, @new, head, oldEnd, newEnd).Append((oldEnd, newEnd)))
        {
            Alike(pairs, old, @new, i..nextOld, j..nextNew, cells);
            if (nextOld < oldEnd)
            {
                pairs.Add((nextOld, nextNew));
            }

            (i, j) = (nextOld + 1, nextNew + 1);
        }

        pairs.AddRange(Enumerable.Range(0, tail).Select(k => ((int?)(oldEnd + k), (int?)(newEnd + k))));
        return pairs;
    }

    /// <summary>The longest common subsequence.</summary>
    private static IEnumerable<(int Old, int New)> Equal(IReadOnlyList<string> old, IReadOnlyList<string> @new, int start, int oldEnd, int newEnd)
    {
        var lengths = new int[oldEnd - start + 1, newEnd - start + 1];
        for (var i = oldEnd - 1; i >= start; i--)
        {
            for (var j = newEnd - 1; j >= start; j--)
            {
                lengths[i - start, j - start] = old[i] == @new[j]
                    ? lengths[i - start + 1, j - start + 1] + 1
                    : Math.Max(lengths[i - start + 1, j - start], lengths[i - start, j - start + 1]);
            }
        }

        for (var (i, j) = (start, start); i < oldEnd && j < newEnd;)
        {
            if (old[i] == @new[j])
            {
                yield return (i++, j++);
            }
            else
            {
                _ = lengths[i - start + 1, j - start] >= lengths[i - start, j - start + 1] ? i++ : j++;
            }
        }
    }

    /// <summary>Pairs, in order, rows of which at least half is the same.</summary>
    private static void Alike(
        List<(int? Old, int? New)> pairs, IReadOnlyList<string> old, IReadOnlyList<string> @new, Range oldRows, Range newRows, Func<string, IReadOnlyList<string>> cells)
    {
        var j = newRows.Start.Value;
        for (var i = oldRows.Start.Value; i < oldRows.End.Value; i++)
        {
            var before = cells(old[i]);
            var found = Enumerable.Range(j, newRows.End.Value - j).FirstOrDefault(k => IsAlike(before, cells(@new[k])), -1);
            if (found < 0)
            {
                pairs.Add((i, null));
                continue;
            }

            pairs.AddRange(Enumerable.Range(j, found - j).Select(k => ((int?)null, (int?)k)));
            pairs.Add((i, found));
            j = found + 1;
        }

        pairs.AddRange(Enumerable.Range(j, newRows.End.Value - j).Select(k => ((int?)null, (int?)k)));
    }

    private static bool IsAlike(IReadOnlyList<string> one, IReadOnlyList<string> other) => one.Zip(other).Count(p => p.First == p.Second) * 2 >= one.Count;
}
