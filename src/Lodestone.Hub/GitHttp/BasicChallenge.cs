using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

internal static class BasicChallenge
{
    /// <summary>Says with every 401 how to sign in: git asks for a password only then, and git-lfs looks at its own header.</summary>
    public static RouteGroupBuilder WithBasicChallenge(this RouteGroupBuilder routes) => routes.AddEndpointFilter(static async (call, next) =>
    {
        try
        {
            return await next(call);
        }
        catch (Refusal refusal) when (refusal.Code.Status is StatusCodes.Status401Unauthorized)
        {
            var response = call.HttpContext.Response;
            response.OnStarting(() =>
            {
                response.Headers.WWWAuthenticate = "Basic realm=\"Lodestone\"";
                response.Headers["LFS-Authenticate"] = "Basic realm=\"Lodestone\"";
                return Task.CompletedTask;
            });
            throw;
        }
    });
}
