using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Counts a namespace's models that the caller may see. The module that has models registers one; until then there are none.</summary>
public delegate Task<int> CountModels(Caller caller, Guid namespaceId, CancellationToken cancel);

/// <summary>What everybody may know about a user or an organization, as hub clients ask for it.</summary>
internal static class Overviews
{
    public static void MapOverviews(this IEndpointRouteBuilder routes)
    {
        var overviews = routes.MapGroup("/api").WithErrorShape(ErrorShape.Hub).WithTags("Identity");
        overviews.MapGet("/users/{name}/overview", DescribeUser);
        overviews.MapGet("/organizations/{name}/overview", DescribeOrganization);
    }

    private static async Task<Ok<UserOverview>> DescribeUser(string name, Caller caller, Namespaces namespaces, IdentityDb db, CountModels count, CancellationToken cancel)
    {
        if (await namespaces.FindAsync(name, cancel) is not { IsOrganization: false } user)
        {
            throw new Refusal(RefusalCode.NotFound, "This user does not exist");
        }

        var organizations = await db.Members.Where(m => m.UserId == user.Id)
            .Join(db.Namespaces, m => m.OrganizationId, n => n.Id, (_, n) => n)
            .OrderBy(n => n.LoweredName)
            .ToListAsync(cancel);
        return TypedResults.Ok(new UserOverview
        {
            User = user.Name,
            FullName = user.FullName,
            AvatarUrl = user.Avatar(),
            NumModels = await count(caller, user.Id, cancel),
            Orgs = [.. organizations.Select(o => new OrganizationName(o.Name, o.FullName, o.Avatar()))],
            CreatedAt = Instants.ToWire(user.CreatedAt),
        });
    }

    private static async Task<Ok<OrganizationOverview>> DescribeOrganization(
        string name, Caller caller, Namespaces namespaces, IdentityDb db, CountModels count, CancellationToken cancel)
    {
        if (await namespaces.FindAsync(name, cancel) is not { IsOrganization: true } organization)
        {
            throw new Refusal(RefusalCode.NotFound, "This organization does not exist");
        }

        return TypedResults.Ok(new OrganizationOverview
        {
            Name = organization.Name,
            FullName = organization.FullName,
            AvatarUrl = organization.Avatar(),
            NumUsers = await db.Members.CountAsync(m => m.OrganizationId == organization.Id, cancel),
            NumModels = await count(caller, organization.Id, cancel),
        });
    }
}

/// <summary>What is not served on this server is counted as none.</summary>
internal abstract record Overview
{
    [JsonPropertyName("fullname")]
    public required string FullName { get; init; }

    public required string AvatarUrl { get; init; }

    public bool IsFollowing { get; }

    public required int NumModels { get; init; }

    public int NumDatasets { get; }

    public int NumSpaces { get; }

    public int NumPapers { get; }

    public int NumFollowers { get; }
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

    public int NumLikes { get; }

    public int NumFollowing { get; }

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
