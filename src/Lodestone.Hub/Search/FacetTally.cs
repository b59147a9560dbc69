using System.Buffers;

namespace Lodestone.Hub;

/// <summary>How often each value of each facet occurs, counted in one pass over the catalogue.</summary>
internal sealed class FacetTally
{
    private const int None = -2;
    private const int Several = -3;

    private readonly Dictionary<int, List<(string Value, int Count)>> _counts = [];

    private FacetTally()
    {
    }

    /// <summary>The commonest values of a facet, by count and then by name.</summary>
    public IReadOnlyList<(string Value, int Count)> Of(FacetKind kind, int most) =>
        _counts.TryGetValue(Array.IndexOf(FacetKind.Prefixes, kind.Prefix), out var values)
            ? [.. values.OrderByDescending(v => v.Count).ThenBy(v => v.Value, StringComparer.Ordinal).Take(most)]
            : [];

    /// <param name="rest">What all that is counted must fit.</param>
    /// <param name="chosen">The tags that facets narrow by, at most one of each facet: an entry that lacks one of them counts for that one's facet alone.</param>
    public static FacetTally Of(ReadOnlySpan<ListedEntry?> entries, CatalogueFilter rest, IReadOnlyList<string> chosen, TagNumbers numbers)
    {
        var tags = chosen.Select(c => (Number: numbers.Find(c), Prefix: FacetKind.PrefixOf(c))).ToArray();
        var names = numbers.Names();
        var counts = ArrayPool<int>.Shared.Rent(names.Length);
        try
        {
            Array.Clear(counts);
            foreach (var entry in entries)
            {
                if (entry is not null && Missing(entry, tags) is var missing and not Several && rest.Fits(entry))
                {
                    Count(entry, missing, names, counts);
                }
            }

            return Read(names, counts);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(counts);
        }
    }

    /// <summary>The facet whose chosen tag the entry lacks.</summary>
    private static int Missing(ListedEntry entry, (int Number, int Prefix)[] tags)
    {
        var missing = None;
        foreach (var (number, prefix) in tags)
        {
            if (!entry.Has(number))
            {
                if (missing != None)
                {
                    return Several;
                }

                missing = prefix;
            }
        }

        return missing;
    }

    private static void Count(ListedEntry entry, int missing, (string Name, int Prefix)[] names, int[] counts)
    {
        foreach (var tag in entry.Tags)
        {
            if (tag < names.Length && (missing == None || names[tag].Prefix == missing)) // a tag that is newer than the names is counted next time
            {
                counts[tag]++;
            }
        }
    }

    private static FacetTally Read((string Name, int Prefix)[] names, int[] counts)
    {
        var tally = new FacetTally();
        for (var tag = 0; tag < names.Length; tag++)
        {
            if (counts[tag] > 0 && names[tag].Prefix >= 0)
            {
                var (name, prefix) = names[tag];
                tally._counts.TryAdd(prefix, []);
                tally._counts[prefix].Add((name[FacetKind.Prefixes[prefix].Length..], counts[tag]));
            }
        }

        return tally;
    }
}
