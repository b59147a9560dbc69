using Lodestone.Core;

namespace Lodestone.Identity;

internal static class CallerRights
{
    /// <summary>The caller, when there is one whose credential may change things.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, or <c>token_scope</c> for a token that may only read.</exception>
    public static Caller MayChange(this Caller caller) => caller.Authenticated().Scope.HasFlag(TokenScope.Write)
        ? caller
        : throw new Refusal(IdentityRefusals.TokenScope, "This token may only read. Use a token with the role 'write'.");
}
