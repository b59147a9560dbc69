using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Identity;

/// <summary>
/// A browser attaches the session cookie to whatever any site has it send. So a call that changes something and is made by cookie
/// must say that it comes from one of our pages: by <c>Sec-Fetch-Site</c>, or in browsers before 2023 by <c>Origin</c>. A client
/// that sends neither is not a browser and cannot be tricked.
/// </summary>
internal static class SameOrigin
{
    /// <exception cref="Refusal"><c>cross_origin</c>.</exception>
    public static void Check(HttpRequest request)
    {
        if (!IsSafe(request.Method) && !IsFromHere(request))
        {
            throw new Refusal(IdentityRefusals.CrossOrigin, "This call came from a page of another site. Make it from this site, or with an access token.");
        }
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    private static bool IsFromHere(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is { Count: > 0 } site)
        {
            return site == "same-origin" || site == "none"; // none: typed or chosen by the person
        }

        // Only the authority is compared, because a proxy in front may have ended TLS.
        return request.Headers.Origin is not { Count: > 0 } origin
            || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && string.Equals(from.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }
}
