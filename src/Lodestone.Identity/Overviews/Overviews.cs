using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Counts what a namespace has that the caller may see. The module that has repositories registers one; until then there is nothing.</summary>
public delegate Task<NamespaceCounts> CountContent(Caller caller, Guid namespaceId, CancellationToken cancel);

/// <param name="Likes">Repositories that the user likes.</param>
public sealed record NamespaceCounts(int Models, int Datasets, int Spaces, int Likes);

/// <summary>What everybody may know about a user or an organization, as hub clients ask for it.</summary>
internal static class Overviews
{
    public static void MapOverviews(this IEndpointRouteBuilder routes)
    {
        var overviews = routes.MapGroup("/api").WithErrorShape(ErrorShape.Hub).WithTags("Identity");
        overviews.MapGet("/users/{name}/overview", DescribeUser);
        overviews.MapGet("/organizations/{name}/overview", DescribeOrganization);
    }

    private static async Task<Ok<UserOverview>> DescribeUser(
        string name, Caller caller, Namespaces namespaces, Follows follows, IdentityDb db, CountContent count, CancellationToken cancel)
    {
        if (await namespaces.FindAsync(name, cancel) is not { IsOrganization: false } user)
        {
            throw new Refusal(RefusalCode.NotFound, "This user does not exist");
        }

        var organizations = await db.Members.Where(m => m.UserId == user.Id)
            .Join(db.Namespaces, m => m.OrganizationId, n => n.Id, (_, n) => n)
            .OrderBy(n => n.LoweredName)
            .ToListAsync(cancel);
        var counts = await count(caller, user.Id, cancel);
        var following = (await follows.ToAsync(caller, [user.Id], cancel))[user.Id];
        return TypedResults.Ok(new UserOverview
        {
            User = user.Name,
            FullName = user.FullName,
            AvatarUrl = user.Avatar(),
            NumModels = counts.Models,
            NumDatasets = counts.Datasets,
            NumSpaces = counts.Spaces,
            NumLikes = counts.Likes,
            IsFollowing = following.IsOwn,
            NumFollowers = following.Followers,
            NumFollowing = await db.Follows.CountAsync(f => f.FollowerId == user.Id, cancel),
            Orgs = [.. organizations.Select(o => new OrganizationName(o.Name, o.FullName, o.Avatar()))],
            CreatedAt = Instants.ToWire(user.CreatedAt),
        });
    }

    private static async Task<Ok<OrganizationOverview>> DescribeOrganization(
        string name, Caller caller, Namespaces namespaces, Follows follows, IdentityDb db, CountContent count, CancellationToken cancel)
    {
        if (await namespaces.FindAsync(name, cancel) is not { IsOrganization: true } organization)
        {
            throw new Refusal(RefusalCode.NotFound, "This organization does not exist");
        }

        var counts = await count(caller, organization.Id, cancel);
        var following = (await follows.ToAsync(caller, [organization.Id], cancel))[organization.Id];
        return TypedResults.Ok(new OrganizationOverview
        {
            Name = organization.Name,
            FullName = organization.FullName,
            AvatarUrl = organization.Avatar(),
            IsFollowing = following.IsOwn,
            NumFollowers = following.Followers,
            NumUsers = await db.Members.CountAsync(m => m.OrganizationId == organization.Id, cancel),
            NumModels = counts.Models,
            NumDatasets = counts.Datasets,
            NumSpaces = counts.Spaces,
        });
    }
}

/// <summary>What is not served on this server is counted as none.</summary>
internal abstract record Overview
{
    [JsonPropertyName("fullname")]
    public required string FullName { get; init; }

    public required string AvatarUrl { get; init; }

    /// <summary>The caller follows it.</summary>
    public required bool IsFollowing { get; init; }

    public required int NumModels { get; init; }

    public required int NumDatasets { get; init; }

    public required int NumSpaces { get; init; }

    public int NumPapers { get; }

    public required int NumFollowers { get; init; }
}

internal sealed record UserOverview : Overview
{
    /// <summary>The user's name.</summary>
    [JsonPropertyOrder(-1)]
    public required string User { get; init; }

    public string Type { get; } = "user";

    public bool IsPro { get; }

    public int NumDiscussions { get; }

    public int NumUpvotes { get; }

    public required int NumLikes { get; init; }

    public required int NumFollowing { get; init; }

    public required IReadOnlyList<OrganizationName> Orgs { get; init; }

    public required string CreatedAt { get; init; }
}

internal sealed record OrganizationOverview : Overview
{
    [JsonPropertyOrder(-1)]
    public required string Name { get; init; }

    public bool IsVerified { get; }

    /// <summary>Members.</summary>
    public required int NumUsers { get; init; }
}

internal sealed record OrganizationName(string Name, [property: JsonPropertyName("fullname")] string FullName, string AvatarUrl);
