using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Files and folders by path; those that do not exist are left out. Python sends a form, JavaScript sends JSON.</summary>
internal static class PathsInfo
{
    private const int MostPaths = 2000;

    private static readonly FormOptions FormLimits = new() { ValueCountLimit = MostPaths + 10 };

    public static void MapPathsInfo(this IEndpointRouteBuilder repo) => repo.MapPost("/paths-info/{**rev}", List);

    private static async Task<IResult> List(RepoRoute route, RepoAccess access, RepoStore store, HubDb db, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var git = store.Open(repo.Id);
        var at = RevisionPath.OfRevision(git, route.Revision);
        var (paths, isExpanded) = await ReadAsync(context, cancel);
        if (paths.Count > MostPaths)
        {
            throw new Refusal(RefusalCode.Invalid, $"\"paths\" may have at most {MostPaths} entries.") { Param = "paths" };
        }

        var tree = new RepoTree(git, at.Commit);
        var found = paths.Select(p => p.Trim('/')).Distinct(StringComparer.Ordinal).Select(tree.Find).OfType<RepoEntry>().ToList();
        var last = isExpanded ? LastChanges.Of(git, at.Commit, found, cancel) : null;
        var chunked = await db.XetHashesAsync(repo.Id, found, cancel);
        context.Response.Headers["X-Repo-Commit"] = at.Commit.ToString();
        return HubAnswer.Json<IReadOnlyList<TreeItem>>([.. found.Select(e => TreeItem.Of(e, last, chunked))], HubJson.Default.IReadOnlyListTreeItem);
    }

    private static async Task<(IReadOnlyList<string> Paths, bool IsExpanded)> ReadAsync(HttpContext context, CancellationToken cancel)
    {
        try
        {
            if (context.Request.HasFormContentType)
            {
                var form = await context.Request.ReadFormAsync(FormLimits, cancel);
                return ([.. form["paths"].Concat(form["paths[]"]).OfType<string>()], form["expand"].ToString().ToLowerInvariant() is "true" or "1");
            }

            using var body = await JsonDocument.ParseAsync(context.Request.Body, default, cancel);
            var paths = body.RootElement.GetProperty("paths");
            var isExpanded = body.RootElement.TryGetProperty("expand", out var expand) && expand.ValueKind is JsonValueKind.True;
            return ([.. (paths.ValueKind is JsonValueKind.Array ? paths.EnumerateArray().ToArray() : [paths]).Select(p => p.GetString() ?? "")], isExpanded);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or InvalidDataException)
        {
            throw new Refusal(RefusalCode.Invalid, $"The body must be JSON or a form with \"paths\": a list of at most {MostPaths} texts.") { Param = "paths" };
        }
    }
}
