using System.Text.Json;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Identity;

public sealed class SeedTests
{
    private const string Whole = """
        {
          "users": [
            { "id": "62f264b9f3c90f4b6514a269", "name": "hub.js", "fullName": "CI bot", "email": "bot@example.org", "emailVerified": true, "password": "correct horse battery",
              "admin": true, "avatarUrl": "/avatars/bot.svg", "website": "https://example.org",
              "tokens": [ { "name": "ci-hub.js", "value": "hf_seededseededseededseededseeded01", "role": "write" }, { "name": "reader", "value": "hf_seededseededseededseededseeded02", "role": "read" } ],
              "sessions": [ { "value": "seeded-session" } ] },
            { "name": "__dummy_user", "fullName": "", "email": "dummy@example.org", "emailVerified": false, "tokens": [] }
          ],
          "organizations": [ { "name": "valid_org", "fullName": "Valid", "defaultVisibility": "private", "members": [ { "user": "HUB.js", "role": "admin" }, { "user": "__dummy_user", "role": "contributor" } ] } ],
          "oauthApps": [ { "clientId": "app-1", "name": "App", "redirectUris": [ "https://app.example/back" ], "public": true } ]
        }
        """;

    [Fact]
    public async Task Everything_in_the_file_is_there_afterwards()
    {
        await using var server = await TestServer.StartAsync();

        await ApplyAsync(server, Whole);

        using var program = server.With("hf_seededseededseededseededseeded01");
        using var browser = server.Anonymous();
        browser.DefaultRequestHeaders.Add("Cookie", "token=seeded-session");
        using var signedIn = await server.SignedInAsync("hub.js", "correct horse battery");
        var byToken = await program.GetStringAsync("/api/whoami-v2");
        var byCookie = await browser.GetStringAsync("/api/whoami-v2");
        Assert.Contains("\"id\":\"62f264b9f3c90f4b6514a269\",\"name\":\"hub.js\",\"fullname\":\"CI bot\"", byToken, StringComparison.Ordinal);
        Assert.Contains("\"avatarUrl\":\"/avatars/bot.svg\"", byToken, StringComparison.Ordinal);
        Assert.Contains("\"displayName\":\"ci-hub.js\",\"role\":\"write\"", byToken, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"valid_org\"", byToken, StringComparison.Ordinal);
        Assert.Contains("\"auth\":{\"type\":\"session\"}", byCookie, StringComparison.Ordinal);
        await using var scope = server.Services.CreateAsyncScope();
        var app = await scope.ServiceProvider.GetRequiredService<IdentityDb>().OauthApps.SingleAsync(a => a.ClientId == "app-1");
        Assert.Equal(("app-1", "https://app.example/back"), (app.ClientId, JsonDocument.Parse(app.RedirectUris).RootElement[0].GetString()));
        Assert.True((await scope.ServiceProvider.GetRequiredService<Namespaces>().FindAsync("valid_org", CancellationToken.None))!.PrivateByDefault);
    }

    [Fact]
    public async Task Applying_a_file_again_changes_nothing()
    {
        await using var server = await TestServer.StartAsync();
        await ApplyAsync(server, Whole);
        var before = await CountsAsync(server);

        await ApplyAsync(server, Whole);

        Assert.Equal((3, 2, 1, 2, 2), before);
        Assert.Equal(before, await CountsAsync(server));
    }

    [Theory]
    [InlineData("""{ "users": [ { "name": "ada", "email": "a@b", "shoeSize": 38 } ] }""", "$.users[0]", "'shoeSize'")]
    [InlineData("""{ "people": [] }""", "$", "'people'")]
    [InlineData("""{ "users": [ { "name": "ada" } ] }""", "$.users[0]", "'email'")]
    [InlineData("""{ "users": [ { "name": "ada", "email": 7 } ] }""", "$.users[0].email", "right kind")]
    [InlineData("""{ "users": [ { "name": "ada", "email": null } ] }""", "$.users[0].email", "right kind")]
    [InlineData("""{ "users": [ { "name": "ada", "email": "a@b", "id": "62f2" } ] }""", "$.users[0].id", "24 hex digits")]
    [InlineData("""{ "users": [ { "name": "-ada", "email": "a@b" } ] }""", "$.users[0]", "begin or end")]
    [InlineData("""{ "users": [ { "name": "api", "email": "a@b" } ] }""", "$.users[0]", "an address of this server")]
    [InlineData("""{ "users": [ { "name": "ada", "email": "a@b", "password": "short" } ] }""", "$.users[0]", "10 to 200")]
    [InlineData("""{ "users": [ { "name": "ada", "email": "a@b", "tokens": [ { "name": "t", "value": "secret", "role": "read" } ] } ] }""", "$.users[0].tokens[0]", "'hf_'")]
    [InlineData("""{ "users": [ { "name": "ada", "email": "a@b", "tokens": [ { "name": "t", "value": "hf_abcd", "role": "king" } ] } ] }""", "$.users[0].tokens[0]", "'read' or 'write'")]
    [InlineData("""{ "organizations": [ { "name": "labs", "members": [ { "user": "ghost", "role": "read" } ] } ] }""", "$.organizations[0].members[0].user", "no such user")]
    [InlineData("""{ "organizations": [ { "name": "labs", "defaultVisibility": "secret" } ] }""", "$.organizations[0].defaultVisibility", "'public' or 'private'")]
    [InlineData("""{ "oauthApps": [ { "clientId": "a", "name": "A", "redirectUris": [], "secret": "short" } ] }""", "$.oauthApps[0].secret", "10 characters")]
    [InlineData("""{ "users": [ ] } trailing""", "$", "not JSON")]
    [InlineData("null", "null", "object")]
    public async Task What_is_wrong_is_said_with_its_place_and_nothing_is_applied(string seed, string place, string said)
    {
        await using var server = await TestServer.StartAsync();

        var refusal = await Assert.ThrowsAsync<Refusal>(() => ApplyAsync(server, seed));

        Assert.Contains(place, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0, 0, 0, 1), await CountsAsync(server));
    }

    [Fact]
    public async Task A_fault_at_the_end_undoes_the_beginning()
    {
        await using var server = await TestServer.StartAsync();

        await Assert.ThrowsAsync<Refusal>(() => ApplyAsync(server, Whole.Replace("https://app.example/back", "nowhere", StringComparison.Ordinal)));

        Assert.Equal((0, 0, 0, 0, 1), await CountsAsync(server));
    }

    private static async Task ApplyAsync(TestServer server, string seed)
    {
        var path = Path.Combine(server.DataDirectory, "seed.json");
        await File.WriteAllTextAsync(path, seed);
        await using var scope = server.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<Seeding>().ApplyAsync(path, CancellationToken.None);
    }

    // One app is there from the beginning: the hub clients' command line.
    private static async Task<(int Names, int Tokens, int Sessions, int Members, int Apps)> CountsAsync(TestServer server)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdentityDb>();
        return (await db.Namespaces.CountAsync(), await db.Tokens.CountAsync(), await db.Sessions.CountAsync(), await db.Members.CountAsync(), await db.OauthApps.CountAsync());
    }
}
