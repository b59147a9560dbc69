using System.Collections.Concurrent;

namespace Lodestone.Hub;

/// <summary>A repository as the catalogue holds it.</summary>
/// <param name="Tags">Numbers from <see cref="TagNumbers"/>: its tags, and what else lists narrow by.</param>
/// <param name="Title">Of a space: its card's, lowered.</param>
/// <param name="IsLinked">A space whose card names models or data sets.</param>
internal sealed record ListedEntry(Repo Repo, int[] Tags, string? Title, bool IsLinked)
{
    public bool Has(int tag) => Tags.AsSpan().Contains(tag);
}

/// <summary>Gives every tag a number, so that a repository's tags are compared and counted fast.</summary>
internal sealed class TagNumbers
{
    /// <summary>No repository has it.</summary>
    public const int Unknown = -1;

    private readonly ConcurrentDictionary<string, int> _numbers = new(StringComparer.Ordinal);

    // Guarded by itself. Names are added before their numbers are given away, so that whoever has a number finds its name.
    private readonly List<(string Name, int Prefix)> _names = [];

    /// <summary>The name as it is kept here, where it has a number; else a new copy.</summary>
    public string Kept(ReadOnlySpan<char> name) =>
        _numbers.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var kept, out _) ? kept : name.ToString();

    public int Find(string name) => _numbers.GetValueOrDefault(name, Unknown);

    public int Number(string name) => _numbers.GetOrAdd(name, static (name, names) =>
    {
        lock (names)
        {
            names.Add((name, FacetKind.PrefixOf(name)));
            return names.Count - 1; // a number that loses the race names nothing
        }
    }, _names);

    /// <summary>The names by number, with the place of each one's prefix among <see cref="FacetKind.Prefixes"/>.</summary>
    public (string Name, int Prefix)[] Names()
    {
        lock (_names)
        {
            return [.. _names];
        }
    }
}
