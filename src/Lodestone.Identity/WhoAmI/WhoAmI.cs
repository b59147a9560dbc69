using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Tells a program whom its token belongs to, in the words of the hub's clients.</summary>
internal static class WhoAmI
{
    public static void MapWhoAmI(this IEndpointRouteBuilder routes)
    {
        var whoAmI = routes.MapGroup("/api").WithErrorShape(ErrorShape.Hub).WithTags("Identity");
        whoAmI.MapGet("/whoami-v2", Describe);
        whoAmI.MapGet("/whoami", Describe);
    }

    private static async Task<Results<Ok<WhoAmIAnswer>, Ok<WhoAmIProgram>>> Describe(Caller caller, IdentityDb db, CancellationToken cancel)
    {
        if (caller.Authenticated().Kind is CallerKind.ServiceAccount)
        {
            var role = caller.Scope.HasFlag(TokenScope.Write) ? "write" : "read";
            return TypedResults.Ok(new WhoAmIProgram(PublicId.ToHub(caller.Id), caller.Name, new WhoAmIScope(role)));
        }

        var id = caller.Id;
        var user = await db.Users.AsNoTracking().SingleAsync(u => u.Id == id, cancel);
        var name = await db.Namespaces.AsNoTracking().SingleAsync(n => n.Id == id, cancel);
        var knowsAll = caller.May(TokenScope.ReadMemberships);
        var shown = caller.Roles.Keys.ToList();
        var organizations = await db.Members.AsNoTracking().Where(m => m.UserId == id && (knowsAll || shown.Contains(m.OrganizationId)))
            .Join(db.Namespaces, m => m.OrganizationId, n => n.Id, (m, n) => new { m.Role, Name = n })
            .OrderBy(m => m.Name.LoweredName)
            .ToListAsync(cancel);
        return TypedResults.Ok(new WhoAmIAnswer
        {
            Id = PublicId.ToHub(id),
            Name = name.Name,
            FullName = name.FullName,
            Email = caller.May(TokenScope.Email) ? user.Email : null,
            EmailVerified = caller.May(TokenScope.Email) ? user.EmailVerified : null,
            AvatarUrl = name.Avatar(),
            Orgs = [.. organizations.Select(o => new WhoAmIOrganization(PublicId.ToHub(o.Name.Id), o.Name.Name, o.Name.FullName, o.Name.Avatar(), o.Role.ToWire()))],
            Auth = await CredentialAsync(caller, db, cancel),
        });
    }

    private static async Task<WhoAmICredential> CredentialAsync(Caller caller, IdentityDb db, CancellationToken cancel)
    {
        if (caller.AppId is not null)
        {
            var expiresAt = await db.OauthTokens.Where(t => t.Id == caller.CredentialId).Select(t => (DateTimeOffset?)t.ExpiresAt).SingleOrDefaultAsync(cancel);
            return new WhoAmICredential("oauth", AccessToken: null, expiresAt is { } end ? Instants.ToWire(end) : null);
        }

        return await db.Tokens.AsNoTracking().SingleOrDefaultAsync(t => t.Id == caller.CredentialId, cancel) is { } token
            ? new WhoAmICredential("access_token", new WhoAmIToken(Instants.ToWire(token.CreatedAt), token.Name, token.Role), ExpiresAt: null)
            : new WhoAmICredential("session", AccessToken: null, ExpiresAt: null);
    }
}

/// <summary>Members and their order as hub clients compare them.</summary>
internal sealed record WhoAmIAnswer
{
    public string Type { get; } = "user";

    /// <summary>24 hex digits.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    [JsonPropertyName("fullname")]
    public required string FullName { get; init; }

    /// <summary>Absent for an app that may not see it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? Email { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required bool? EmailVerified { get; init; }

    public bool CanPay { get; }

    public bool IsPro { get; }

    public long? PeriodEnd { get; }

    public required string AvatarUrl { get; init; }

    public string BillingMode { get; } = "prepaid";

    public required IReadOnlyList<WhoAmIOrganization> Orgs { get; init; }

    public required WhoAmICredential Auth { get; init; }
}

/// <summary>A service account, which hub clients call an app.</summary>
/// <param name="Name">With its organization: <c>acme/ci</c>.</param>
internal sealed record WhoAmIProgram(string Id, string Name, WhoAmIScope Scope)
{
    [JsonPropertyOrder(-1)]
    public string Type { get; } = "app";
}

/// <param name="Role"><c>read</c> or <c>write</c>.</param>
internal sealed record WhoAmIScope(string Role);

/// <param name="RoleInOrg"><c>read</c>, <c>contributor</c>, <c>write</c> or <c>admin</c>.</param>
internal sealed record WhoAmIOrganization(string Id, string Name, [property: JsonPropertyName("fullname")] string FullName, string AvatarUrl, string RoleInOrg)
{
    [JsonPropertyOrder(-1)]
    public string Type { get; } = "org";

    public string? Email { get; }

    public bool CanPay { get; }

    public long? PeriodEnd { get; }

    public bool IsEnterprise { get; }
}

/// <param name="Type"><c>access_token</c>, <c>oauth</c> or <c>session</c>.</param>
/// <param name="ExpiresAt">Of an app's token.</param>
internal sealed record WhoAmICredential(
    string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] WhoAmIToken? AccessToken,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ExpiresAt);

/// <param name="CreatedAt">UTC with milliseconds.</param>
/// <param name="Role"><c>read</c> or <c>write</c>.</param>
internal sealed record WhoAmIToken(string CreatedAt, string DisplayName, string Role);
