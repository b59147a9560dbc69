using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Identity.OAuth;

/// <summary>The consent page, the pages where people make apps and take back what they allowed, and apps that register themselves.</summary>
public sealed class ApplicationsTests(OauthStage stage) : IClassFixture<OauthStage>
{
    [Fact]
    public async Task A_person_is_asked_in_plain_words_says_no_then_yes_and_is_not_asked_again()
    {
        var url = OauthStage.AuthorizeUrl("openid profile read-repos", "&state=s");
        using var browser = stage.World.Server.Browsing("alice-in-a-browser");
        using var csp = await stage.AliceInBrowser.GetAsync(url);

        var page = await browser.OpenAsync(url);
        var denied = await browser.SendAsync(page, url, ("decision", "deny"));
        var allowed = await browser.SendAsync(page, url, ("decision", "allow"));
        var again = await browser.OpenAsync(url);
        var more = await browser.OpenAsync(OauthStage.AuthorizeUrl("openid profile read-repos write-repos"));
        var asked = await browser.OpenAsync(url + "&prompt=consent");
        var silent = await browser.OpenAsync(OauthStage.AuthorizeUrl("openid webhooks", "&prompt=none"));

        Assert.Contains("Compass wants to act for alice", page.Text(".consent__who p"), StringComparison.Ordinal);
        Assert.Contains("Read private repositories", page.Text(".scopes"), StringComparison.Ordinal);
        Assert.Contains("acme", page.Text("fieldset"), StringComparison.Ordinal);
        Assert.Contains("You go on to compass.example", page.Text("form.form"), StringComparison.Ordinal);
        Assert.Contains("form-action 'self' https://compass.example;", csp.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal(OauthStage.Back + "?error=access_denied&error_description=The%20person%20did%20not%20allow%20it.&state=s", denied.Location!.AbsoluteUri);
        Assert.StartsWith(OauthStage.Back + "?code=", allowed.Location!.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Found, again.Status);
        Assert.StartsWith(OauthStage.Back + "?code=", again.Location!.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await stage.ExchangeAsync(Query(again.Location)["code"])).Status);
        Assert.Equal("new", more.Text(".scopes .badge"));
        Assert.Equal("Continue", asked.Text("button[value=allow]"));
        Assert.Contains("error=consent_required", silent.Location!.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_makes_an_app_for_an_organization_changes_it_and_deletes_it()
    {
        using var browser = stage.World.Server.Browsing("alice-in-a-browser");
        using var stranger = stage.World.Server.Browsing("bob-in-a-browser");
        var form = await browser.OpenAsync("/settings/applications/new");
        var wrong = await browser.SendAsync(form, "app", ("name", "Plotter"), ("redirectUris", "http://plotter.example/back"));
        var made = await browser.SendAsync(form, "app", ("owner", PublicId.ToHub(stage.World.Acme.Id)), ("kind", "secret"), ("name", "Plotter"), ("redirectUris", "https://plotter.example/back"), ("website", "https://plotter.example"));
        var (clientId, secret) = (made.Text("#client-id"), made.Text("#client-secret"));

        Assert.Contains("cannot be a redirect address", wrong.Text(".field__error"), StringComparison.Ordinal);
        Assert.Contains(clientId, (await browser.OpenAsync("/settings/applications")).Html, StringComparison.Ordinal);
        Assert.DoesNotContain(clientId, (await stranger.OpenAsync("/settings/applications")).Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.OpenAsync($"/settings/applications/{clientId}")).Status);
        var access = await SignInAsync(clientId, secret);
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync(access));
        var page = await browser.OpenAsync($"/settings/applications/{clientId}");
        Assert.DoesNotContain(secret, page.Html, StringComparison.Ordinal);
        var renewed = await browser.SendAsync(page, "secret");
        Assert.NotEqual(secret, renewed.Text("#client-secret"));
        Assert.Equal("invalid_client", await TrySecretAsync(clientId, secret));
        Assert.Equal("invalid_grant", await TrySecretAsync(clientId, renewed.Text("#client-secret")));
        var changed = await browser.SendAsync(page, "change", ("name", "Plotter 2"), ("redirectUris", "https://plotter.example/back"));
        Assert.Equal(HttpStatusCode.Redirect, changed.Status);
        var consent = await stranger.OpenAsync($"/oauth/authorize?client_id={clientId}&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fplotter.example%2Fback");
        Assert.Contains("An app of acme · plotter.example", string.Join(' ', consent.Text(".consent__who").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);

        await browser.SendAsync(page, "delete");

        Assert.Equal(HttpStatusCode.Unauthorized, await stage.StatusAsync(access));
        Assert.Equal(HttpStatusCode.NotFound, (await browser.OpenAsync($"/settings/applications/{clientId}")).Status);
    }

    [Fact]
    public async Task Taking_back_what_an_app_was_allowed_ends_its_tokens_at_once()
    {
        var bobs = await stage.SignInAsync(stage.BobInBrowser, "openid");
        var alices = await stage.SignInAsync(stage.AliceInBrowser, "openid");
        var code = await OauthStage.CodeAsync(stage.BobInBrowser, "openid");
        using var browser = stage.World.Server.Browsing("bob-in-a-browser");
        var page = await browser.OpenAsync("/settings/applications");
        var id = page.Document.QuerySelector("button[aria-label='Revoke Compass']")!.GetAttribute("value")!; // it was allowed above
        using var alice = stage.World.Server.Browsing("alice-in-a-browser");
        await alice.SendAsync(await alice.OpenAsync("/settings/applications"), "revoke", ("id", id));
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync((string)bobs["access_token"]!));

        await browser.SendAsync(page, "revoke", ("id", id));

        Assert.Equal(HttpStatusCode.Unauthorized, await stage.StatusAsync((string)bobs["access_token"]!));
        Assert.Equal("invalid_grant", (string?)(await stage.RefreshAsync((string)bobs["refresh_token"]!)).Body["error"]);
        Assert.Equal("invalid_grant", (string?)(await stage.ExchangeAsync(code)).Body["error"]);
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync((string)alices["access_token"]!));
        Assert.Contains("You have allowed no app anything", (await browser.OpenAsync("/settings/applications")).Html, StringComparison.Ordinal);
        var asked = await stage.BobInBrowser.GetAsync(OauthStage.AuthorizeUrl("openid"));
        Assert.Equal(HttpStatusCode.OK, asked.StatusCode);
    }

    [Fact]
    public async Task An_app_registers_itself_and_people_are_told_so()
    {
        using var registered = await stage.Nobody.PostAsJsonAsync(
            "/oauth/register", new { client_name = "Sextant", redirect_uris = new[] { "http://localhost/back" }, token_endpoint_auth_method = "none", scope = "openid profile" });
        using var secret = await stage.Nobody.PostAsJsonAsync("/oauth/register", new { client_name = "Server", redirect_uris = new[] { "https://server.example/back" } });
        using var badUri = await stage.Nobody.PostAsJsonAsync("/oauth/register", new { client_name = "Bad", redirect_uris = new[] { "javascript:alert(1)" } });
        using var badName = await stage.Nobody.PostAsJsonAsync("/oauth/register", new { client_name = new string('x', 61) });
        using var badScope = await stage.Nobody.PostAsJsonAsync("/oauth/register", new { scope = "everything" });

        var app = await OauthStage.BodyAsync(registered);
        Assert.Equal((HttpStatusCode.Created, "none", "openid profile"), (registered.StatusCode, (string?)app["token_endpoint_auth_method"], (string?)app["scope"]));
        Assert.Null(app["client_secret"]);
        Assert.NotNull((string?)(await OauthStage.BodyAsync(secret))["client_secret"]);
        Assert.Equal("invalid_redirect_uri", (string?)(await OauthStage.BodyAsync(badUri))["error"]);
        Assert.Equal(("invalid_client_metadata", "invalid_client_metadata"), ((string?)(await OauthStage.BodyAsync(badName))["error"], (string?)(await OauthStage.BodyAsync(badScope))["error"]));
        using var browser = stage.World.Server.Browsing("alice-in-a-browser");
        var url = OauthStage.AuthorizeUrl("openid profile", redirectUri: "http://localhost:4000/back", clientId: (string)app["client_id"]!);
        Assert.Contains("nobody vouches", (await browser.OpenAsync(url)).Text(".consent__who"), StringComparison.Ordinal);
        var greedy = await browser.OpenAsync(OauthStage.AuthorizeUrl("manage-repos", redirectUri: "http://localhost:4000/back", clientId: (string)app["client_id"]!));
        Assert.Contains("error=invalid_scope", greedy.Location!.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operator_may_close_registration()
    {
        await using var server = await TestServer.StartAsync(services => services.AddSingleton(new IdentityOptions { AppRegistration = false }));
        using var client = server.Anonymous();

        using var refused = await client.PostAsJsonAsync("/oauth/register", new { client_name = "Sextant" });

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.DoesNotContain("registration_endpoint", await client.GetStringAsync("/.well-known/openid-configuration"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_replaced_after_a_season_and_published_while_they_are_looked_at()
    {
        var first = await KeysAsync();
        await stage.EndAsync(db => db.OauthKeys.ExecuteUpdateAsync(k => k.SetProperty(x => x.CreatedAt, stage.World.Server.Clock.GetUtcNow() - TimeSpan.FromDays(91))));
        var second = await KeysAsync();
        await stage.EndAsync(db => db.OauthKeys.Where(k => k.CreatedAt < stage.World.Server.Clock.GetUtcNow().AddDays(-1)).ExecuteUpdateAsync(k => k.SetProperty(x => x.CreatedAt, stage.World.Server.Clock.GetUtcNow() - TimeSpan.FromDays(98))));

        Assert.Equal(2, second.Count);
        Assert.Equal(first[0], second[1]);
        Assert.Equal([second[0]], await KeysAsync());
    }

    private async Task<List<string>> KeysAsync() =>
        [.. JsonNode.Parse(await stage.Nobody.GetStringAsync("/oauth/jwks"))!["keys"]!.AsArray().Select(k => (string)k!["kid"]!)];

    private async Task<string> SignInAsync(string clientId, string secret)
    {
        var back = await OauthStage.AllowAsync(stage.AliceInBrowser, $"/oauth/authorize?client_id={clientId}&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fplotter.example%2Fback");
        var (_, tokens) = await stage.PostAsync(
            "/oauth/token", ("grant_type", "authorization_code"), ("code", back["code"]), ("redirect_uri", "https://plotter.example/back"), ("client_id", clientId), ("client_secret", secret));
        return (string)tokens["access_token"]!;
    }

    private async Task<string?> TrySecretAsync(string clientId, string secret) => (string?)(await stage.PostAsync(
        "/oauth/token", ("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", clientId), ("client_secret", secret))).Body["error"];

    private static Dictionary<string, string> Query(Uri address) => address.Query.TrimStart('?').Split('&').Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
}
