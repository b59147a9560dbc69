using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>Who may call models: anybody with a credential that has the inference scope.</summary>
internal static class InferenceAccess
{
    private const string TokensPage = "/settings/tokens";

    /// <exception cref="Refusal"><c>invalid_api_key</c> or <c>insufficient_scope</c>.</exception>
    public static void Check(Caller caller, HttpRequest request)
    {
        if (!caller.IsAuthenticated)
        {
            throw GatewayRefusals.NoKey(request.BaseAddress() + TokensPage);
        }

        if (!caller.Scope.HasFlag(TokenScope.Inference))
        {
            throw caller.AppId is not null ? TokenScopes.Lacking(TokenScope.Inference) : GatewayRefusals.NoInferenceScope(request.BaseAddress() + TokensPage);
        }
    }
}
