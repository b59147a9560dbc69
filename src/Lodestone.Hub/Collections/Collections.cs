using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Making and changing collections, over the API or on pages. What the caller may not see is not found.</summary>
internal sealed class Collections(HubDb db, Namespaces namespaces, GateMembers gates, Caller caller, TimeProvider clock)
{
    private const int MostItems = 1000;

    private static readonly RefusalCode Taken = new("collection_exists", 409);

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<Collection> FindAsync(Guid id, CancellationToken cancel) =>
        await db.Collections.VisibleTo(caller).SingleOrDefaultAsync(c => c.Id == id, cancel) ?? throw NotFound();

    /// <exception cref="Refusal"><c>not_found</c>, <c>unauthenticated</c> or <c>forbidden</c>.</exception>
    public async Task<Collection> ToChangeAsync(Guid id, CancellationToken cancel)
    {
        var found = await FindAsync(id, cancel);
        return found.CanBeChangedBy(caller.AppNeeds(TokenScope.WriteCollections)) ? found : throw new Refusal(RefusalCode.Forbidden, $"Only those who may write in {found.OwnerName} change this collection.");
    }

    /// <exception cref="Refusal"><c>forbidden</c>, <c>invalid_request</c>, <c>not_found</c> (the item) or <c>collection_exists</c>, which carries the <c>slug</c>.</exception>
    public async Task<Collection> CreateAsync(NewCollection wanted, CancellationToken cancel)
    {
        var owner = wanted.Namespace is { Length: > 0 } given ? given : caller.Authenticated().Name;
        if (await namespaces.FindAsync(owner, cancel) is not { } home || !caller.AppNeeds(TokenScope.WriteCollections).CanContribute(home.Id, TokenScope.WriteCollections))
        {
            throw new Refusal(RefusalCode.Forbidden, $"You don't have the rights to create a collection under the namespace \"{owner}\".");
        }

        var (title, now) = (Title(wanted.Title), clock.GetUtcNow());
        var collection = new Collection
        {
            Id = PublicId.New(clock),
            OwnerId = home.Id,
            OwnerName = home.Name,
            Title = title,
            TitleLower = title.ToLowerInvariant(),
            Description = Description(wanted.Description),
            IsPrivate = wanted.Private ?? home.PrivateByDefault,
            Theme = Collection.DefaultTheme,
            Position = await db.Collections.CountAsync(c => c.OwnerId == home.Id, cancel),
            CreatedBy = caller.Id,
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.Collections.Add(collection);
        if (wanted.Item is { } item)
        {
            db.CollectionItems.Add(await ItemAsync(collection.Id, item, null, 0, cancel));
        }

        return await db.TrySaveAsync(cancel) ? collection : throw await AlreadyThereAsync(home.Id, title, cancel);
    }

    /// <exception cref="Refusal">As for <see cref="ToChangeAsync"/> and <see cref="CreateAsync"/>.</exception>
    public async Task<Collection> ChangeAsync(Guid id, CollectionChange change, CancellationToken cancel)
    {
        var collection = await ToChangeAsync(id, cancel);
        collection.Title = change.Title is null ? collection.Title : Title(change.Title);
        collection.TitleLower = collection.Title.ToLowerInvariant();
        collection.Description = change.Description is null ? collection.Description : Description(change.Description);
        collection.IsPrivate = change.Private ?? collection.IsPrivate;
        collection.Theme = change.Theme is not { } theme ? collection.Theme : Collection.Themes.Contains(theme, StringComparer.Ordinal)
            ? theme
            : throw new Refusal(RefusalCode.Invalid, $"\"theme\" must be one of [{string.Join(", ", Collection.Themes)}]") { Param = "theme" };
        collection.UpdatedAt = clock.GetUtcNow();
        if (change.Position is { } position)
        {
            var own = await db.Collections.Where(c => c.OwnerId == collection.OwnerId).OrderBy(c => c.Position).ThenBy(c => c.Id).ToListAsync(cancel);
            Move(own, collection, position, (c, at) => c.Position = at);
        }

        return await db.TrySaveAsync(cancel) ? collection : throw await AlreadyThereAsync(collection.OwnerId, change.Title!, cancel); // only a title can be taken
    }

    public async Task DeleteAsync(Guid id, CancellationToken cancel)
    {
        await ToChangeAsync(id, cancel);
        await db.WriteAsync(inner => db.Collections.Where(c => c.Id == id).ExecuteDeleteAsync(inner), cancel);
    }

    /// <exception cref="Refusal">As for <see cref="ToChangeAsync"/>; <c>not_found</c> for the item, <c>conflict</c> when it is there already.</exception>
    public async Task<Collection> AddAsync(Guid id, AddedItem added, CancellationToken cancel)
    {
        var collection = await ToChangeAsync(id, cancel);
        if (added.Item is not { } item)
        {
            throw new Refusal(RefusalCode.Invalid, "\"item\" must have an \"id\" and a \"type\"") { Param = "item" };
        }

        var last = await db.CollectionItems.Where(i => i.CollectionId == id).MaxAsync(i => (long?)i.Position, cancel) ?? -1;
        if (last + 1 >= MostItems)
        {
            throw new Refusal(RefusalCode.Unprocessable, $"A collection has at most {MostItems} items. Make another one, and put it in this.");
        }

        var row = await ItemAsync(id, item, added.Note, last + 1, cancel);
        if (row.RepoId is { } repoId)
        {
            await gates.JoinAsync(collection, repoId, cancel);
        }

        db.CollectionItems.Add(row);
        collection.UpdatedAt = clock.GetUtcNow();
        return await db.TrySaveAsync(cancel) ? collection : throw new Refusal(RefusalCode.Conflict, "This item is in the collection already.");
    }

    /// <exception cref="Refusal">As for <see cref="ToChangeAsync"/>; <c>not_found</c> for the item.</exception>
    public async Task<Collection> ChangeItemsAsync(Guid id, IReadOnlyList<(Guid ItemId, ItemChange Change)> changes, CancellationToken cancel)
    {
        var collection = await ToChangeAsync(id, cancel);
        await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Collection>(id, inner);
                var items = await db.CollectionItems.Where(i => i.CollectionId == id).OrderBy(i => i.Position).ThenBy(i => i.AddedAt).ThenBy(i => i.Id).ToListAsync(inner);
                foreach (var (itemId, change) in changes)
                {
                    var item = items.Find(i => i.Id == itemId) ?? throw NoItem();
                    item.Note = change.Note is null ? item.Note : Note(change.Note);
                    if (change.Position is { } position)
                    {
                        Move(items, item, position, (i, at) => i.Position = at);
                    }
                }

                collection.UpdatedAt = clock.GetUtcNow();
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        return collection;
    }

    /// <summary>Which place an item has among all, from 0.</summary>
    public async Task<long> PlaceAsync(Guid id, Guid itemId, CancellationToken cancel)
    {
        var items = db.CollectionItems.Where(i => i.CollectionId == id).OrderBy(i => i.Position).ThenBy(i => i.AddedAt).ThenBy(i => i.Id);
        return (await items.Select(i => i.Id).ToListAsync(cancel)).IndexOf(itemId);
    }

    /// <exception cref="Refusal">As for <see cref="ToChangeAsync"/>; <c>not_found</c> for the item.</exception>
    public async Task RemoveAsync(Guid id, Guid itemId, CancellationToken cancel)
    {
        var collection = await ToChangeAsync(id, cancel);
        var repoId = await db.CollectionItems.Where(i => i.CollectionId == id && i.Id == itemId).Select(i => i.RepoId).SingleOrDefaultAsync(cancel);
        if (await db.WriteAsync(inner => db.CollectionItems.Where(i => i.CollectionId == id && i.Id == itemId).ExecuteDeleteAsync(inner), cancel) == 0)
        {
            throw NoItem();
        }

        if (repoId is { } left)
        {
            await gates.LeaveAsync(id, left, cancel);
        }

        collection.UpdatedAt = clock.GetUtcNow();
        await db.SaveChangesAsync(cancel);
    }

    /// <summary>At most once for each person; counted again, so that no race leaves a wrong number.</summary>
    public async Task UpvoteAsync(Guid id, bool isUpvoted, CancellationToken cancel)
    {
        await FindAsync(id, cancel);
        caller.Allowing(TokenScope.WriteCollections);
        var own = db.CollectionUpvotes.Where(v => v.CollectionId == id && v.UserId == caller.Id);
        await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Collection>(id, inner);
                await own.ExecuteDeleteAsync(inner);
                if (isUpvoted)
                {
                    db.CollectionUpvotes.Add(new CollectionUpvote(id, caller.Id, clock.GetUtcNow()));
                    await db.SaveChangesAsync(inner);
                }

                var votes = await db.CollectionUpvotes.LongCountAsync(v => v.CollectionId == id, inner);
                return await db.Collections.Where(c => c.Id == id).ExecuteUpdateAsync(c => c.SetProperty(x => x.Upvotes, votes), inner);
            },
            cancel);
        db.ChangeTracker.Clear();
    }

    private async Task<CollectionItem> ItemAsync(Guid collectionId, NewItem item, string? note, long position, CancellationToken cancel)
    {
        var (repoId, nestedId) = item.Type is "collection" ? ((Guid?)null, await NestedAsync(collectionId, item.Id ?? "", cancel)) : (await RepoAsync(item, cancel), null);
        return repoId is null && nestedId is null
            ? throw new Refusal(RefusalCode.NotFound, $"There is no {item.Type} {item.Id}, or you may not see it.") { Param = "item" }
            : new CollectionItem { Id = PublicId.New(clock), CollectionId = collectionId, RepoId = repoId, NestedId = nestedId, Note = Note(note), Position = position, AddedAt = clock.GetUtcNow() };
    }

    private async Task<Guid?> RepoAsync(NewItem item, CancellationToken cancel)
    {
        var path = CardValues.Clean(item.Id ?? "").ToLowerInvariant();
        return RepoTypes.FromSingular(item.Type) is { } type
            ? await db.Repos.VisibleTo(caller).At(type, path).Select(r => (Guid?)r.Id).SingleOrDefaultAsync(cancel)
            : null;
    }

    private async Task<Guid?> NestedAsync(Guid collectionId, string slug, CancellationToken cancel)
    {
        var id = Collection.IdOf(slug);
        return id == collectionId ? null : await db.Collections.VisibleTo(caller).Where(c => c.Id == id).Select(c => (Guid?)c.Id).SingleOrDefaultAsync(cancel);
    }

    private async Task<Refusal> AlreadyThereAsync(Guid ownerId, string title, CancellationToken cancel)
    {
        var lowered = title.Trim().ToLowerInvariant();
        var there = await db.Collections.AsNoTracking().VisibleTo(caller).SingleOrDefaultAsync(c => c.OwnerId == ownerId && c.TitleLower == lowered, cancel);
        return new Refusal(Taken, "There is already a collection with this title. Choose another one.")
        {
            Param = "title",
            Details = new Dictionary<string, object?>(StringComparer.Ordinal) { ["slug"] = there?.Slug },
        };
    }

    /// <summary>Puts one at a place among all, and numbers all anew.</summary>
    private static void Move<T>(List<T> all, T one, long position, Action<T, long> place)
        where T : class
    {
        all.RemoveAll(other => ReferenceEquals(other, one));
        all.Insert((int)Math.Clamp(position, 0, all.Count), one);
        for (var i = 0; i < all.Count; i++)
        {
            place(all[i], i);
        }
    }

    private static string Title(string? title) => CardValues.Clean(title ?? "").Trim() is { Length: > 0 and <= Collection.LongestTitle } good
        ? good
        : throw new Refusal(RefusalCode.Invalid, $"\"title\" must have 1 to {Collection.LongestTitle} characters") { Param = "title" };

    private static string? Description(string? description) => Text(description, Collection.LongestDescription, "description");

    private static string? Note(string? note) => Text(note, CollectionItem.LongestNote, "note");

    private static string? Text(string? text, int longest, string param) => CardValues.Clean(text ?? "").Trim() switch
    {
        "" => null,
        { } good when good.Length <= longest => good,
        _ => throw new Refusal(RefusalCode.Invalid, $"\"{param}\" must have at most {longest} characters") { Param = param },
    };

    private static Refusal NotFound() => new(RefusalCode.NotFound, "There is no such collection, or it is private.");

    private static Refusal NoItem() => new(RefusalCode.NotFound, "There is no such item in this collection.");
}
