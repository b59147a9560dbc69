using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>What a person allows an app, remembered until they take it back. All that the app holds goes with it.</summary>
internal sealed class OauthConsent
{
    public required Guid Id { get; init; }

    public required Guid AppId { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>Everything allowed so far. A token has as much of it as was asked for.</summary>
    public required TokenScope Scope { get; set; }

    /// <summary>JSON array of the organizations in which the app may do what the person may.</summary>
    public required string Organizations { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the app was last given a code or tokens.</summary>
    public required DateTimeOffset UsedAt { get; set; }

    public IReadOnlyList<Guid> OrganizationIds => JsonSerializer.Deserialize<List<Guid>>(Organizations) ?? [];

    public static string Written(IEnumerable<Guid> organizationIds) => JsonSerializer.Serialize(organizationIds.Distinct());
}

/// <summary>What an app exchanges for tokens: good once, and for a short while.</summary>
internal sealed class OauthCode
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    public required Guid Id { get; init; }

    public required string Hash { get; init; }

    public required Guid ConsentId { get; init; }

    public required TokenScope Scope { get; init; }

    public required string RedirectUri { get; init; }

    /// <summary>Of PKCE, by SHA-256; absent where the app proves itself by its secret.</summary>
    public string? Challenge { get; init; }

    /// <summary>For the ID token.</summary>
    public string? Nonce { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? UsedAt { get; init; }
}

/// <summary>An access token and the refresh token that came with it.</summary>
internal sealed class OauthToken
{
    public const string Prefix = "hf_oauth_";
    public const string RefreshPrefix = "hf_refresh_";

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);
    public static readonly TimeSpan RefreshLifetime = TimeSpan.FromDays(30);

    public required Guid Id { get; init; }

    public required Guid ConsentId { get; init; }

    /// <summary>The code or the device that it all began with: what one sign-in gave ends together.</summary>
    public required Guid GrantId { get; init; }

    public required TokenScope Scope { get; init; }

    public required string Hash { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public required string RefreshHash { get; init; }

    public required DateTimeOffset RefreshExpiresAt { get; init; }

    /// <summary>When the refresh token was used. Whoever shows it again did not get it from us.</summary>
    public DateTimeOffset? RefreshedAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A device that waits for a person to type its code in a browser (RFC 8628).</summary>
internal sealed class OauthDevice
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>Between two questions whether the person has decided.</summary>
    public const long FirstWaitSeconds = 5;

    public required Guid Id { get; init; }

    public required string Hash { get; init; }

    /// <summary>Of the code as a person types it, without the dash.</summary>
    public required string UserCodeHash { get; init; }

    public required Guid AppId { get; init; }

    public required TokenScope Scope { get; init; }

    /// <summary>Set when the person allowed it.</summary>
    public Guid? ConsentId { get; set; }

    public DateTimeOffset? DeniedAt { get; set; }

    public DateTimeOffset? UsedAt { get; init; }

    public DateTimeOffset? PolledAt { get; init; }

    public required long WaitSeconds { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}
