using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>What an app asks of a person, by the address to which it sends their browser (RFC 6749 section 4.1.1, with PKCE and OpenID's additions).</summary>
internal sealed record AuthorizeRequest
{
    private const int ChallengeLength = 43; // SHA-256 in base64url
    private const int LongestNonce = 500;

    public required OauthApp App { get; init; }

    public required string RedirectUri { get; init; }

    /// <summary>As it was sent, still encoded.</summary>
    public required string? State { get; init; }

    public TokenScope Scope { get; init; }

    public string? Challenge { get; init; }

    public string? Nonce { get; init; }

    /// <summary>Organizations that the app would like to act in.</summary>
    public IReadOnlyList<Guid> OrganizationIds { get; init; } = [];

    /// <summary>Not to ask the person anything.</summary>
    public bool IsSilent { get; init; }

    /// <summary>To ask the person again, whatever they allowed before.</summary>
    public bool IsAskedAgain { get; init; }

    /// <summary>What is wrong, to be told to the app.</summary>
    public Refusal? Fault { get; init; }

    /// <summary>The whole address, to come back to.</summary>
    public required string Address { get; init; }

    /// <exception cref="Refusal">It is not sure which app asks, or whether this is its address: then nobody is sent there.</exception>
    public static async Task<AuthorizeRequest> ReadAsync(HttpRequest request, IdentityDb db, CancellationToken cancel)
    {
        var query = request.Query;
        var clientId = Single(query, "client_id") ?? throw OauthRefusals.Missing("client_id");
        var app = await db.OauthApps.AsNoTracking().SingleOrDefaultAsync(a => a.ClientId == clientId, cancel)
            ?? throw new Refusal(OauthRefusals.InvalidRequest, "There is no app with this client_id. Go back to where you came from, and tell its makers.");
        var redirectUri = Single(query, "redirect_uri") ?? throw OauthRefusals.Missing("redirect_uri");
        if (!Identity.RedirectUri.Matches(app.Redirects, redirectUri))
        {
            throw new Refusal(OauthRefusals.InvalidRequest, $"{app.Name} wants you sent to an address that its makers have not registered. Do not go on; tell them.");
        }

        var known = new AuthorizeRequest { App = app, RedirectUri = redirectUri, State = RawState(request), Address = request.GetEncodedPathAndQuery() };
        try
        {
            return known.With(query);
        }
        catch (Refusal fault)
        {
            return known with { Fault = fault };
        }
    }

    public string Allowed(string code) => Identity.RedirectUri.With(RedirectUri, State, ("code", code));

    public string Refused(Refusal fault) => Identity.RedirectUri.With(RedirectUri, State, ("error", fault.Code.Code), ("error_description", fault.Message));

    private AuthorizeRequest With(IQueryCollection query)
    {
        if (Single(query, "response_type") is not "code")
        {
            throw new Refusal(OauthRefusals.UnsupportedResponseType, "Only the response_type 'code' is served.");
        }

        if (Single(query, "response_mode") is not (null or "query"))
        {
            throw new Refusal(OauthRefusals.InvalidRequest, "Only the response_mode 'query' is served.");
        }

        var prompts = (Single(query, "prompt") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return this with
        {
            Scope = OauthScopes.Asked(Single(query, "scope"), App),
            Challenge = ChallengeOf(query),
            Nonce = Single(query, "nonce") is { Length: > LongestNonce } ? throw new Refusal(OauthRefusals.InvalidRequest, $"The nonce is longer than {LongestNonce} characters.") : Single(query, "nonce"),
            OrganizationIds = [.. query["orgIds"].SelectMany(ids => (ids ?? "").Split(',')).Select(id => PublicId.TryParseHub(id, out var found) ? found : Guid.Empty).Where(id => id != Guid.Empty)],
            IsSilent = prompts is ["none"],
            IsAskedAgain = prompts.Length > 0 && prompts is not ["none"],
        };
    }

    private string? ChallengeOf(IQueryCollection query)
    {
        if (Single(query, "code_challenge") is not { } challenge)
        {
            return App.SecretHash is not null ? null : throw new Refusal(OauthRefusals.InvalidRequest, "An app without a secret has to send a code_challenge (PKCE) with code_challenge_method=S256.");
        }

        return Single(query, "code_challenge_method") is "S256" && challenge.Length == ChallengeLength
            ? challenge
            : throw new Refusal(OauthRefusals.InvalidRequest, "The code_challenge has to be a SHA-256 in base64url, with code_challenge_method=S256.");
    }

    private static string? Single(IQueryCollection query, string name) => query[name] switch
    {
        { Count: 0 } or [null or ""] => null,
        [{ } value] when !value.Contains('\0', StringComparison.Ordinal) => value,
        _ => throw new Refusal(OauthRefusals.InvalidRequest, $"The parameter {name} is not text, or was sent more than once."),
    };

    private static string? RawState(HttpRequest request) => (request.QueryString.Value ?? "").TrimStart('?').Split('&')
        .Where(part => part.StartsWith("state=", StringComparison.Ordinal)).Select(part => part["state=".Length..]).FirstOrDefault();
}
