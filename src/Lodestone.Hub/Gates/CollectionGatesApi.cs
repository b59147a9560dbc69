using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>
/// The gate of a collection: <c>/api/v1/gates/collections/{owner}/{slug}</c> to read and set it, <c>/collections/{owner}/{slug}/ask-access</c>
/// to ask. Decisions and lists are at any of its repositories, for all of them.
/// </summary>
internal static class CollectionGatesApi
{
    public static void MapCollectionGates(this IEndpointRouteBuilder routes)
    {
        var gate = routes.MapGroup($"{RepoRoute.Gates}collections/{{owner}}/{{slug}}").WithErrorShape(ErrorShape.Problem).WithTags("Gates");
        gate.MapGet("", Show);
        gate.MapPut("", Save);
        routes.MapPost("/collections/{owner}/{slug}/ask-access", Ask).WithErrorShape(ErrorShape.Hub);
    }

    private static async Task<IResult> Show(string slug, Collections collections, CollectionGates gates, GateViews views, Caller caller, CancellationToken cancel) =>
        HubAnswer.Json(await ViewAsync(await collections.FindAsync(Collection.IdOf(slug), cancel), gates, views, caller, cancel), HubJson.Default.CollectionGateView);

    private static async Task<IResult> Save(string slug, Collections collections, CollectionGates gates, GateViews views, Caller caller, HttpRequest request, CancellationToken cancel)
    {
        var collection = await gates.ToAdministerAsync(Collection.IdOf(slug), cancel); // before the body is looked at
        var wanted = await request.ReadBodyAsync(HubJson.Default.NewGate) ?? throw new Refusal(RefusalCode.Invalid, "The body must be the gate, as JSON.");
        await gates.SaveAsync(collection.Id, wanted, cancel);
        return HubAnswer.Json(await ViewAsync(collection, gates, views, caller, cancel), HubJson.Default.CollectionGateView);
    }

    private static async Task<IResult> Ask(
        string slug, Collections collections, CollectionGates gates, RepoStore store, RepoRefresh refresh, AccessAsking asking, HubDb db, Caller caller, HttpContext context, CancellationToken cancel)
    {
        var collection = await collections.FindAsync(Collection.IdOf(slug), cancel);
        caller.Authenticated();
        if (await gates.ReposAsync(collection.Id, cancel) is not [var repo, ..])
        {
            throw new Refusal(new RefusalCode("not_gated", 400), $"{collection.Title} is not gated, or you may see nothing that is behind its gate.");
        }

        var terms = await db.TermsAsync(repo, await refresh.FactsAsync(repo, store.Open(repo.Id), cancel), cancel);
        await asking.AskAsync(repo, terms, AskAccess.Of(await AskAccess.ReadAsync(context.Request), context), cancel);
        context.Response.Headers.Location = collection.Href;
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static async Task<CollectionGateView> ViewAsync(Collection collection, CollectionGates gates, GateViews views, Caller caller, CancellationToken cancel)
    {
        var behind = await gates.ReposAsync(collection.Id, cancel);
        var gate = behind.Count > 0 ? await views.OfAsync(behind[0], caller, cancel) : null;
        var mode = (await gates.FindAsync(collection.Id, cancel))?.Mode;
        return new CollectionGateView(RepoSummary.GateOnWire(mode), [.. behind.Select(r => new GatedRepoName(r.Type.Singular(), r.FullName))], gate);
    }
}

/// <param name="Repositories">Behind the gate, as far as the caller may see them.</param>
/// <param name="Gate">What it says and where the caller stands; absent where there is no such repository.</param>
internal sealed record CollectionGateView(JsonNode Mode, IReadOnlyList<GatedRepoName> Repositories, GateView? Gate);

/// <param name="Id"><c>owner/name</c>.</param>
internal sealed record GatedRepoName(string Type, string Id);
