namespace Lodestone.Identity;

/// <summary>A browser that signed in. Ends when it signs out, or after 30 days without a visit.</summary>
internal sealed class Session
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    // The end is moved, and the cookie sent again, at most once a day.
    private static readonly TimeSpan Worn = TimeSpan.FromDays(1);

    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>SHA-256 of the cookie's value, in hex.</summary>
    public required string Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public static bool IsWorn(DateTimeOffset expiresAt, DateTimeOffset now) => expiresAt - now < Lifetime - Worn;
}
