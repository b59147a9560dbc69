using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A search, made ready to be held against every entry of the catalogue.</summary>
/// <param name="worded">Those whose files have the words, where the search is for words; null where it is for parts of names.</param>
internal sealed class CatalogueFilter(RepoSearch asked, TagNumbers numbers, HashSet<Guid>? worded, Caller caller)
{
    private readonly int[] _tags = [.. asked.Tags.Select(numbers.Find)];
    private readonly string[] _terms = [.. asked.Terms.Select(t => t.ToLowerInvariant())];
    private readonly string? _author = asked.Author is { } author ? author.ToLowerInvariant() + "/" : null;

    public bool Fits(ListedEntry entry)
    {
        var repo = entry.Repo;
        return repo.Type == asked.Type
            && !asked.IsElsewhere
            && HasTags(entry)
            && (asked.IsGated is not { } isGated || (repo.Gate is not null) == isGated)
            && (!asked.IsServable || repo.IsServable)
            && (!asked.IsLinked || entry.IsLinked)
            && (asked.LeastParameters is not { } least || repo.Parameters >= least)
            && (asked.MostParameters is not { } most || repo.Parameters <= most)
            && (_author is null || repo.PathLower.StartsWith(_author, StringComparison.Ordinal))
            && (_terms.Length == 0 || worded?.Contains(repo.Id) is true || IsNamed(entry))
            && repo.IsVisibleTo(caller);
    }

    private bool HasTags(ListedEntry entry)
    {
        foreach (var tag in _tags)
        {
            if (!entry.Has(tag))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsNamed(ListedEntry entry)
    {
        foreach (var term in _terms)
        {
            if (!entry.Repo.PathLower.Contains(term, StringComparison.Ordinal) && entry.Title?.Contains(term, StringComparison.Ordinal) is not true)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The order of a list: descending by what it is sorted by, then by name.</summary>
internal sealed class ListOrder(RepoSearch asked) : IComparer<Repo>
{
    public int Compare(Repo? x, Repo? y)
    {
        var (one, other) = (x!, y!); // lists have no holes
        var byKey = asked.KeyOf(other).CompareTo(asked.KeyOf(one));
        var byDownloads = byKey == 0 && asked.Order is RepoOrder.Trending ? other.Downloads.CompareTo(one.Downloads) : byKey;
        return byDownloads != 0 ? byDownloads : string.CompareOrdinal(one.PathLower, other.PathLower);
    }

    /// <summary>Whether a repository comes after the place where a page ended.</summary>
    public bool IsAfter(Repo repo, (long Key, long Second, string Path) last)
    {
        var key = asked.KeyOf(repo);
        if (key != last.Key)
        {
            return key < last.Key;
        }

        return asked.Order is RepoOrder.Trending && repo.Downloads != last.Second
            ? repo.Downloads < last.Second
            : string.CompareOrdinal(repo.PathLower, last.Path) > 0;
    }
}
