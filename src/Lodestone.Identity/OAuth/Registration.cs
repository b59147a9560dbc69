using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Programs that register themselves (RFC 7591). They are anybody's: people are told so when they are asked.</summary>
internal static class Registration
{
    /// <summary>A minute from one address.</summary>
    private const int Most = 10;

    // Of those that nobody ever allowed anything.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    public static void MapRegistration(this IEndpointRouteBuilder routes) => routes.MapPost(Discovery.RegisterPath, Register)
        .WithErrorShape(ErrorShape.Oauth).WithOwnAuthority().WithTags("OAuth");

    private static async Task<Created<RegisteredApp>> Register(
        NewRegistration wanted, IdentityOptions options, IdentityDb db, AddressQuota quota, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        if (!options.AppRegistration)
        {
            throw new Refusal(OauthRefusals.RegistrationClosed, "Apps may not register themselves here. Somebody with an account makes one under Settings, Applications.");
        }

        quota.Take("register", context.Connection.RemoteIpAddress, Most);
        var now = clock.GetUtcNow();
        var isPublic = wanted.ProofMethod switch
        {
            "none" => true,
            null or "client_secret_basic" or "client_secret_post" => false, // RFC 7591 section 2: Basic unless given
            _ => throw new Refusal(OauthRefusals.InvalidClientMetadata, "token_endpoint_auth_method is none, client_secret_basic or client_secret_post."),
        };
        var app = Make(wanted, isPublic, clock);
        var secret = isPublic ? null : app.SetSecret();
        var unused = now - Kept;
        await db.WriteAsync(
            async inner =>
            {
                await db.OauthApps.Where(a => a.IsSelfRegistered && a.CreatedAt < unused && !db.OauthConsents.Any(c => c.AppId == a.Id)).ExecuteDeleteAsync(inner);
                db.OauthApps.Add(app);
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, new RegisteredApp(
            app.ClientId, secret, now.ToUnixTimeSeconds(), secret is null ? null : 0, app.Name, app.Redirects, wanted.ProofMethod ?? "client_secret_basic", app.Scope.Names())
        {
            Website = app.Website,
        });
    }

    private static OauthApp Make(NewRegistration wanted, bool isPublic, TimeProvider clock)
    {
        try
        {
            return new AppDescription(wanted.Name ?? "App without a name", wanted.RedirectUris ?? [], wanted.Website, ScopeOf(wanted.Scope)).Make(clock, isPublic, ownerId: null, isSelfRegistered: true);
        }
        catch (Refusal refusal) when (refusal.Code.Status is StatusCodes.Status422UnprocessableEntity)
        {
            throw new Refusal(OauthRefusals.InvalidClientMetadata, refusal.Message);
        }
    }

    private static TokenScope ScopeOf(string? names) => string.IsNullOrWhiteSpace(names)
        ? TokenScope.OpenId | TokenScope.Profile
        : TokenScopes.TryParse(names, out var scope) ? scope : throw new Refusal(OauthRefusals.InvalidClientMetadata, "One of the scopes is not known here. Those that are: " + TokenScopes.Every.Names());
}

/// <param name="Scope">Separated by spaces; <c>openid profile</c> unless given.</param>
internal sealed record NewRegistration(
    [property: JsonPropertyName("client_name")] string? Name,
    [property: JsonPropertyName("redirect_uris")] IReadOnlyList<string>? RedirectUris,
    [property: JsonPropertyName("client_uri")] string? Website,
    [property: JsonPropertyName("token_endpoint_auth_method")] string? ProofMethod,
    [property: JsonPropertyName("scope")] string? Scope);

/// <param name="ClientSecret">Shown this once; absent for public apps.</param>
/// <param name="SecretExpiresAt">0: never.</param>
internal sealed record RegisteredApp(
    [property: JsonPropertyName("client_id")] string ClientId,
    [property: JsonPropertyName("client_secret"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ClientSecret,
    [property: JsonPropertyName("client_id_issued_at")] long IssuedAt,
    [property: JsonPropertyName("client_secret_expires_at"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? SecretExpiresAt,
    [property: JsonPropertyName("client_name")] string Name,
    [property: JsonPropertyName("redirect_uris")] IReadOnlyList<string> RedirectUris,
    [property: JsonPropertyName("token_endpoint_auth_method")] string ProofMethod,
    [property: JsonPropertyName("scope")] string Scope)
{
    [JsonPropertyName("client_uri"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Website { get; init; }

    [JsonPropertyName("grant_types")]
    public string[] GrantTypes { get; } = [Discovery.CodeGrant, Discovery.RefreshGrant, Discovery.DeviceGrant];

    [JsonPropertyName("response_types")]
    public string[] ResponseTypes { get; } = ["code"];
}
