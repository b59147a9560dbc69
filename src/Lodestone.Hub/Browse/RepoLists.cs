using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Hub;

/// <summary>A repository as lists show it.</summary>
/// <param name="Href">Its page, as a path on this server.</param>
/// <param name="Task">As people read it; null when the files do not say.</param>
/// <param name="Parameters">How many; null when the files do not say.</param>
/// <param name="Downloads">Of all its files, ever.</param>
/// <param name="UpdatedAt">When main got its newest commit.</param>
/// <param name="IsServed">The inference API answers for it.</param>
public sealed record ListedRepo(
    string Owner, string Name, string Href, bool IsOwnedByOrganization, string? Task, long? Parameters, long Downloads, long Likes, DateTimeOffset UpdatedAt, bool IsPrivate, bool IsServed)
{
    /// <summary>What it holds must be asked for.</summary>
    public bool IsGated { get; init; }
}

/// <param name="Total">How many fit, on all pages.</param>
/// <param name="Next">Cursor of the next page; null on the last.</param>
internal sealed record FoundRepos(IReadOnlyList<ListedRepo> Repos, int Total, string? Next)
{
    public static FoundRepos None { get; } = new([], 0, null);
}

/// <summary>Finds repositories for pages: only ever those that the caller may see.</summary>
internal sealed class RepoLists(RepoListing listing, Namespaces namespaces)
{
    public async Task<FoundRepos> FindAsync(ListSearch search, int size, CancellationToken cancel)
    {
        var asked = search.ToRepoSearch();
        var (page, total) = await listing.FindAsync(asked, size + 1, cancel);
        var next = page.Count > size ? Cursor.Encode(asked.CursorAfter(page[size - 1])) : null;
        return new FoundRepos(await DescribeAsync([.. page.Take(size)], cancel), total, next);
    }

    private async Task<IReadOnlyList<ListedRepo>> DescribeAsync(IReadOnlyList<Repo> repos, CancellationToken cancel)
    {
        var owners = await namespaces.ByIdAsync([.. repos.Select(r => r.OwnerId).Distinct()], cancel);
        return [.. repos.Select(r => new ListedRepo(
            r.OwnerName, r.Name, $"/{r.Type.Prefix()}{r.FullName}", owners.TryGetValue(r.OwnerId, out var owner) && owner.IsOrganization,
            r.PipelineTag is { } task ? TaskName.Of(task) : null, r.Parameters, r.Downloads, r.Likes, r.UpdatedAt, r.IsPrivate, r.IsServable)
        {
            IsGated = r.Gate is not null,
        })];
    }
}
