using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Who it is that signed in to an app (OpenID Connect Core 1.0 section 5.3), as far as they let it know.</summary>
internal static class UserInfo
{
    public static void MapUserInfo(this IEndpointRouteBuilder routes) => routes.MapMethods(Discovery.UserInfoPath, ["GET", "POST"], Describe)
        .WithErrorShape(ErrorShape.Oauth).WithTags("OAuth");

    private static async Task<Ok<UserInfoAnswer>> Describe(Caller caller, UserClaims claims, HttpContext context, CancellationToken cancel)
    {
        context.Response.Headers.CacheControl = "no-store";
        var asked = caller.Allowing(TokenScope.OpenId);
        return TypedResults.Ok(await claims.OfAsync(asked.Id, asked.Scope.Whole(), [.. asked.Roles.Keys], context.Request.BaseAddress(), cancel));
    }
}

/// <summary>Reads what an app may know of a person.</summary>
internal sealed class UserClaims(IdentityDb db)
{
    /// <param name="shown">Organizations that the app may act in; with <see cref="TokenScope.ReadMemberships"/> it knows of all.</param>
    /// <param name="baseAddress">Of this server, as the app calls it.</param>
    public async Task<UserInfoAnswer> OfAsync(Guid userId, TokenScope scope, IReadOnlyCollection<Guid> shown, string baseAddress, CancellationToken cancel)
    {
        var found = await db.Users.AsNoTracking().Where(u => u.Id == userId).Join(db.Namespaces, u => u.Id, n => n.Id, (u, n) => new { User = u, Name = n }).SingleAsync(cancel);
        var answer = new UserInfoAnswer { Sub = PublicId.ToHub(userId) };
        if (scope.HasFlag(TokenScope.Email))
        {
            answer = answer with { Email = found.User.Email, EmailVerified = found.User.EmailVerified };
        }

        return !scope.HasFlag(TokenScope.Profile) ? answer : answer with
        {
            Name = found.Name.FullName,
            PreferredUsername = found.Name.Name,
            Profile = $"{baseAddress}/{found.Name.Name}",
            Picture = Absolute(baseAddress, found.Name.Avatar()),
            Website = found.Name.Website,
            IsPro = false,
            CanPay = scope.HasFlag(TokenScope.ReadBilling) ? false : null,
            Orgs = await OrganizationsAsync(userId, scope, shown, baseAddress, cancel),
        };
    }

    private async Task<IReadOnlyList<UserInfoOrganization>> OrganizationsAsync(Guid userId, TokenScope scope, IReadOnlyCollection<Guid> shown, string baseAddress, CancellationToken cancel)
    {
        var knowsAll = scope.HasFlag(TokenScope.ReadMemberships);
        var members = await db.Members.AsNoTracking().Where(m => m.UserId == userId && (knowsAll || shown.Contains(m.OrganizationId)))
            .Join(db.Namespaces, m => m.OrganizationId, n => n.Id, (m, n) => new { m.Role, Name = n }).OrderBy(m => m.Name.LoweredName).ToListAsync(cancel);
        return [.. members.Select(m => new UserInfoOrganization(PublicId.ToHub(m.Name.Id), m.Name.FullName, m.Name.Name, Absolute(baseAddress, m.Name.Avatar()), m.Role.ToWire()))];
    }

    private static string Absolute(string baseAddress, string address) => address.StartsWith('/') ? baseAddress + address : address;
}

/// <summary>What is absent the app may not know.</summary>
internal sealed record UserInfoAnswer
{
    /// <summary>24 hex digits; stays when the name changes.</summary>
    [JsonPropertyName("sub")]
    public required string Sub { get; init; }

    [JsonPropertyName("name"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    [JsonPropertyName("preferred_username"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PreferredUsername { get; init; }

    [JsonPropertyName("profile"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Profile { get; init; }

    [JsonPropertyName("picture"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Picture { get; init; }

    [JsonPropertyName("website"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Website { get; init; }

    [JsonPropertyName("email"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Email { get; init; }

    [JsonPropertyName("email_verified"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? EmailVerified { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? IsPro { get; init; }

    /// <summary>With <c>read-billing</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? CanPay { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<UserInfoOrganization>? Orgs { get; init; }
}

internal sealed record UserInfoOrganization(
    [property: JsonPropertyName("sub")] string Sub,
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("preferred_username")] string PreferredUsername,
    [property: JsonPropertyName("picture")] string Picture,
    string RoleInOrg)
{
    public bool IsEnterprise { get; }
}
