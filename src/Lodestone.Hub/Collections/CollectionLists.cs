using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Which collections are asked for.</summary>
internal sealed record CollectionSearch
{
    /// <summary>Names of namespaces; any of them.</summary>
    public IReadOnlyList<string> Owners { get; init; } = [];

    /// <summary><c>models/owner/name</c>; all of them.</summary>
    public IReadOnlyList<string> Items { get; init; } = [];

    /// <summary>In the title.</summary>
    public string Text { get; init; } = "";

    public CollectionOrder Order { get; init; }
}

internal enum CollectionOrder
{
    Updated,
    Upvotes,

    /// <summary>As their owners put them.</summary>
    Owned,
}

/// <summary>Finds collections that the caller may see, and what is in them as far as the caller may see that.</summary>
internal sealed class CollectionLists(HubDb db, Namespaces namespaces, Follows follows, Caller caller)
{
    /// <param name="after">The last of the page before; null: from the beginning.</param>
    public async Task<IReadOnlyList<Collection>> FindAsync(CollectionSearch search, Collection? after, int limit, CancellationToken cancel)
    {
        var found = db.Collections.AsNoTracking().VisibleTo(caller);
        if (search.Owners.Count > 0)
        {
            var ids = new List<Guid>();
            foreach (var owner in search.Owners)
            {
                ids.Add((await namespaces.FindAsync(owner, cancel))?.Id ?? Guid.Empty);
            }

            found = found.Where(c => ids.Contains(c.OwnerId));
        }

        foreach (var item in search.Items)
        {
            var (repoId, nestedId) = await TargetAsync(item, cancel);
            found = found.Where(c => db.CollectionItems.Any(i => i.CollectionId == c.Id && (i.RepoId == repoId || i.NestedId == nestedId)));
        }

        var text = CardValues.Clean(search.Text).ToLowerInvariant();
        found = text.Length > 0 ? found.Where(c => c.TitleLower.Contains(text)) : found;
        return await Ordered(found, search.Order, after).Take(limit).ToListAsync(cancel);
    }

    /// <param name="most">Items of each.</param>
    public async Task<IReadOnlyList<ShownCollection>> ShowAsync(IReadOnlyList<Collection> collections, int most, CancellationToken cancel)
    {
        var ids = collections.Select(c => c.Id).ToList();
        var repos = db.Repos.VisibleTo(caller);
        var nested = db.Collections.VisibleTo(caller);
        var items = (await db.CollectionItems.AsNoTracking()
            .Where(i => ids.Contains(i.CollectionId) && (repos.Any(r => r.Id == i.RepoId) || nested.Any(c => c.Id == i.NestedId)))
            .OrderBy(i => i.Position).ThenBy(i => i.AddedAt).ThenBy(i => i.Id).ToListAsync(cancel)).ToLookup(i => i.CollectionId);
        var shown = collections.SelectMany(c => items[c.Id].Take(most)).ToList();
        var (repoIds, nestedIds) = (shown.Select(i => i.RepoId).OfType<Guid>().ToList(), shown.Select(i => i.NestedId).OfType<Guid>().ToList());
        var foundRepos = await repos.AsNoTracking().Where(r => repoIds.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancel);
        var foundNested = await nested.AsNoTracking().Where(c => nestedIds.Contains(c.Id)).ToDictionaryAsync(c => c.Id, cancel);
        var counts = await db.CollectionItems.Where(i => nestedIds.Contains(i.CollectionId) && (repos.Any(r => r.Id == i.RepoId) || nested.Any(c => c.Id == i.NestedId)))
            .GroupBy(i => i.CollectionId).ToDictionaryAsync(g => g.Key, g => g.Count(), cancel);
        var owners = await OwnersAsync([.. collections.Concat(foundNested.Values).Select(c => c.OwnerId).Distinct()], cancel);
        var gates = await db.CollectionGates.Where(g => ids.Contains(g.CollectionId)).Select(g => new { g.CollectionId, g.Mode }).ToDictionaryAsync(g => g.CollectionId, g => g.Mode, cancel);
        var upvoted = await db.CollectionUpvotes.Where(v => v.UserId == caller.Id && ids.Contains(v.CollectionId)).Select(v => v.CollectionId).ToListAsync(cancel);
        return [.. collections.Select(c => new ShownCollection(
            c,
            owners.GetValueOrDefault(c.OwnerId),
            items[c.Id].Count(),
            upvoted.Contains(c.Id),
            gates.GetValueOrDefault(c.Id),
            [.. items[c.Id].Take(most).Select(i => new ShownItem(i, i.RepoId is { } repo ? foundRepos.GetValueOrDefault(repo) : null, Nested(i)))]))];

        ShownNested? Nested(CollectionItem item) => item.NestedId is { } id && foundNested.TryGetValue(id, out var inner)
            ? new ShownNested(inner, owners.GetValueOrDefault(inner.OwnerId), counts.GetValueOrDefault(id))
            : null;
    }

    /// <summary>Those that have a repository in them, the most upvoted first.</summary>
    public async Task<IReadOnlyList<Collection>> WithAsync(Guid repoId, int limit, CancellationToken cancel) => await db.Collections.AsNoTracking().VisibleTo(caller)
        .Where(c => db.CollectionItems.Any(i => i.RepoId == repoId && i.CollectionId == c.Id)).OrderByDescending(c => c.Upvotes).ThenByDescending(c => c.UpdatedAt).Take(limit).ToListAsync(cancel);

    /// <summary>Those that the caller may put a repository into, and that have it not.</summary>
    public async Task<IReadOnlyList<Collection>> WithoutAsync(Guid repoId, CancellationToken cancel)
    {
        var owners = caller.Roles.Keys.Where(id => caller.CanContribute(id, TokenScope.WriteCollections)).ToList();
        var own = await db.Collections.AsNoTracking().Where(c => owners.Contains(c.OwnerId) && !db.CollectionItems.Any(i => i.RepoId == repoId && i.CollectionId == c.Id))
            .OrderByDescending(c => c.UpdatedAt).ToListAsync(cancel);
        return own.FindAll(c => c.CanBeChangedBy(caller));
    }

    private async Task<Dictionary<Guid, CollectionOwner>> OwnersAsync(IReadOnlyList<Guid> ids, CancellationToken cancel)
    {
        var names = await namespaces.ByIdAsync(ids, cancel);
        var following = await follows.ToAsync(caller, ids, cancel);
        return names.Values.ToDictionary(n => n.Id, n => new CollectionOwner(
            PublicId.ToHub(n.Id), n.Name, n.FullName, n.AvatarUrl ?? $"/avatars/{PublicId.ToHub(n.Id)}.svg", n.IsOrganization ? "org" : "user", following[n.Id].Followers, following[n.Id].IsOwn));
    }

    // What there is not is in no collection.
    private async Task<(Guid? RepoId, Guid? NestedId)> TargetAsync(string item, CancellationToken cancel)
    {
        var (kind, path) = item.Split('/', 2) is [var first, var rest] ? (first, CardValues.Clean(rest)) : ("", "");
        var repo = RepoTypes.FromSegment(kind) is { } type
            ? await db.Repos.VisibleTo(caller).At(type, path.ToLowerInvariant()).Select(r => (Guid?)r.Id).SingleOrDefaultAsync(cancel)
            : null;
        return (repo ?? Guid.Empty, kind is "collections" ? Collection.IdOf(path) : Guid.Empty);
    }

    private static IQueryable<Collection> Ordered(IQueryable<Collection> found, CollectionOrder order, Collection? after) => order switch
    {
        CollectionOrder.Upvotes => (after is null ? found : found.Where(c => c.Upvotes < after.Upvotes || (c.Upvotes == after.Upvotes && c.Id.CompareTo(after.Id) < 0)))
            .OrderByDescending(c => c.Upvotes).ThenByDescending(c => c.Id),
        CollectionOrder.Owned => (after is null ? found : found.Where(c => c.Position > after.Position || (c.Position == after.Position && c.Id.CompareTo(after.Id) > 0)))
            .OrderBy(c => c.Position).ThenBy(c => c.Id),
        _ => (after is null ? found : found.Where(c => c.UpdatedAt < after.UpdatedAt || (c.UpdatedAt == after.UpdatedAt && c.Id.CompareTo(after.Id) < 0)))
            .OrderByDescending(c => c.UpdatedAt).ThenByDescending(c => c.Id),
    };
}

/// <summary>A collection with what the caller may see of it.</summary>
/// <param name="Owner">Null when the namespace is gone.</param>
/// <param name="Count">Of all items that the caller may see.</param>
/// <param name="Gate">Before the repositories of its owner that are in it; null: none.</param>
internal sealed record ShownCollection(Collection Collection, CollectionOwner? Owner, int Count, bool IsUpvoted, GateMode? Gate, IReadOnlyList<ShownItem> Items)
{
    /// <param name="server">Address that the client called, without a trailing slash.</param>
    /// <param name="isListed">Lists carry no position.</param>
    public CollectionView ToView(string server, bool isListed) => new(
        Collection.Slug,
        Collection.Title,
        Collection.Description,
        Owner ?? new CollectionOwner(PublicId.ToHub(Collection.OwnerId), Collection.OwnerName, Collection.OwnerName, "", "user", 0, IsUserFollowing: false),
        [.. Items.Select(i => i.ToView(server)).OfType<CollectionItemView>()],
        Instants.ToWire(Collection.UpdatedAt),
        isListed ? null : Collection.Position,
        Collection.IsPrivate,
        Collection.Theme,
        Collection.Upvotes,
        IsUpvoted,
        $"{server}{Collection.Href}")
    {
        Gating = CollectionView.GatingOf(Gate),
    };
}

/// <param name="Count">Of its items that the caller may see.</param>
internal sealed record ShownNested(Collection Collection, CollectionOwner? Owner, int Count);

/// <summary>One of two: a repository or a collection.</summary>
internal sealed record ShownItem(CollectionItem Item, Repo? Repo, ShownNested? Nested)
{
    public CollectionItemView? ToView(string server) => this switch
    {
        { Repo: { } repo } => CollectionItemView.Of(Item, repo),
        { Nested: { } nested } => new CollectionItemView
        {
            InternalId = PublicId.ToHub(Item.Id),
            Id = PublicId.ToHub(nested.Collection.Id),
            Type = "collection",
            Position = Item.Position,
            Note = ItemNote.Of(Item.Note),
            Slug = nested.Collection.Slug,
            Title = nested.Collection.Title,
            Description = nested.Collection.Description,
            Owner = nested.Owner,
            NumberItems = nested.Count,
            LastUpdated = Instants.ToWire(nested.Collection.UpdatedAt),
            Theme = nested.Collection.Theme,
            Upvotes = nested.Collection.Upvotes,
            ShareUrl = string.Create(CultureInfo.InvariantCulture, $"{server}{nested.Collection.Href}"),
        },
        _ => null,
    };
}
