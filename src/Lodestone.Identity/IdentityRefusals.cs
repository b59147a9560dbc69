using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>Why this module refuses, where Core has no code for it.</summary>
internal static class IdentityRefusals
{
    public static RefusalCode InvalidName { get; } = new("invalid_name", 422);
    public static RefusalCode InvalidEmail { get; } = new("invalid_email", 422);
    public static RefusalCode WeakPassword { get; } = new("weak_password", 422);
    public static RefusalCode WrongPassword { get; } = new("wrong_password", 422);
    public static RefusalCode CrossOrigin { get; } = new("cross_origin", 403);
    public static RefusalCode TokenScope { get; } = new("token_scope", 403);
    public static RefusalCode AddressNotAllowed { get; } = new("address_not_allowed", 403);
    public static RefusalCode LastAdmin { get; } = new("last_admin", 409);
    public static RefusalCode LinkUsed { get; } = new("link_used", 404);
}
