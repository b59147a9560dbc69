using System.Net;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lodestone.Tests.Identity.OAuth;

/// <summary>The authorization code with PKCE: from an app's link to its tokens.</summary>
public sealed class AuthorizeTests(OauthStage stage) : IClassFixture<OauthStage>
{
    [Fact]
    public async Task Discovery_says_where_everything_is()
    {
        var metadata = JsonNode.Parse(await stage.Nobody.GetStringAsync("/.well-known/openid-configuration"))!;

        var origin = stage.World.Server.Url.ToString().TrimEnd('/');
        Assert.Equal(origin, (string?)metadata["issuer"]);
        foreach (var (name, path) in new[]
        {
            ("authorization_endpoint", "/oauth/authorize"), ("token_endpoint", "/oauth/token"), ("userinfo_endpoint", "/oauth/userinfo"), ("jwks_uri", "/oauth/jwks"),
            ("device_authorization_endpoint", "/oauth/device"), ("revocation_endpoint", "/oauth/revoke"), ("registration_endpoint", "/oauth/register"),
        })
        {
            Assert.Equal(origin + path, (string?)metadata[name]);
        }

        Assert.Equal("""["S256"]""", metadata["code_challenge_methods_supported"]!.ToJsonString());
        Assert.Equal("""["RS256"]""", metadata["id_token_signing_alg_values_supported"]!.ToJsonString());
        Assert.Contains("contribute-repos", metadata["scopes_supported"]!.AsArray().Select(s => (string?)s));
    }

    [Fact]
    public async Task An_app_signs_a_person_in_and_learns_who_it_is()
    {
        const string State = "%7B%22nonce%22%3A%22a+b%22,%22x%22%3A%22%C3%A9~%22%7D";
        using var allowed = await stage.AliceInBrowser.PostAsync(OauthStage.AuthorizeUrl("openid profile email", $"&nonce=n-1&state={State}"), content: null);

        var (status, tokens) = await stage.ExchangeAsync(OauthStage.Parameters(allowed)["code"]);

        Assert.Equal(HttpStatusCode.SeeOther, allowed.StatusCode);
        Assert.StartsWith(OauthStage.Back + "?code=", allowed.Headers.NonValidated["Location"].ToString(), StringComparison.Ordinal);
        Assert.EndsWith($"&state={State}", allowed.Headers.NonValidated["Location"].ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith("hf_oauth_", (string?)tokens["access_token"], StringComparison.Ordinal);
        Assert.Equal(("bearer", 28800, "openid profile email"), ((string?)tokens["token_type"], (int)tokens["expires_in"]!, (string?)tokens["scope"]));
        using var app = stage.World.Server.With((string)tokens["access_token"]!);
        var id = PublicId.ToHub(stage.World.Alice.Id);
        var origin = stage.World.Server.Url.ToString().TrimEnd('/');
        Assert.Equal(
            $$"""{"sub":"{{id}}","name":"Alice","preferred_username":"alice","profile":"{{origin}}/alice","picture":"{{origin}}/avatars/{{id}}.svg","email":"alice@example.org","email_verified":true,"isPro":false,"orgs":[]}""",
            await app.GetStringAsync("/oauth/userinfo"));
        Assert.Contains(
            "\"auth\":{\"type\":\"oauth\",\"expiresAt\":\"2026-03-02T17:00:00.000Z\"}", await app.GetStringAsync("/api/whoami-v2"), StringComparison.Ordinal);
        await CheckIdTokenAsync((string)tokens["id_token"]!, origin, id);
    }

    [Fact]
    public async Task An_app_sees_no_more_than_it_asked_for()
    {
        var tokens = await stage.SignInAsync(stage.AliceInBrowser, "openid");
        using var app = stage.World.Server.With((string)tokens["access_token"]!);

        Assert.Equal($$"""{"sub":"{{PublicId.ToHub(stage.World.Alice.Id)}}"}""", await app.GetStringAsync("/oauth/userinfo"));
        var who = await app.GetStringAsync("/api/whoami-v2");
        Assert.DoesNotContain("example.org", who, StringComparison.Ordinal);
        Assert.Contains("\"orgs\":[]", who, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, await stage.StatusAsync((string)(await stage.SignInAsync(stage.AliceInBrowser, "email"))["access_token"]!, "/oauth/userinfo"));
    }

    [Fact]
    public async Task A_code_is_good_once_and_a_second_showing_ends_what_it_gave()
    {
        var code = await OauthStage.CodeAsync(stage.AliceInBrowser, "openid");
        var (_, tokens) = await stage.ExchangeAsync(code);
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync((string)tokens["access_token"]!));

        var (status, body) = await stage.ExchangeAsync(code);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (status, (string?)body["error"]));
        Assert.Equal(HttpStatusCode.Unauthorized, await stage.StatusAsync((string)tokens["access_token"]!));
        Assert.Equal("invalid_grant", (string?)(await stage.RefreshAsync((string)tokens["refresh_token"]!)).Body["error"]);
    }

    [Fact]
    public async Task A_code_is_good_for_its_own_verifier_address_and_app_and_for_two_minutes()
    {
        var code = await OauthStage.CodeAsync(stage.AliceInBrowser, "openid");

        var answers = new[]
        {
            await stage.ExchangeAsync(code, verifier: "another-verifier-of-at-least-43-characters-that-is-long"),
            await stage.ExchangeAsync(code, redirectUri: "https://compass.example/back?tab=1"),
            await stage.ExchangeAsync("hf_code_0000000000000000000000000000000000"),
            await stage.PostAsync("/oauth/token", ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", OauthStage.Back)),
            await stage.PostAsync(
                "/oauth/token", ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", OauthStage.Back), ("code_verifier", OauthStage.Verifier), ("client_id", "either")),
        };
        await stage.EndAsync(db => db.OauthCodes.ExecuteUpdateAsync(c => c.SetProperty(x => x.ExpiresAt, stage.World.Server.Clock.GetUtcNow())));
        var late = await stage.ExchangeAsync(code);

        Assert.All([.. answers, late], answer => Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (answer.Status, (string?)answer.Body["error"])));
        Assert.All(answers, answer => Assert.NotNull((string?)answer.Body["error_description"]));
    }

    [Fact]
    public async Task An_app_with_a_secret_has_to_show_it()
    {
        const string Url = "/oauth/authorize?client_id=ledger&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fledger.example%2Fback";
        (string, string)[] Form(string code) => [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "https://ledger.example/back")];
        var code = (await OauthStage.AllowAsync(stage.AliceInBrowser, Url))["code"];

        var silent = await stage.PostAsync("/oauth/token", Form(code));
        var named = await stage.PostAsync("/oauth/token", [.. Form(code), ("client_id", "ledger")]);
        var wrong = await stage.PostAsync("/oauth/token", [.. Form(code), ("client_id", "ledger"), ("client_secret", "guessed-secret")]);
        using var basic = stage.World.Server.Anonymous();
        basic.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"ledger:{OauthStage.LedgerSecret}")));
        using var body = new FormUrlEncodedContent(Form(code).Select(f => KeyValuePair.Create(f.Item1, f.Item2)));
        using var right = await basic.PostAsync("/oauth/token", body);

        Assert.All([silent, named, wrong], answer => Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (answer.Status, (string?)answer.Body["error"])));
        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        Assert.Equal("no-store", right.Headers.CacheControl!.ToString());
        var refresh = (string)(await OauthStage.BodyAsync(right))["refresh_token"]!;
        Assert.Equal(HttpStatusCode.Unauthorized, (await stage.RefreshAsync(refresh, "ledger")).Status);
    }

    [Fact]
    public async Task An_app_that_may_go_either_way_proves_itself_by_pkce_or_by_its_secret()
    {
        const string Uri = "https://either.example/back";
        var bare = $"/oauth/authorize?client_id=either&response_type=code&scope=openid&redirect_uri={System.Uri.EscapeDataString(Uri)}";

        var byPkce = await stage.ExchangeAsync((await OauthStage.AllowAsync(stage.AliceInBrowser, OauthStage.AuthorizeUrl("openid", redirectUri: Uri, clientId: "either")))["code"], redirectUri: Uri);
        var unproved = await stage.PostAsync("/oauth/token", ("grant_type", "authorization_code"), ("code", (await OauthStage.AllowAsync(stage.AliceInBrowser, bare))["code"]), ("redirect_uri", Uri));
        var bySecret = await stage.PostAsync(
            "/oauth/token",
            ("grant_type", "authorization_code"), ("code", (await OauthStage.AllowAsync(stage.AliceInBrowser, bare))["code"]), ("redirect_uri", Uri), ("client_id", "either"), ("client_secret", "either-secret-of-its-own"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.OK), (byPkce.Status, unproved.Status, bySecret.Status));
    }

    [Theory]
    [InlineData("client_id=nobody&redirect_uri=https%3A%2F%2Fcompass.example%2Fback")]
    [InlineData("redirect_uri=https%3A%2F%2Fcompass.example%2Fback")]
    [InlineData("client_id=compass")]
    [InlineData("client_id=compass&redirect_uri=https%3A%2F%2Fevil.example%2Fback")]
    [InlineData("client_id=compass&redirect_uri=https%3A%2F%2Fcompass.example%2Fback%2F")]
    [InlineData("client_id=compass&redirect_uri=https%3A%2F%2Fcompass.example%2Fback%3Fx%3D1")]
    [InlineData("client_id=compass&redirect_uri=https%3A%2F%2Fcompass.example%2FBACK")]
    [InlineData("client_id=compass&redirect_uri=https%3A%2F%2Fcompass.example%3A444%2Fback")]
    [InlineData("client_id=compass&redirect_uri=http%3A%2F%2Fcompass.example%2Fback")]
    [InlineData("client_id=compass&redirect_uri=https%3A%2F%2Fcompass.example%2Fback%23x")]
    [InlineData("client_id=compass&redirect_uri=http%3A%2F%2Flocalhost%3A1234%2Fback")]
    [InlineData("client_id=compass&redirect_uri=http%3A%2F%2F127.0.0.1%3A99%2Felsewhere")]
    [InlineData("client_id=compass&redirect_uri=http%3A%2F%2Fme%40127.0.0.1%3A99%2Fback")]
    [InlineData("client_id=compass&redirect_uri=http%3A%2F%2F127.0.0.1.evil.example%3A1234%2Fback")]
    [InlineData("client_id=compass&redirect_uri=javascript%3Aalert(1)")]
    [InlineData("client_id=compass&redirect_uri=https%3A%2F%2Fcompass.example%2Fback&redirect_uri=https%3A%2F%2Fevil.example")]
    public async Task Nobody_is_sent_to_an_address_that_is_not_the_apps(string query)
    {
        foreach (var send in new Func<string, Task<HttpResponseMessage>>[] { url => stage.AliceInBrowser.GetAsync(url), url => stage.AliceInBrowser.PostAsync(url, content: null) })
        {
            using var answer = await send($"/oauth/authorize?{query}&response_type=code&scope=openid&code_challenge={OauthStage.Challenge("x")}&code_challenge_method=S256");

            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Null(answer.Headers.Location);
        }
    }

    [Fact]
    public async Task On_a_persons_own_machine_any_port_will_do()
    {
        const string Uri = "http://127.0.0.1:54321/back";

        var back = await OauthStage.AllowAsync(stage.AliceInBrowser, OauthStage.AuthorizeUrl("openid", redirectUri: Uri));

        Assert.Equal(HttpStatusCode.OK, (await stage.ExchangeAsync(back["code"], redirectUri: Uri)).Status);
        using var again = await stage.AliceInBrowser.GetAsync(OauthStage.AuthorizeUrl("openid", redirectUri: Uri));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode); // asked each time: anybody may listen there
    }

    [Theory]
    [InlineData("response_type=token&scope=openid", "unsupported_response_type")]
    [InlineData("response_type=code&scope=openid+steal-everything", "invalid_scope")]
    [InlineData("response_type=code&scope=openid&code_challenge=x&code_challenge_method=plain", "invalid_request")]
    [InlineData("response_type=code&scope=openid", "invalid_request")]
    [InlineData("response_type=code&response_mode=fragment&scope=openid", "invalid_request")]
    public async Task What_an_app_asks_wrongly_it_is_told(string query, string error)
    {
        using var answer = await stage.AliceInBrowser.PostAsync($"/oauth/authorize?client_id=compass&redirect_uri={Uri.EscapeDataString(OauthStage.Back)}&state=s&{query}", content: null);

        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        var told = OauthStage.Parameters(answer);
        Assert.Equal((error, "s"), (told["error"], told["state"]));
        Assert.NotEmpty(told["error_description"]);
    }

    [Fact]
    public async Task Only_a_person_in_a_browser_allows_something()
    {
        var url = OauthStage.AuthorizeUrl("openid");
        using var page = new HttpRequestMessage(HttpMethod.Get, url);

        using var nobodyAsks = await stage.Nobody.SendAsync(page);
        using var nobodyAnswers = await stage.Nobody.PostAsync(url, content: null);
        using var token = await stage.World.As(stage.World.Alice).PostAsync(url, content: null);
        using var app = stage.World.Server.With((string)(await stage.SignInAsync(stage.AliceInBrowser, "openid"))["access_token"]!);
        using var byApp = await app.PostAsync(url, content: null);
        using var foreign = stage.Browser("alice-in-a-browser");
        foreign.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");
        using var tricked = await foreign.PostAsync(url, content: null);

        Assert.Equal($"/login?returnUrl={Uri.EscapeDataString(url)}", nobodyAsks.Headers.Location!.ToString());
        Assert.Equal(HttpStatusCode.SeeOther, nobodyAnswers.StatusCode);
        Assert.StartsWith("/login?", nobodyAnswers.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (token.StatusCode, byApp.StatusCode, tricked.StatusCode));
    }

    [Fact]
    public async Task Everything_that_proves_something_is_stored_as_its_hash()
    {
        var code = await OauthStage.CodeAsync(stage.AliceInBrowser, "openid");
        var tokens = (await stage.ExchangeAsync(code)).Body;
        var device = (await stage.PostAsync("/oauth/device", ("client_id", "compass"))).Body;

        var stored = string.Join('\n', await stage.World.UseAsync<IdentityDb, List<string?>>(async db =>
        [
            .. await db.OauthCodes.Select(c => c.Hash).ToListAsync(), .. await db.OauthTokens.Select(t => t.Hash).ToListAsync(), .. await db.OauthTokens.Select(t => t.RefreshHash).ToListAsync(),
            .. await db.OauthDevices.Select(d => d.Hash).ToListAsync(), .. await db.OauthDevices.Select(d => d.UserCodeHash).ToListAsync(), .. await db.OauthApps.Select(a => a.SecretHash).ToListAsync(),
        ]));

        foreach (var value in new[] { code, (string)tokens["access_token"]!, (string)tokens["refresh_token"]!, (string)device["device_code"]!, OauthStage.LedgerSecret })
        {
            Assert.Contains(Secret.Hash(value), stored, StringComparison.Ordinal);
            Assert.DoesNotContain(value, stored, StringComparison.Ordinal);
        }
    }

    private async Task CheckIdTokenAsync(string idToken, string issuer, string subject)
    {
        var keys = new JsonWebKeySet(await stage.Nobody.GetStringAsync("/oauth/jwks"));
        var clock = stage.World.Server.Clock.GetUtcNow().UtcDateTime;

        var read = await new JsonWebTokenHandler().ValidateTokenAsync(idToken, new TokenValidationParameters
        {
            ValidIssuer = issuer,
            ValidAudience = "compass",
            IssuerSigningKeys = keys.GetSigningKeys(),
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            LifetimeValidator = (_, expires, _, _) => expires == clock.AddHours(1),
        });

        Assert.True(read.IsValid, read.Exception?.Message);
        Assert.Equal((subject, "n-1", "alice", "alice@example.org"), (read.Claims["sub"], read.Claims["nonce"], read.Claims["preferred_username"], read.Claims["email"]));
        Assert.DoesNotContain("\"d\"", await stage.Nobody.GetStringAsync("/oauth/jwks"), StringComparison.Ordinal);
    }
}
