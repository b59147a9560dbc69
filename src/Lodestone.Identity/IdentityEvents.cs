namespace Lodestone.Identity;

/// <summary>A user has become a member of an organization, or is none any more. Changes of role are not told.</summary>
public sealed record MembershipChanged(Guid OrganizationId, Guid UserId, bool IsMember, DateTimeOffset At);
