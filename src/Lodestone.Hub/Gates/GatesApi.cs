using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>
/// What the public hub's calls about gates lack: <c>/api/v1/gates/{type}/{owner}/{name}</c>, its editor, acceptance by an
/// organization, revocation, who holds what, and what was downloaded.
/// </summary>
internal static class GatesApi
{
    private const int PageSize = 100;

    public static void MapGates(this IEndpointRouteBuilder routes)
    {
        var gate = routes.MapGroup($"{RepoRoute.Gates}{{type:repoType}}/{{owner}}/{{name}}").WithErrorShape(ErrorShape.Problem).WithTags("Gates");
        gate.MapGet("", Show);
        gate.MapPut("", Save);
        gate.MapGet("/requests", List);
        gate.MapPost("/revocations", Revoke);
        gate.MapPut("/organizations/{organization}", Accept);
        gate.MapDelete("/organizations/{organization}", GiveUp);
        gate.MapGet("/holders", Holders);
        gate.MapGet("/downloads", DownloadList);
        gate.MapGet("/downloads.csv", DownloadReport);
    }

    private static async Task<IResult> Show(RepoRoute route, RepoAccess access, GateViews views, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        return HubAnswer.Json(await views.OfAsync(repo, access.Caller, cancel), HubJson.Default.GateView);
    }

    private static async Task<IResult> Save(RepoRoute route, RepoAccess access, GateEditing editing, GateViews views, HttpRequest request, CancellationToken cancel)
    {
        await access.ToAdministerAsync(route, cancel); // before the body is looked at
        var wanted = await request.ReadBodyAsync(HubJson.Default.NewGate) ?? throw new Refusal(RefusalCode.Invalid, "The body must be the gate, as JSON.");
        await editing.SaveAsync(route, wanted, cancel);
        return HubAnswer.Json(await views.OfAsync(await access.ToReadAsync(route, cancel), access.Caller, cancel), HubJson.Default.GateView);
    }

    private static async Task<IResult> List(RepoRoute route, RepoAccess access, AccessLists lists, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        var query = context.Request.Query;
        var states = query["state"].ToString() is { Length: > 0 } state ? AccessLists.StatesOf(state) : Enum.GetValues<AccessState>();
        var limit = (int)Math.Clamp(query.Whole("limit") ?? PageSize, 1, PageSize);
        var page = await lists.ReadAsync(repo.Id, states, query["cursor"], limit, cancel);
        if (page.Next is not null)
        {
            Cursor.LinkNext(context, page.Next);
        }

        return HubAnswer.Json<IReadOnlyList<AccessRequestView>>([.. page.Entries.Select(e => AccessRequestView.Of(e))], HubJson.Default.IReadOnlyListAccessRequestView);
    }

    private static async Task<NoContent> Revoke(RepoRoute route, AccessDecision asked, RepoAccess access, AccessDeciding deciding, Namespaces namespaces, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        await deciding.DecideAsync(repo, await asked.SubjectAsync(namespaces, cancel), AccessState.Revoked, asked.RejectionReason, cancel);
        return TypedResults.NoContent();
    }

    /// <summary>For all who belong to the organization, now and later.</summary>
    private static async Task<IResult> Accept(
        string organization, RepoRoute route, RepoAccess access, RepoStore store, RepoRefresh refresh, AccessAsking asking, HubDb db, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        access.Caller.Authenticated();
        var asked = await context.Request.ReadBodyAsync(HubJson.Default.NewAcceptance) ?? new NewAcceptance(null, null);
        var facts = await refresh.FactsAsync(repo, store.Open(repo.Id), cancel);
        var answers = (asked.Fields ?? new Dictionary<string, string?>(StringComparer.Ordinal)).ToDictionary(StringComparer.Ordinal);
        var wanted = new NewAsking(answers, asked.Licence, organization, context.Connection.RemoteIpAddress?.ToString());
        var state = await asking.AskAsync(repo, await db.TermsAsync(repo, facts, cancel), wanted, cancel);
        return HubAnswer.Json(new AccessStanding(state?.ToWire() ?? "none", null), HubJson.Default.AccessStanding);
    }

    private static async Task<NoContent> GiveUp(string organization, RepoRoute route, RepoAccess access, AccessAsking asking, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        access.Caller.Authenticated();
        repo.RequireGate();
        await asking.CancelAsync(repo, organization, cancel);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> Holders(RepoRoute route, RepoAccess access, DownloadLists downloads, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        var (holders, next) = await downloads.HoldersAsync(repo.Id, context.Request.Query["cursor"], PageSize, cancel);
        if (next is not null)
        {
            Cursor.LinkNext(context, next);
        }

        return HubAnswer.Json(holders, HubJson.Default.IReadOnlyListHolderView);
    }

    private static async Task<IResult> DownloadList(RepoRoute route, RepoAccess access, DownloadLists downloads, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        var (rows, next) = await downloads.ReadAsync(repo.Id, context.Request.Query["cursor"], PageSize, cancel);
        if (next is not null)
        {
            Cursor.LinkNext(context, next);
        }

        return HubAnswer.Json(rows, HubJson.Default.IReadOnlyListDownloadView);
    }

    private static async Task<IResult> DownloadReport(RepoRoute route, RepoAccess access, DownloadLists downloads, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        await using var csv = Csv.Begin(context.Response, $"{repo.Name}-downloads.csv");
        await csv.WriteAsync(["time", "caller", "caller_type", "through", "way", "revision", "path", "bytes", "requests"], cancel);
        for (var after = (string?)null; ;)
        {
            var (rows, next) = await downloads.ReadAsync(repo.Id, after, PageSize, cancel);
            foreach (var row in rows)
            {
                await csv.WriteAsync(row.Cells(), cancel);
            }

            if (next is null)
            {
                return Results.Empty;
            }

            after = Cursor.Encode(next);
        }
    }
}

/// <param name="Fields">Answers to what the gate asks.</param>
/// <param name="Licence">SHA-256 of the licence that was read and is accepted.</param>
internal sealed record NewAcceptance(IReadOnlyDictionary<string, string?>? Fields, string? Licence);
