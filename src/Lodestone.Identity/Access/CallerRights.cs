using Lodestone.Core;

namespace Lodestone.Identity;

internal static class CallerRights
{
    /// <summary>The caller, when there is one whose credential may change accounts: a person's.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>forbidden</c> for a service account, or <c>token_scope</c> for a token that may only read.</exception>
    public static Caller MayChange(this Caller caller)
    {
        if (caller.Authenticated().Kind is CallerKind.ServiceAccount)
        {
            throw new Refusal(RefusalCode.Forbidden, "A service account cannot do this. Use the token of a person.");
        }

        return caller.Scope.HasFlag(TokenScope.Write)
            ? caller
            : throw new Refusal(IdentityRefusals.TokenScope, "This token may only read. Use a token with the role 'write'.");
    }
}
