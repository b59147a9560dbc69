namespace Lodestone.Identity;

/// <summary>A link by which a user shows that they read the mail of their address: works once, for a day, and only while it is the newest.</summary>
internal sealed class EmailLink
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>In lower case, as it was when the link was asked for.</summary>
    public required string Email { get; init; }

    /// <summary>SHA-256 of the secret, in hex; null while it is not sent, and when it is used or ended.</summary>
    public string? Hash { get; set; }

    public required DateTimeOffset AskedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}
