namespace Lodestone.Identity;

/// <summary>A program that will ask people for access in their name; kept for when that is served.</summary>
internal sealed class OauthApp
{
    public required Guid Id { get; init; }

    public required string ClientId { get; init; }

    public required string Name { get; init; }

    /// <summary>JSON array of addresses.</summary>
    public required string RedirectUris { get; init; }

    /// <summary>Has no secret of its own.</summary>
    public required bool IsPublic { get; init; }
}
