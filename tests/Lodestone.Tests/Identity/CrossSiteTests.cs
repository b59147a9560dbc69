using System.Net;
using System.Net.Http.Json;

namespace Lodestone.Tests.Identity;

public sealed class CrossSiteTests
{
    private const string Password = "correct horse battery";

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "https://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-origin", HttpStatusCode.Created)]
    [InlineData("X-Nothing", "of a browser", HttpStatusCode.Created)]
    public async Task A_call_by_cookie_must_come_from_our_own_pages(string header, string value, HttpStatusCode expected)
    {
        await using var server = await TestServer.StartAsync();
        await server.JoinAsync("dora", Password);
        using var browser = await server.SignedInAsync("dora", Password);
        using var script = server.Anonymous();
        script.DefaultRequestHeaders.Add("Cookie", browser.Cookies.GetCookieHeader(server.Url));
        script.DefaultRequestHeaders.Add(header, value);

        using var answer = await script.PostAsJsonAsync("/api/v1/tokens", new { name = "stolen", role = "write" });

        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task A_form_without_its_token_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        await server.JoinAsync("dora", Password);
        using var browser = await server.SignedInAsync("dora", Password);

        var create = await browser.PostAsync("/settings/tokens", [new("_handler", "create"), new("name", "stolen"), new("role", "write")]);
        var leave = await browser.PostAsync("/logout", []);
        var crossSite = await browser.PostAsync("/settings/tokens", [new("_handler", "create"), new("name", "stolen"), new("role", "write")], site: "cross-site");

        Assert.Equal(HttpStatusCode.BadRequest, create.Status);
        Assert.Equal(HttpStatusCode.BadRequest, leave.Status);
        Assert.Equal(HttpStatusCode.Forbidden, crossSite.Status);
        Assert.Contains("No tokens yet", (await browser.OpenAsync("/settings/tokens")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scripts_of_other_sites_may_ask_what_programs_ask()
    {
        await using var server = await TestServer.StartAsync();
        using var script = server.Anonymous();
        script.DefaultRequestHeaders.Add("Origin", "https://elsewhere.example");
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/api/whoami-v2");
        preflight.Headers.Add("Access-Control-Request-Method", "GET");

        using var may = await script.SendAsync(preflight);
        using var refused = await script.GetAsync("/api/whoami-v2");
        using var page = await script.GetAsync("/login");

        Assert.Equal(HttpStatusCode.NoContent, may.StatusCode);
        Assert.Contains("Authorization", may.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("*", refused.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains("X-Error-Message", refused.Headers.GetValues("Access-Control-Expose-Headers").Single(), StringComparison.Ordinal);
        Assert.Contains("Origin", refused.Headers.Vary);
        Assert.False(page.Headers.Contains("Access-Control-Allow-Origin"));
    }
}
