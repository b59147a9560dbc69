using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>The errors of RFC 6749, 7009, 7591 and 8628 by their names there; clients read nothing else.</summary>
internal static class OauthRefusals
{
    public static RefusalCode InvalidRequest { get; } = new("invalid_request", 400);
    public static RefusalCode InvalidGrant { get; } = new("invalid_grant", 400);
    public static RefusalCode InvalidScope { get; } = new("invalid_scope", 400);
    public static RefusalCode UnsupportedGrantType { get; } = new("unsupported_grant_type", 400);
    public static RefusalCode UnsupportedResponseType { get; } = new("unsupported_response_type", 400);
    public static RefusalCode AuthorizationPending { get; } = new("authorization_pending", 400);
    public static RefusalCode SlowDown { get; } = new("slow_down", 400);
    public static RefusalCode ExpiredToken { get; } = new("expired_token", 400);
    public static RefusalCode AccessDenied { get; } = new("access_denied", 400);
    public static RefusalCode LoginRequired { get; } = new("login_required", 400);
    public static RefusalCode ConsentRequired { get; } = new("consent_required", 400);
    public static RefusalCode InvalidRedirectUri { get; } = new("invalid_redirect_uri", 400);
    public static RefusalCode InvalidClientMetadata { get; } = new("invalid_client_metadata", 400);
    public static RefusalCode RegistrationClosed { get; } = new("registration_closed", 403);

    private static readonly RefusalCode UnknownClient = new("invalid_client", 401);
    private static readonly RefusalCode TooMany = new("slow_down", 429);

    public static Refusal InvalidClient(string message) => new(UnknownClient, message)
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["WWW-Authenticate"] = "Basic realm=\"Lodestone\", charset=\"UTF-8\"" },
    };

    public static Refusal Missing(string parameter) => new(InvalidRequest, $"The parameter {parameter} is missing.") { Param = parameter };

    /// <summary>What was shown is unknown, used or over: which of these is nobody's business.</summary>
    public static Refusal NotGood(string what) => new(InvalidGrant, $"The {what} is unknown, used already or expired. Start again.");

    public static Refusal TooFast(TimeSpan wait) => new(TooMany, $"Too many calls from this address. Try again in {Math.Ceiling(wait.TotalSeconds)} seconds.") { RetryAfter = wait };
}
