using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Making an organization; its members, as hub clients ask for them.</summary>
internal static class OrganizationApi
{
    private const int LargestPage = 500;

    public static void MapOrganizations(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/organizations", Create).WithErrorShape(ErrorShape.Problem).WithTags("Organizations");
        var members = routes.MapGroup("/api/organizations/{organization}/members").WithErrorShape(ErrorShape.Hub).WithTags("Organizations");
        members.MapGet("", ListMembers);
        members.MapPut("/{user}/role", SetRole);
        members.MapDelete("/{user}", Remove);
    }

    private static async Task<Created<OrganizationSummary>> Create(OrganizationRequest wanted, Caller caller, Accounts accounts, CancellationToken cancel)
    {
        var id = await accounts.CreateOrganizationAsync(new NewOrganization(wanted.Name, wanted.FullName, wanted.PrivateByDefault), caller.MayChange().Id, cancel);
        return TypedResults.Created($"/{wanted.Name}", new OrganizationSummary(PublicId.ToHub(id), wanted.Name));
    }

    private static async Task<Ok<IReadOnlyList<MemberSummary>>> ListMembers([AsParameters] MemberQuery query, HttpContext context, Namespaces namespaces, Follows follows, Caller caller, IdentityDb db, CancellationToken cancel)
    {
        var organization = await FindAsync(namespaces, query.Organization, cancel);
        var size = Math.Clamp(query.Limit ?? LargestPage, 1, LargestPage);
        var after = Cursor.Decode(query.Cursor) ?? "";
        var search = (query.Search ?? "").ToLowerInvariant();
        var members = await db.Members.Where(m => m.OrganizationId == organization.Id)
            .Join(db.Namespaces, m => m.UserId, n => n.Id, (m, n) => new { m.Role, Name = n })
            .Where(m => string.Compare(m.Name.LoweredName, after) > 0 && m.Name.LoweredName.Contains(search))
            .OrderBy(m => m.Name.LoweredName)
            .Take(size + 1)
            .ToListAsync(cancel);
        if (members.Count > size)
        {
            Cursor.LinkNext(context, members[size - 1].Name.LoweredName);
        }

        var followed = await follows.ToAsync(caller, members.ConvertAll(m => m.Name.Id), cancel);
        return TypedResults.Ok<IReadOnlyList<MemberSummary>>(
            [.. members.Take(size).Select(m => new MemberSummary(m.Name.Name, m.Name.FullName, m.Name.Avatar(), m.Role.ToWire(), followed[m.Name.Id].IsOwn))]);
    }

    private static async Task<NoContent> SetRole(
        string organization, string user, RoleRequest wanted, Caller caller, Namespaces namespaces, Accounts accounts, CancellationToken cancel)
    {
        var found = await FindAsync(namespaces, organization, cancel);
        if (!caller.MayChange().CanAdminister(found.Id))
        {
            throw new Refusal(RefusalCode.Forbidden, $"Only admins of {found.Name} may change its members.");
        }

        var member = await namespaces.FindAsync(user, cancel) is { IsOrganization: false } name
            ? name
            : throw new Refusal(RefusalCode.NotFound, $"There is no user named {user}.");
        await accounts.SetMemberAsync(found.Id, member.Id, RoleNames.Parse(wanted.Role), cancel);
        return TypedResults.NoContent();
    }

    /// <summary>By an admin; or by the member, who leaves.</summary>
    private static async Task<NoContent> Remove(string organization, string user, Caller caller, Namespaces namespaces, Accounts accounts, CancellationToken cancel)
    {
        var found = await FindAsync(namespaces, organization, cancel);
        var member = await namespaces.FindAsync(user, cancel);
        if (!caller.MayChange().CanAdminister(found.Id) && member?.Id != caller.Id)
        {
            throw new Refusal(RefusalCode.Forbidden, $"Only admins of {found.Name} may change its members.");
        }

        return member is not null && await accounts.RemoveMemberAsync(found.Id, member.Id, cancel)
            ? TypedResults.NoContent()
            : throw new Refusal(RefusalCode.NotFound, $"{found.Name} has no member named {user}.");
    }

    private static async Task<Namespace> FindAsync(Namespaces namespaces, string organization, CancellationToken cancel) =>
        await namespaces.FindAsync(organization, cancel) is { IsOrganization: true } found
            ? found
            : throw new Refusal(RefusalCode.NotFound, $"There is no organization named {organization}.");
}

internal readonly record struct MemberQuery(string Organization, string? Search, string? Cursor, int? Limit);

/// <param name="FullName">Empty: the name.</param>
/// <param name="PrivateByDefault">New repositories are private unless their maker says otherwise.</param>
internal sealed record OrganizationRequest(string Name, string FullName = "", bool PrivateByDefault = false);

/// <param name="Id">24 hex digits.</param>
internal sealed record OrganizationSummary(string Id, string Name);

/// <param name="Role"><c>read</c>, <c>contributor</c>, <c>write</c> or <c>admin</c>.</param>
internal sealed record RoleRequest(string Role);

/// <param name="User">The user's name.</param>
internal sealed record MemberSummary(string User, [property: JsonPropertyName("fullname")] string FullName, string AvatarUrl, string Role, bool IsFollowing)
{
    public string Type { get; } = "user";

    public bool IsPro { get; }
}
