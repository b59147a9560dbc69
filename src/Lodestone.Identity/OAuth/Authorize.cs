using Lodestone.Core;
using Lodestone.Ui;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Identity;

/// <summary>
/// Where apps send people: GET asks them, or sends them back at once where they allowed as much before; POST is their answer. A POST
/// needs no form token: it is made by a session, and the browser says that it comes from a page of ours (<see cref="SameOrigin"/>).
/// </summary>
internal static class Authorize
{
    public static void MapAuthorize(this IEndpointRouteBuilder routes)
    {
        var authorize = routes.MapGroup(Discovery.AuthorizePath).WithErrorShape(ErrorShape.Page).WithTags("OAuth");
        authorize.MapGet("", Ask);
        authorize.MapPost("", Answer);
    }

    private static async Task<IResult> Ask(Caller caller, OauthConsents consents, IdentityDb db, HttpContext context, CancellationToken cancel)
    {
        var asked = await AuthorizeRequest.ReadAsync(context.Request, db, cancel);
        if (asked.Fault is { } fault)
        {
            return Found(context, asked.Refused(fault));
        }

        if (!caller.IsAuthenticated)
        {
            return Found(context, asked.IsSilent ? asked.Refused(new Refusal(OauthRefusals.LoginRequired, "Nobody is signed in.")) : AccountPaths.SignInThen(asked.Address));
        }

        var person = await consents.PersonAsync(caller, cancel);
        var before = await consents.FindAsync(person, asked.App.Id, cancel);
        if (before is not null && before.Scope.HasFlag(asked.Scope) && MayGoOn(asked, context.Request))
        {
            return Found(context, asked.Allowed(await consents.CodeAsync(asked, before.Id, cancel)));
        }

        if (asked.IsSilent)
        {
            return Found(context, asked.Refused(new Refusal(OauthRefusals.ConsentRequired, "The person has to be asked.")));
        }

        UiModule.AllowFormsTo(context.Response, RedirectUri.Source(asked.RedirectUri)); // the answer to the form is a redirect to there
        context.Features.Set(new ConsentQuestion(asked.App, asked.Scope, before, await consents.OrganizationsAsync(person, cancel))
        {
            Wanted = asked.OrganizationIds,
            Address = asked.Address,
            Target = RedirectUri.IsLocal(asked.RedirectUri) ? "a program on this computer" : new Uri(asked.RedirectUri).Authority,
        });
        return new RazorComponentResult<ConsentPage>();
    }

    private static async Task<IResult> Answer(Caller caller, OauthConsents consents, IdentityDb db, HttpContext context, CancellationToken cancel)
    {
        var asked = await AuthorizeRequest.ReadAsync(context.Request, db, cancel);
        if (asked.Fault is { } fault)
        {
            return SeeOther(context, asked.Refused(fault));
        }

        if (!caller.IsAuthenticated)
        {
            return SeeOther(context, AccountPaths.SignInThen(asked.Address));
        }

        var person = await consents.PersonAsync(caller, cancel);
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(cancel) : FormCollection.Empty;
        if (form["decision"] == ConsentForm.Deny)
        {
            return SeeOther(context, asked.Refused(new Refusal(OauthRefusals.AccessDenied, "The person did not allow it.")));
        }

        var consentId = await consents.AllowAsync(person, asked.App, asked.Scope, ConsentForm.OrganizationsIn(form), cancel);
        return SeeOther(context, asked.Allowed(await consents.CodeAsync(asked, consentId, cancel)));
    }

    // RFC 8252 section 8.6: on the person's own machine anybody may say that they are the app, so the person is asked each time. And
    // straight from our sign-in form no redirect may leave this site (its form-action), so there too they press a button.
    private static bool MayGoOn(AuthorizeRequest asked, HttpRequest request) =>
        !asked.IsAskedAgain && !RedirectUri.IsLocal(asked.RedirectUri) && request.Headers["Sec-Fetch-Site"] != "same-origin";

    private static StatusCodeHttpResult Found(HttpContext context, string address) => Leave(context, StatusCodes.Status302Found, address);

    private static StatusCodeHttpResult SeeOther(HttpContext context, string address) => Leave(context, StatusCodes.Status303SeeOther, address);

    private static StatusCodeHttpResult Leave(HttpContext context, int status, string address)
    {
        (context.Response.Headers.Location, context.Response.Headers.CacheControl) = (address, "no-store");
        return TypedResults.StatusCode(status);
    }
}
