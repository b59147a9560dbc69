using Lodestone.Core;
using Lodestone.Ui;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Identity;

/// <summary>The button in the account menu: ends this browser's session.</summary>
internal static class SignOut
{
    public static void MapSignOut(this IEndpointRouteBuilder routes) => routes.MapPost(AccountPaths.SignOut, End).WithErrorShape(ErrorShape.Page);

    private static async Task<RedirectHttpResult> End(Caller caller, SignIns signIns, IAntiforgery antiforgery, HttpContext context, CancellationToken cancel)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            throw new Refusal(RefusalCode.Invalid, "The form is too old or did not come from this site. Go back, reload the page and try again.");
        }

        if (caller.IsAuthenticated)
        {
            await signIns.EndAsync(caller, cancel);
        }

        SessionCookie.Clear(context);
        return TypedResults.LocalRedirect("/");
    }
}
