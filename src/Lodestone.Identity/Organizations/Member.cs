using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>A user's place in an organization.</summary>
internal sealed class Member
{
    public required Guid OrganizationId { get; init; }

    public required Guid UserId { get; init; }

    public required NamespaceRole Role { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
}
