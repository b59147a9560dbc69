using System.Text.Json.Serialization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>A few of everything that a text finds by name, while somebody still types.</summary>
internal static class QuickSearch
{
    private const int Shown = 5;
    private const int MostShown = 20;

    public static void MapQuickSearch(this IEndpointRouteBuilder routes) => routes.MapGet("/api/quicksearch", async (HttpRequest request, WideSearch search, CancellationToken cancel) =>
    {
        var asked = CardValues.Clean(request.Query["q"].ToString()).Trim();
        var limit = (int)Math.Clamp(request.Query.Whole("limit") ?? Shown, 1, MostShown);
        var found = await search.FindAsync(asked, limit, isFullText: false, cancel);
        return HubAnswer.Json(
            new QuickAnswer(
                asked, Named(found.Models), found.Models.Total, Named(found.Datasets), found.Datasets.Total, Named(found.Spaces), found.Spaces.Total,
                [.. found.People.Some.Select(p => new QuickUser(p.Name, p.FullName))], found.People.Total,
                [.. found.Organizations.Some.Select(o => new QuickOrganization(PublicId.ToHub(o.Id), o.Name, o.FullName))], found.Organizations.Total),
            HubJson.Default.QuickAnswer);
    });

    private static IReadOnlyList<QuickRepo> Named(FoundOfType found) => [.. found.Repos.Select(r => new QuickRepo(PublicId.ToHub(r.Id), r.FullName))];
}

/// <summary>Looks for a text among everything that has a page: repositories of every type, people and organizations.</summary>
internal sealed class WideSearch(RepoListing listing, Namespaces namespaces)
{
    public async Task<FoundWidely> FindAsync(string text, int limit, bool isFullText, CancellationToken cancel)
    {
        if (text.Length == 0)
        {
            return FoundWidely.Nothing;
        }

        return new FoundWidely(
            await OfAsync(RepoType.Model), await OfAsync(RepoType.Dataset), await OfAsync(RepoType.Space),
            await namespaces.SearchAsync(text, isOrganization: false, limit, cancel), await namespaces.SearchAsync(text, isOrganization: true, limit, cancel));

        async Task<FoundOfType> OfAsync(RepoType type)
        {
            var asked = new ListSearch { Type = type, Text = text, IsFullText = isFullText };
            var (page, total) = await listing.FindAsync(asked.ToRepoSearch(), limit, cancel);
            return new FoundOfType(type, page, total, asked.Href);
        }
    }
}

/// <param name="Total">Of all that fit, shown or not.</param>
/// <param name="Href">All of them.</param>
internal sealed record FoundOfType(RepoType Type, IReadOnlyList<Repo> Repos, int Total, string Href);

internal sealed record FoundWidely(FoundOfType Models, FoundOfType Datasets, FoundOfType Spaces, FoundNamespaces People, FoundNamespaces Organizations)
{
    public static FoundWidely Nothing { get; } = new(None(RepoType.Model), None(RepoType.Dataset), None(RepoType.Space), new FoundNamespaces([], 0), new FoundNamespaces([], 0));

    public IReadOnlyList<FoundOfType> Repositories => [Models, Datasets, Spaces];

    private static FoundOfType None(RepoType type) => new(type, [], 0, "");
}

/// <param name="Q">What was asked for.</param>
internal sealed record QuickAnswer(
    string Q, IReadOnlyList<QuickRepo> Models, int ModelsCount, IReadOnlyList<QuickRepo> Datasets, int DatasetsCount, IReadOnlyList<QuickRepo> Spaces, int SpacesCount,
    IReadOnlyList<QuickUser> Users, int UsersCount, IReadOnlyList<QuickOrganization> Orgs, int OrgsCount);

/// <param name="HubId">24 hex digits.</param>
/// <param name="Id"><c>owner/name</c>.</param>
internal sealed record QuickRepo([property: JsonPropertyName("_id")] string HubId, string Id);

internal sealed record QuickUser(string User, [property: JsonPropertyName("fullname")] string FullName);

internal sealed record QuickOrganization([property: JsonPropertyName("_id")] string HubId, string Name, [property: JsonPropertyName("fullname")] string FullName);
