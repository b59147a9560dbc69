using Lodestone.Core;

namespace Lodestone.Identity;

internal static class CallerRights
{
    /// <summary>The caller, when they act themselves or by a token of their own: an account is nothing that an app looks after.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, or <c>insufficient_scope</c> for an app.</exception>
    public static Caller InPerson(this Caller caller) => caller.Authenticated().AppId is null ? caller : throw TokenScopes.Lacking(TokenScope.None);

    /// <summary>The caller, when there is one whose credential may change accounts: a person's.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>; <c>forbidden</c> for a service account; <c>token_scope</c> for a token that may only read; <c>insufficient_scope</c> for an app.</exception>
    public static Caller MayChange(this Caller caller)
    {
        if (caller.InPerson().Kind is CallerKind.ServiceAccount)
        {
            throw new Refusal(RefusalCode.Forbidden, "A service account cannot do this. Use the token of a person.");
        }

        return caller.Scope.HasFlag(TokenScope.Write)
            ? caller
            : throw new Refusal(IdentityRefusals.TokenScope, "This token may only read. Use a token with the role 'write'.");
    }
}
