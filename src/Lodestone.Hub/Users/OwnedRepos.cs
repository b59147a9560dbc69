using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>All repositories of a namespace with what they take up, for those who may read everything in it. The last changed comes first.</summary>
internal static class OwnedRepos
{
    private const int PageSize = 100;

    public static void MapOwnedRepos(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/settings/repositories", (Caller caller, HubDb db, HttpContext context, CancellationToken cancel) =>
            ListAsync(caller.Allowing(TokenScope.ReadRepos).Id, db, context, cancel));
        routes.MapGet("/api/organizations/{organization}/settings/repositories", OfOrganization);
    }

    private static async Task<IResult> OfOrganization(string organization, Caller caller, Namespaces namespaces, HubDb db, HttpContext context, CancellationToken cancel)
    {
        caller.Allowing(TokenScope.ReadRepos);
        if (await namespaces.FindAsync(organization, cancel) is not { IsOrganization: true } found)
        {
            throw new Refusal(RefusalCode.NotFound, "This organization does not exist");
        }

        return caller.CanRead(found.Id, TokenScope.ReadRepos)
            ? await ListAsync(found.Id, db, context, cancel)
            : throw new Refusal(RefusalCode.Forbidden, $"Only members of {found.Name} may see what its repositories take up.");
    }

    private static async Task<IResult> ListAsync(Guid ownerId, HubDb db, HttpContext context, CancellationToken cancel)
    {
        var query = context.Request.Query;
        var limit = (int)Math.Clamp(query.Whole("limit") ?? PageSize, 1, PageSize);
        var owned = db.Repos.AsNoTracking().Where(r => r.OwnerId == ownerId);
        var total = await db.LfsObjects.Where(o => owned.Any(r => r.Id == o.RepoId)).SumAsync(o => o.Size, cancel);
        var page = await After(Matching(owned, query), query["cursor"]).OrderByDescending(r => r.UpdatedAt).ThenBy(r => r.PathLower).ThenBy(r => r.Type).Take(limit + 1).ToListAsync(cancel);
        if (page.Count > limit)
        {
            page.RemoveAt(limit);
            Cursor.LinkNext(context, string.Create(CultureInfo.InvariantCulture, $"{Instants.ToMicroseconds(page[^1].UpdatedAt)} {page[^1].PathLower} {page[^1].Type.Singular()}"));
        }

        var ids = page.ConvertAll(r => r.Id);
        var used = await db.LfsObjects.Where(o => ids.Contains(o.RepoId)).GroupBy(o => o.RepoId).ToDictionaryAsync(g => g.Key, g => g.Sum(o => o.Size), cancel);
        return HubAnswer.Json<IReadOnlyList<OwnedRepo>>([.. page.Select(r => OwnedRepo.Of(r, used.GetValueOrDefault(r.Id), total))], HubJson.Default.IReadOnlyListOwnedRepo);
    }

    private static IQueryable<Repo> Matching(IQueryable<Repo> repos, IQueryCollection query)
    {
        if (query["type"].ToString() is { Length: > 0 } asked)
        {
            var type = RepoTypes.FromSingular(asked) ?? throw new Refusal(RefusalCode.Invalid, "\"type\" must be one of [model, dataset, space]") { Param = "type" };
            repos = repos.Where(r => r.Type == type);
        }

        var term = CardValues.Clean(query["search"].ToString()).ToLowerInvariant();
        return term.Length > 0 ? repos.Where(r => r.PathLower.Contains(term)) : repos;
    }

    private static IQueryable<Repo> After(IQueryable<Repo> repos, string? cursor)
    {
        if (Cursor.Decode(cursor) is not { } last)
        {
            return repos;
        }

        if (CardValues.Clean(last).Split(' ') is not [var text, var path, var name] || RepoTypes.FromSingular(name) is not { } type || !Instants.TryParseMicroseconds(text, out var when))
        {
            throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" };
        }

        // A model and a data set may have one name and one moment.
        var later = RepoTypes.All.Where(t => string.CompareOrdinal(t.Singular(), type.Singular()) > 0).ToList();
        return repos.Where(r => r.UpdatedAt < when
            || (r.UpdatedAt == when && (string.Compare(r.PathLower, path) > 0 || (r.PathLower == path && later.Contains(r.Type)))));
    }
}

/// <param name="Visibility"><c>public</c> or <c>private</c>.</param>
/// <param name="Storage">Bytes of large files, those of older commits included.</param>
/// <param name="StoragePercent">Of all that the namespace's repositories take up; 0 to 100.</param>
internal sealed record OwnedRepo(string Id, string Type, string UpdatedAt, string Visibility, long Storage, double StoragePercent)
{
    public static OwnedRepo Of(Repo repo, long used, long total) => new(
        repo.FullName, repo.Type.Singular(), Instants.ToWire(repo.UpdatedAt), repo.IsPrivate ? "private" : "public", used, total == 0 ? 0 : Math.Round(100.0 * used / total, 2));
}
