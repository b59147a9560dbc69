using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Who sends events, and on whose word: a service account on its organization's, about that alone; an administrator on the server's, about anybody.</summary>
/// <param name="TenantId">The organization; empty: the server itself.</param>
internal readonly record struct Sender(Guid TenantId)
{
    public static Sender Server { get; } = new(Guid.Empty);

    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>insufficient_scope</c>, <c>forbidden</c>.</exception>
    public static Sender Of(Caller caller)
    {
        if (caller.Allowing(TokenScope.Write).IsAdministrator)
        {
            return Server;
        }

        if (caller.Kind is CallerKind.ServiceAccount && caller.Roles.FirstOrDefault(r => r.Value >= NamespaceRole.Write) is { Value: >= NamespaceRole.Write } own)
        {
            return new Sender(own.Key);
        }

        throw new Refusal(RefusalCode.Forbidden, "Events are sent by an administrator of this server, or by a service account with the role write. Make one in your organization's settings.");
    }

    public bool MayName(Guid accountId) => TenantId == Guid.Empty || TenantId == accountId;
}
