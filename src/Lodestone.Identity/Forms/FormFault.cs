using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Identity;

/// <summary>Why a form was not accepted, shown above it or at the field.</summary>
/// <param name="Message">What to do.</param>
/// <param name="Field">Name of the field at fault, if it is one.</param>
public sealed record FormFault(string Message, string? Field)
{
    /// <summary>Gives the page the refusal's status: 422, or 429 with the time to wait.</summary>
    public static FormFault Show(HttpContext context, Refusal refusal)
    {
        context.Response.StatusCode = refusal.Code.Status is StatusCodes.Status429TooManyRequests ? refusal.Code.Status : StatusCodes.Status422UnprocessableEntity;
        if (refusal.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return new FormFault(refusal.Message, refusal.Param);
    }

    /// <summary>The message when it is about this field.</summary>
    public string? At(string field) => Field == field ? Message : null;
}
