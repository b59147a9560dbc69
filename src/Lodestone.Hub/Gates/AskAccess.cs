using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>
/// Asking for access by a form or by JSON: members are the gate's fields; those that begin with <c>_</c> are ours,
/// <c>_licence</c> and <c>_organization</c>. Our own pages ask through their component.
/// </summary>
internal static class AskAccess
{
    public static void MapAskAccess(this IEndpointRouteBuilder place)
    {
        place.MapPost("/ask-access", Ask);
        place.MapGet("/user-access-report", AccessReport.Download);
    }

    private static async Task<IResult> Ask(
        RepoRoute route, RepoAccess access, RepoStore store, RepoRefresh refresh, AccessAsking asking, HubDb db, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        access.Caller.Authenticated();
        repo.RequireGate();
        var facts = await refresh.FactsAsync(repo, store.Open(repo.Id), cancel);
        var sent = await ReadAsync(context.Request);
        await asking.AskAsync(repo, await db.TermsAsync(repo, facts, cancel), Of(sent, context), cancel);
        context.Response.Headers.Location = $"/{repo.Type.Prefix()}{repo.FullName}";
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <param name="sent">Members by name.</param>
    public static NewAsking Of(IReadOnlyDictionary<string, string?> sent, HttpContext context) => new(
        sent.Where(s => !s.Key.StartsWith('_')).ToDictionary(s => s.Key, s => s.Value, StringComparer.Ordinal),
        sent.GetValueOrDefault("_licence"),
        sent.GetValueOrDefault("_organization"),
        context.Connection.RemoteIpAddress?.ToString());

    /// <summary>Members of a form or of a JSON object.</summary>
    public static async Task<IReadOnlyDictionary<string, string?>> ReadAsync(HttpRequest request)
    {
        if (request.HasFormContentType)
        {
            return (await request.ReadFormAsync(request.HttpContext.RequestAborted)).ToDictionary(f => f.Key, f => (string?)f.Value.ToString(), StringComparer.Ordinal);
        }

        var body = await request.ReadBodyAsync(HubJson.Default.JsonObject) ?? [];
        return body.ToDictionary(m => m.Key, m => m.Value?.GetValueKind() is JsonValueKind.True ? "true" : m.Value?.ToString(), StringComparer.Ordinal);
    }
}
