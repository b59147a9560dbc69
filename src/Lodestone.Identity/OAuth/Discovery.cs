using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Identity;

/// <summary>Tells apps where everything is: OpenID Connect Discovery 1.0, and RFC 8414 with the same answer.</summary>
internal static class Discovery
{
    public const string AuthorizePath = "/oauth/authorize";
    public const string TokenPath = "/oauth/token";
    public const string UserInfoPath = "/oauth/userinfo";
    public const string KeysPath = "/oauth/jwks";
    public const string DevicePath = "/oauth/device";
    public const string RevokePath = "/oauth/revoke";
    public const string RegisterPath = "/oauth/register";

    /// <summary>The page where a person types a device's code.</summary>
    public const string ActivatePath = "/oauth/activate";

    public const string CodeGrant = "authorization_code";
    public const string RefreshGrant = "refresh_token";
    public const string DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

    public static void MapDiscovery(this IEndpointRouteBuilder routes)
    {
        var discovery = routes.MapGroup("").WithErrorShape(ErrorShape.Oauth).WithTags("OAuth");
        discovery.MapGet("/.well-known/openid-configuration", Describe);
        discovery.MapGet("/.well-known/oauth-authorization-server", Describe);
        discovery.MapGet(KeysPath, Keys);
    }

    private static Ok<ProviderMetadata> Describe(HttpRequest request, IdentityOptions options)
    {
        var issuer = request.BaseAddress();
        return TypedResults.Ok(new ProviderMetadata
        {
            Issuer = issuer,
            AuthorizationEndpoint = issuer + AuthorizePath,
            TokenEndpoint = issuer + TokenPath,
            UserInfoEndpoint = issuer + UserInfoPath,
            JwksUri = issuer + KeysPath,
            DeviceAuthorizationEndpoint = issuer + DevicePath,
            RevocationEndpoint = issuer + RevokePath,
            RegistrationEndpoint = options.AppRegistration ? issuer + RegisterPath : null,
        });
    }

    private static async Task<Ok<KeySet>> Keys(SigningKeys keys, HttpContext context, CancellationToken cancel)
    {
        context.Response.Headers.CacheControl = "public, max-age=300";
        return TypedResults.Ok(new KeySet(await keys.PublishedAsync(cancel)));
    }
}

internal sealed record KeySet(IReadOnlyList<PublicKey> Keys);

internal sealed record ProviderMetadata
{
    [JsonPropertyName("issuer")]
    public required string Issuer { get; init; }

    [JsonPropertyName("authorization_endpoint")]
    public required string AuthorizationEndpoint { get; init; }

    [JsonPropertyName("token_endpoint")]
    public required string TokenEndpoint { get; init; }

    [JsonPropertyName("userinfo_endpoint")]
    public required string UserInfoEndpoint { get; init; }

    [JsonPropertyName("jwks_uri")]
    public required string JwksUri { get; init; }

    [JsonPropertyName("device_authorization_endpoint")]
    public required string DeviceAuthorizationEndpoint { get; init; }

    [JsonPropertyName("revocation_endpoint")]
    public required string RevocationEndpoint { get; init; }

    /// <summary>Absent where apps may not register themselves.</summary>
    [JsonPropertyName("registration_endpoint"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? RegistrationEndpoint { get; init; }

    [JsonPropertyName("scopes_supported")]
    public IEnumerable<string> Scopes { get; } = TokenScopes.OfApps.Select(s => s.Name);

    [JsonPropertyName("response_types_supported")]
    public string[] ResponseTypes { get; } = ["code"];

    [JsonPropertyName("response_modes_supported")]
    public string[] ResponseModes { get; } = ["query"];

    [JsonPropertyName("grant_types_supported")]
    public string[] GrantTypes { get; } = [Discovery.CodeGrant, Discovery.RefreshGrant, Discovery.DeviceGrant];

    [JsonPropertyName("code_challenge_methods_supported")]
    public string[] ChallengeMethods { get; } = ["S256"];

    [JsonPropertyName("token_endpoint_auth_methods_supported")]
    public string[] ProofMethods { get; } = ["none", "client_secret_basic", "client_secret_post"];

    [JsonPropertyName("id_token_signing_alg_values_supported")]
    public string[] SigningAlgorithms { get; } = ["RS256"];

    [JsonPropertyName("subject_types_supported")]
    public string[] SubjectTypes { get; } = ["public"];

    [JsonPropertyName("claims_supported")]
    public string[] Claims { get; } =
        ["sub", "iss", "aud", "exp", "iat", "nonce", "name", "preferred_username", "profile", "picture", "website", "email", "email_verified", "orgs"];
}
