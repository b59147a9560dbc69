using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Lodestone.Identity;
using Lodestone.Tests.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Identity.OAuth;

/// <summary>
/// A server with apps of an operator's: Compass, which runs in browsers and has no secret, and Ledger, which runs on a server and has
/// one. Alice, who is signed in with a browser, has private things of her own and in Acme.
/// </summary>
public sealed class OauthStage : IAsyncLifetime
{
    public const string Back = "https://compass.example/back";
    public const string Verifier = "a-verifier-of-at-least-43-characters-that-is-random-enough";
    public const string LedgerSecret = "ledger-secret-of-its-own";
    public const string CommandLine = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";

    private const string Seed = """
        {
          "users": [ { "name": "alice", "email": "alice@example.org", "sessions": [ { "value": "alice-in-a-browser" } ] }, { "name": "bob", "email": "bob@example.org", "sessions": [ { "value": "bob-in-a-browser" } ] } ],
          "oauthApps": [
            { "clientId": "compass", "name": "Compass", "public": true, "redirectUris": [ "https://compass.example/back", "https://compass.example/back?tab=1", "http://127.0.0.1:1234/back" ] },
            { "clientId": "ledger", "name": "Ledger", "public": false, "secret": "ledger-secret-of-its-own", "redirectUris": [ "https://ledger.example/back" ] },
            { "clientId": "either", "name": "Either", "public": true, "secret": "either-secret-of-its-own", "redirectUris": [ "https://either.example/back" ] }
          ]
        }
        """;

    public World World { get; private set; } = null!; // set before any test runs

    public HttpClient Nobody => World.AsNobody();

    /// <summary>Alice's browser, as programs act one out: the cookie of her session.</summary>
    public HttpClient AliceInBrowser { get; private set; } = null!; // set before any test runs

    public HttpClient BobInBrowser { get; private set; } = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        await SeedAsync(Seed);
        (AliceInBrowser, BobInBrowser) = (Browser("alice-in-a-browser"), Browser("bob-in-a-browser"));
        var alice = World.As(World.Alice);
        foreach (var id in (string[])["alice/secret", "acme/secret"])
        {
            await alice.CreateRepoAsync(id, isPrivate: true);
            await alice.CommitAsync(id, ("a.txt", "a"));
        }

        await alice.CreateRepoAsync("alice/open");
    }

    public async ValueTask DisposeAsync()
    {
        AliceInBrowser.Dispose();
        BobInBrowser.Dispose();
        await World.DisposeAsync();
    }

    public static string Challenge(string verifier) => Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>The address to which Compass sends people.</summary>
    public static string AuthorizeUrl(string scope, string more = "", string redirectUri = Back, string clientId = "compass") =>
        $"/oauth/authorize?client_id={clientId}&response_type=code&scope={Uri.EscapeDataString(scope)}&redirect_uri={Uri.EscapeDataString(redirectUri)}&code_challenge={Challenge(Verifier)}&code_challenge_method=S256{more}";

    /// <summary>Has a person allow it, and returns the parameters with which their browser comes back to the app.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> AllowAsync(HttpClient browser, string url, params (string Name, string Value)[] form)
    {
        using var body = form.Length == 0 ? null : new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var answer = await browser.PostAsync(url, body);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return Parameters(answer);
    }

    public static IReadOnlyDictionary<string, string> Parameters(HttpResponseMessage answer) => answer.Headers.Location!.Query.TrimStart('?').Split('&') // a redirect has one
        .Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => Uri.UnescapeDataString(p[1]), StringComparer.Ordinal);

    public static async Task<string> CodeAsync(HttpClient browser, string scope) => (await AllowAsync(browser, AuthorizeUrl(scope)))["code"];

    /// <summary>As the JavaScript client does it: no client_id.</summary>
    public Task<(HttpStatusCode Status, JsonNode Body)> ExchangeAsync(string code, string verifier = Verifier, string redirectUri = Back) => PostAsync(
        "/oauth/token", ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri), ("code_verifier", verifier));

    public async Task<JsonNode> SignInAsync(HttpClient browser, string scope)
    {
        var (status, body) = await ExchangeAsync(await CodeAsync(browser, scope));
        Assert.True(status is HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    public Task<(HttpStatusCode Status, JsonNode Body)> RefreshAsync(string refreshToken, string clientId = "compass") =>
        PostAsync("/oauth/token", ("grant_type", "refresh_token"), ("refresh_token", refreshToken), ("client_id", clientId));

    public async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync(string path, params (string Name, string Value)[] form)
    {
        using var body = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var answer = await Nobody.PostAsync(path, body);
        return (answer.StatusCode, await BodyAsync(answer));
    }

    public static async Task<JsonNode> BodyAsync(HttpResponseMessage answer) => await answer.Content.ReadAsStringAsync() is { Length: > 0 } text ? JsonNode.Parse(text)! : new JsonObject();

    /// <summary>An app that has the token.</summary>
    public async Task<HttpStatusCode> StatusAsync(string token, string path = "/api/whoami-v2")
    {
        using var app = World.Server.With(token);
        using var answer = await app.GetAsync(path);
        return answer.StatusCode;
    }

    public HttpClient Browser(string session)
    {
        var browser = World.Server.Anonymous();
        browser.DefaultRequestHeaders.Add("Cookie", $"token={session}");
        browser.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        return browser;
    }

    public async Task SeedAsync(string seed)
    {
        var path = Path.Combine(World.Server.DataDirectory, "seed.json");
        await File.WriteAllTextAsync(path, seed);
        await using var scope = World.Server.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<Seeding>().ApplyAsync(path, CancellationToken.None);
    }

    /// <summary>Lets what was given out end, in place of waiting for hours.</summary>
    internal async Task EndAsync<T>(Func<IdentityDb, Task<T>> change)
    {
        await using var scope = World.Server.Services.CreateAsyncScope();
        await change(scope.ServiceProvider.GetRequiredService<IdentityDb>());
        scope.ServiceProvider.GetRequiredService<Credentials>().Forget();
    }

    internal Task<int> RowsAsync<T>(Func<IdentityDb, IQueryable<T>> rows) => World.UseAsync<IdentityDb, int>(db => rows(db).CountAsync());

}
