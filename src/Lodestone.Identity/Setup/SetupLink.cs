namespace Lodestone.Identity;

/// <summary>The one-time address that makes the first administrator.</summary>
internal sealed class SetupLink
{
    public required Guid Id { get; init; }

    /// <summary>SHA-256 of the secret, in hex.</summary>
    public required string Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
