using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Lodestone.Ui;

/// <summary>One sentence that the next page shows once: what became of a form that was sent.</summary>
/// <param name="Tone">How it looks.</param>
/// <param name="Text">Plain text.</param>
public sealed record FlashMessage(Tone Tone, string Text)
{
    private const string Cookie = "flash";
    private const int MaxLength = 300;

    /// <summary>Keeps the sentence for the next page; call it before redirecting.</summary>
    public static void Leave(HttpContext context, Tone tone, string text) => context.Response.Cookies.Append(
        Cookie,
        $"{tone:D}.{WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(text.Length > MaxLength ? text[..MaxLength] : text))}",
        new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = context.Request.IsHttps, MaxAge = TimeSpan.FromMinutes(1) });

    /// <summary>The sentence left by the page before, or null. It is gone afterwards.</summary>
    internal static FlashMessage? Take(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is not { Length: > 2 } value)
        {
            return null;
        }

        if (!context.Response.HasStarted)
        {
            context.Response.Cookies.Delete(Cookie);
        }

        return Read(value);
    }

    private static FlashMessage? Read(string value)
    {
        var tone = (Tone)(value[0] - '0');
        if (!Enum.IsDefined(tone))
        {
            return null;
        }

        try
        {
            return new FlashMessage(tone, Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(value, 2, value.Length - 2)));
        }
        catch (FormatException)
        {
            return null; // not a cookie of ours
        }
    }
}
