using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Collections as hub clients manage them. A collection is named by its slug, of which only the id at the end counts.</summary>
internal static class CollectionsApi
{
    private const int LargestPage = 100;
    private const int ItemsInLists = 4;

    public static void MapCollections(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/collections", List);
        routes.MapPost("/api/collections", async (NewCollection wanted, Collections collections, CollectionLists lists, HttpRequest request, CancellationToken cancel) =>
            await AnswerAsync(await collections.CreateAsync(wanted, cancel), lists, request, cancel));
        var one = routes.MapGroup("/api/collections/{owner}/{slug}");
        one.MapGet("", async (string slug, Collections collections, CollectionLists lists, HttpRequest request, CancellationToken cancel) =>
            await AnswerAsync(await collections.FindAsync(Collection.IdOf(slug), cancel), lists, request, cancel));
        one.MapPatch("", Change);
        one.MapDelete("", Delete);
        one.MapPost("/upvote", (string slug, Collections collections, CancellationToken cancel) => UpvoteAsync(slug, isUpvoted: true, collections, cancel));
        one.MapDelete("/upvote", (string slug, Collections collections, CancellationToken cancel) => UpvoteAsync(slug, isUpvoted: false, collections, cancel));
        one.MapPost("/items", async (string slug, AddedItem added, Collections collections, CollectionLists lists, HttpRequest request, CancellationToken cancel) =>
            await AnswerAsync(await collections.AddAsync(Collection.IdOf(slug), added, cancel), lists, request, cancel));
        one.MapPost("/items/batch", ChangeItems);
        one.MapPatch("/items/{item}", async (string slug, string item, ItemChange change, Collections collections, CollectionLists lists, HttpRequest request, CancellationToken cancel) =>
            await AnswerAsync(await collections.ChangeItemsAsync(Collection.IdOf(slug), [(ItemOf(item), change)], cancel), lists, request, cancel));
        one.MapDelete("/items/{item}", RemoveItem);
    }

    private static async Task<IResult> List(CollectionLists lists, Collections collections, HttpContext context, CancellationToken cancel)
    {
        var query = context.Request.Query;
        var search = new CollectionSearch
        {
            Owners = [.. query["owner"].OfType<string>()],
            Items = [.. query["item"].OfType<string>()],
            Text = query["q"].ToString(),
            Order = query["sort"].ToString() switch
            {
                "" or "lastModified" => CollectionOrder.Updated,
                "trending" or "upvotes" => CollectionOrder.Upvotes,
                _ => throw new Refusal(RefusalCode.Invalid, "\"sort\" must be one of [lastModified, trending, upvotes]") { Param = "sort" },
            },
        };
        var limit = (int)Math.Clamp(query.Whole("limit") ?? LargestPage, 1, LargestPage);
        var after = Cursor.Decode(query["cursor"]) is { } last ? await collections.FindAsync(Collection.IdOf(last), cancel) : null;
        var page = await lists.FindAsync(search, after, limit + 1, cancel);
        if (page.Count > limit)
        {
            Cursor.LinkNext(context, PublicId.ToHub(page[limit - 1].Id));
        }

        var shown = await lists.ShowAsync([.. page.Take(limit)], ItemsInLists, cancel);
        return HubAnswer.Json<IReadOnlyList<CollectionView>>([.. shown.Select(c => c.ToView(context.Request.BaseAddress(), isListed: true))], HubJson.Default.IReadOnlyListCollectionView);
    }

    private static async Task<IResult> Change(
        string slug, CollectionChange change, Collections collections, CollectionGates gates, CollectionLists lists, HttpRequest request, CancellationToken cancel)
    {
        if (change.ReadGating() is { IsGiven: true } gating)
        {
            await gates.SetModeAsync(Collection.IdOf(slug), gating.Mode, cancel);
        }

        var changed = await collections.ChangeAsync(Collection.IdOf(slug), change, cancel);
        return HubAnswer.Json(new ChangedCollection(await ViewAsync(changed, lists, request, cancel)), HubJson.Default.ChangedCollection);
    }

    private static async Task<IResult> Delete(string slug, Collections collections, CancellationToken cancel)
    {
        await collections.DeleteAsync(Collection.IdOf(slug), cancel);
        return Results.Ok();
    }

    private static async Task<IResult> UpvoteAsync(string slug, bool isUpvoted, Collections collections, CancellationToken cancel)
    {
        await collections.UpvoteAsync(Collection.IdOf(slug), isUpvoted, cancel);
        return Results.Ok();
    }

    private static async Task<IResult> ChangeItems(
        string slug, IReadOnlyList<ItemBatchChange> changes, Collections collections, CollectionLists lists, HttpRequest request, CancellationToken cancel)
    {
        if (changes.Any(c => c is not { Action: "update", Data: not null }))
        {
            throw new Refusal(RefusalCode.Invalid, "Each must have the \"action\" update, an \"_id\" and \"data\"");
        }

        var changed = await collections.ChangeItemsAsync(Collection.IdOf(slug), [.. changes.Select(c => (ItemOf(c.InternalId ?? ""), c.Data!))], cancel); // refused above where it is null
        return await AnswerAsync(changed, lists, request, cancel);
    }

    private static async Task<IResult> RemoveItem(string slug, string item, Collections collections, CancellationToken cancel)
    {
        await collections.RemoveAsync(Collection.IdOf(slug), ItemOf(item), cancel);
        return Results.Ok();
    }

    private static Guid ItemOf(string id) => PublicId.TryParseHub(id, out var found) ? found : Guid.Empty;

    private static async Task<IResult> AnswerAsync(Collection collection, CollectionLists lists, HttpRequest request, CancellationToken cancel) =>
        HubAnswer.Json(await ViewAsync(collection, lists, request, cancel), HubJson.Default.CollectionView);

    private static async Task<CollectionView> ViewAsync(Collection collection, CollectionLists lists, HttpRequest request, CancellationToken cancel) =>
        (await lists.ShowAsync([collection], int.MaxValue, cancel))[0].ToView(request.BaseAddress(), isListed: false);
}
