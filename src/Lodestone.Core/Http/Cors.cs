using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Core;

/// <summary>
/// Lets scripts on pages of other sites call what programs call: the API, files, LFS. Without credentials, that is: a browser sends
/// no cookie along, so such a script can do what its token allows and nothing else. Pages are not shared.
/// </summary>
public static class Cors
{
    private const string Methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

    // Client libraries send headers of their own (OpenAI's a dozen), so any is allowed; Authorization has to be named beside the star.
    private const string RequestHeaders = "*, Authorization, Content-Type, Accept, Range, X-Request-Id, X-Xet-Session-Id";

    private const string Exposed =
        "X-Repo-Commit, X-Request-Id, X-Error-Code, X-Error-Message, X-Total-Count, ETag, Link, Accept-Ranges, Content-Range, Content-Length, Content-Disposition, "
        + "Location, Retry-After, RateLimit, RateLimit-Policy, X-HF-Warning, X-Linked-Size, X-Linked-ETag, "
        + "X-Xet-Hash, X-Xet-Cas-Url, X-Xet-Access-Token, X-Xet-Token-Expiration, X-Xet-Refresh-Route";

    public static IApplicationBuilder UseHubCors(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Request.Headers.Origin.Count == 0)
        {
            return next(context);
        }

        if (HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.AccessControlRequestMethod.Count > 0)
        {
            AnswerPreflight(context.Response);
            return Task.CompletedTask;
        }

        if (ErrorShapes.IsForPrograms(context))
        {
            // When the answer starts, because the exception handler clears headers.
            context.Response.OnStarting(static state => Share((HttpResponse)state), context.Response);
        }

        return next(context);
    });

    private static void AnswerPreflight(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status204NoContent;
        var headers = response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = RequestHeaders;
        headers.AccessControlMaxAge = "86400";
        headers.Append("Vary", "Origin");
    }

    private static Task Share(HttpResponse response)
    {
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlExposeHeaders = Exposed;
        response.Headers.Append("Vary", "Origin");
        return Task.CompletedTask;
    }
}
