using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>A user's role in an organization is another than before; <see langword="null"/> where the user is no member.</summary>
public sealed record MembershipChanged(Guid OrganizationId, Guid UserId, NamespaceRole? From, NamespaceRole? To, DateTimeOffset At)
{
    /// <summary>Whether the user holds a seat of the organization from then on: any role that lets them see something.</summary>
    public bool HoldsSeat => To > NamespaceRole.NoAccess;
}
