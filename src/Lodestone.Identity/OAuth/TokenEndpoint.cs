using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Identity;

/// <summary>Where apps get tokens, renew them and give them back.</summary>
internal static class TokenEndpoint
{
    /// <summary>Failures a minute from one address. An office shares one, and none of what is guessed at can be guessed.</summary>
    private const int MostFailures = 60;

    public static void MapTokenEndpoint(this IEndpointRouteBuilder routes)
    {
        var oauth = routes.MapGroup("").WithErrorShape(ErrorShape.Oauth).WithOwnAuthority().WithTags("OAuth");
        oauth.MapPost(Discovery.TokenPath, Exchange);
        oauth.MapPost(Discovery.RevokePath, Revoke);
    }

    private static async Task<Ok<TokenAnswer>> Exchange(HttpContext context, OauthClients clients, OauthGrants grants, IdTokens idTokens, AddressQuota quota, CancellationToken cancel)
    {
        Seal(context.Response);
        var issued = await LimitedAsync(context, quota, () => IssueAsync(context.Request, clients, grants, cancel));
        return TypedResults.Ok(new TokenAnswer
        {
            AccessToken = issued.Access,
            ExpiresIn = (long)OauthToken.Lifetime.TotalSeconds,
            RefreshToken = issued.Refresh,
            Scope = issued.Scope.Names(),
            IdToken = issued.Scope.HasFlag(TokenScope.OpenId) ? await idTokens.MakeAsync(issued, context.Request.BaseAddress(), cancel) : null,
        });
    }

    /// <summary>Says the same whether there was such a token or not.</summary>
    private static async Task<Ok> Revoke(HttpContext context, OauthClients clients, OauthGrants grants, AddressQuota quota, CancellationToken cancel)
    {
        Seal(context.Response);
        var form = await context.Request.OauthFormAsync(cancel);
        var app = await LimitedAsync(context, quota, () => clients.RequireAsync(context.Request, form, cancel));
        await grants.EndAsync(app, form.Require("token"), cancel);
        return TypedResults.Ok();
    }

    private static async Task<IssuedTokens> IssueAsync(HttpRequest request, OauthClients clients, OauthGrants grants, CancellationToken cancel)
    {
        var form = await request.OauthFormAsync(cancel);
        return form.Require("grant_type") switch
        {
            Discovery.CodeGrant => await grants.FromCodeAsync(
                await clients.FindAsync(request, form, cancel), form.Require("code"), form.Require("redirect_uri"), form.Value("code_verifier"), cancel),
            Discovery.RefreshGrant => await grants.FromRefreshAsync(await clients.RequireAsync(request, form, cancel), form.Require("refresh_token"), cancel),
            Discovery.DeviceGrant => await grants.FromDeviceAsync(await clients.RequireAsync(request, form, cancel), form.Require("device_code"), cancel),
            var other => throw new Refusal(OauthRefusals.UnsupportedGrantType, $"The grant_type '{other}' is not served here. See {Discovery.TokenPath} in /.well-known/openid-configuration."),
        };
    }

    // What is wrong counts, so that nobody tries values at leisure; waiting for a person does not.
    private static async Task<T> LimitedAsync<T>(HttpContext context, AddressQuota quota, Func<Task<T>> work)
    {
        var address = LoginThrottle.AddressKey(context.Connection.RemoteIpAddress);
        quota.Check("token", address, MostFailures);
        try
        {
            return await work();
        }
        catch (Refusal refusal) when (refusal.Code == OauthRefusals.InvalidGrant || refusal.Code.Status is StatusCodes.Status401Unauthorized)
        {
            quota.Count("token", address);
            throw;
        }
    }

    // RFC 6749 section 5.1.
    private static void Seal(HttpResponse response) => (response.Headers.CacheControl, response.Headers.Pragma) = ("no-store", "no-cache");
}

internal sealed record TokenAnswer
{
    [JsonPropertyName("access_token")]
    public required string AccessToken { get; init; }

    [JsonPropertyName("token_type")]
    public string TokenType { get; } = "bearer";

    /// <summary>Seconds.</summary>
    [JsonPropertyName("expires_in")]
    public required long ExpiresIn { get; init; }

    [JsonPropertyName("refresh_token")]
    public required string RefreshToken { get; init; }

    /// <summary>What was granted, separated by spaces.</summary>
    [JsonPropertyName("scope")]
    public required string Scope { get; init; }

    /// <summary>With the scope <c>openid</c>.</summary>
    [JsonPropertyName("id_token"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? IdToken { get; init; }
}
