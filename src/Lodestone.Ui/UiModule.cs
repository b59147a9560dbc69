using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Lodestone.Ui;

/// <summary>The frame, the components of pages and the rendering of Markdown. It has no pages and no endpoints of its own.</summary>
public static class UiModule
{
    // 'self' alone everywhere: no inline script or style can run, so text that slips through the sanitiser stays text.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Razor components rendered by the server. The caller is a scoped <see cref="Core.Caller"/>, registered by Identity.</summary>
    public static IServiceCollection AddUi(this IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddAntiforgery();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<CardMarkdown>();
        return services;
    }

    /// <summary>Lets the page's forms lead to another site too: a browser checks the redirects that answer a form.</summary>
    /// <param name="source">A source expression: <c>https://example.org</c>.</param>
    public static void AllowFormsTo(HttpResponse response, string source) =>
        response.Headers.ContentSecurityPolicy = ContentSecurityPolicy.Replace("form-action 'self'", $"form-action 'self' {source}", StringComparison.Ordinal);

    /// <summary>Headers that keep a browser from doing what no page of ours asks for; put it before everything that answers.</summary>
    public static IApplicationBuilder UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "strict-origin-when-cross-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        return next(context);
    });
}
