using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Hub;

/// <summary>A model as lists show it.</summary>
/// <param name="Task">As people read it; null when the files do not say.</param>
/// <param name="Parameters">How many; null when the files do not say.</param>
/// <param name="Downloads">Of all its files, ever.</param>
/// <param name="UpdatedAt">When main got its newest commit.</param>
/// <param name="IsServed">The inference API answers for it.</param>
public sealed record ListedModel(
    string Owner, string Name, bool IsOwnedByOrganization, string? Task, long? Parameters, long Downloads, DateTimeOffset UpdatedAt, bool IsPrivate, bool IsServed);

/// <param name="Total">How many fit, on all pages.</param>
/// <param name="Next">Cursor of the next page; null on the last.</param>
internal sealed record FoundModels(IReadOnlyList<ListedModel> Models, int Total, string? Next);

/// <summary>Finds models for pages: only ever those that the caller may see.</summary>
internal sealed class ModelList(RepoListing listing, Namespaces namespaces)
{
    public async Task<FoundModels> FindAsync(ModelSearch search, int size, CancellationToken cancel)
    {
        var asked = search.ToRepoSearch();
        var page = await listing.FindAsync(asked, size + 1, cancel);
        var next = page.Count > size ? Cursor.Encode(asked.CursorAfter(page[size - 1])) : null;
        return new FoundModels(await DescribeAsync([.. page.Take(size)], cancel), await listing.CountAsync(asked, cancel), next);
    }

    private async Task<IReadOnlyList<ListedModel>> DescribeAsync(IReadOnlyList<Repo> repos, CancellationToken cancel)
    {
        var owners = await namespaces.ByIdAsync([.. repos.Select(r => r.OwnerId).Distinct()], cancel);
        return [.. repos.Select(r => new ListedModel(
            r.OwnerName, r.Name, owners.TryGetValue(r.OwnerId, out var owner) && owner.IsOrganization, r.PipelineTag is { } task ? TaskName.Of(task) : null,
            r.Parameters, r.Downloads, r.UpdatedAt, r.IsPrivate, r.IsServable))];
    }
}
