using Microsoft.AspNetCore.Http;

namespace Lodestone.Identity;

/// <summary>The cookie that carries a session. Scripts cannot read it; other sites' forms do not send it.</summary>
internal static class SessionCookie
{
    private const string Name = "token";
    private const int Longest = 256;

    public static string? Read(HttpRequest request) => request.Cookies[Name] is { Length: > 0 and <= Longest } value ? value : null;

    public static void Write(HttpContext context, string value) => context.Response.Cookies.Append(Name, value, Options(context, Session.Lifetime));

    public static void Clear(HttpContext context) => context.Response.Cookies.Delete(Name, Options(context, maxAge: null));

    private static CookieOptions Options(HttpContext context, TimeSpan? maxAge) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = context.Request.IsHttps,
        Path = "/",
        MaxAge = maxAge,
        IsEssential = true,
    };
}
