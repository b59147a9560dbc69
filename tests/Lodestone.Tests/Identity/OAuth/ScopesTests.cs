using System.Net;
using System.Net.Http.Json;
using System.Text;
using Lodestone.Core;
using Lodestone.Tests.Hub;

namespace Lodestone.Tests.Identity.OAuth;

/// <summary>What an app may do is what it was allowed, where it was allowed, and never more than the person may.</summary>
public sealed class ScopesTests(OauthStage stage) : IClassFixture<OauthStage>
{
    private static readonly string[] Everything = [.. TokenScopes.OfApps.Select(s => s.Name)];

    // A call of each kind, with the scopes of which one is enough, and what is answered with and without.
    public static TheoryData<string, string, string?, string, int, int> Calls => new()
    {
        { "GET", "/api/models/alice/secret", null, "read-repos write-repos manage-repos", 200, 404 },
        { "GET", "/alice/secret/resolve/main/a.txt", null, "read-repos write-repos manage-repos", 200, 404 },
        { "GET", "/alice/secret.git/info/refs?service=git-upload-pack", null, "read-repos write-repos manage-repos", 200, 404 },
        { "GET", "/api/settings/repositories", null, "read-repos write-repos manage-repos", 200, 403 },
        { "GET", "/api/models/alice/open", null, "", 200, 200 },
        { "POST", "/api/models/alice/open/branch/new-{0}", "{}", "write-repos manage-repos", 200, 403 },
        { "GET", "/alice/open.git/info/refs?service=git-receive-pack", null, "write-repos manage-repos", 200, 403 },
        { "GET", "/api/models/alice/open/xet-write-token/main", null, "write-repos manage-repos", 200, 403 },
        { "POST", "/api/models/alice/open/like", "{}", "write-discussions write-repos manage-repos", 200, 403 },
        { "PUT", "/api/models/alice/open/settings", """{"visibility":"public"}""", "manage-repos", 200, 403 },
        { "POST", "/api/repos/create", """{"name":"made-{0}"}""", "contribute-repos manage-repos", 200, 403 },
        { "POST", "/v1/chat/completions", """{"model":"alice/none","messages":[{"role":"user","content":"x"}]}""", "inference-api", 404, 403 },
        { "GET", "/api/v1/usage", null, "read-billing", 200, 403 },
        { "GET", "/api/v1/wallet", null, "read-billing", 200, 403 },
        { "GET", "/oauth/userinfo", null, "openid", 200, 403 },

        // Whatever an app was allowed, an account is nothing that it looks after.
        { "GET", "/api/v1/tokens", null, "none", 0, 403 },
        { "POST", "/api/v1/tokens", """{"name":"more","role":"write"}""", "none", 0, 403 },
        { "POST", "/api/v1/organizations", """{"name":"made"}""", "none", 0, 403 },
        { "PUT", "/api/organizations/acme/members/bob/role", """{"role":"admin"}""", "none", 0, 403 },
        { "GET", "/settings/profile", null, "none", 0, 403 },
        { "GET", "/settings/applications", null, "none", 0, 403 },
        { "GET", "/alice/secret", null, "none", 0, 403 },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_call_needs_its_scope(string method, string path, string? body, string enough, int with, int without)
    {
        var scopes = enough.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (var scope in scopes.Where(s => s != "none"))
        {
            var (status, _, text) = await SendAsync(scope, method, path, body);
            Assert.True(with == status, $"{scope} at {path}: {status} {text}");
        }

        var others = string.Join(' ', Everything.Except(scopes, StringComparer.Ordinal));
        var (refused, challenge, said) = await SendAsync(others, method, path, body);
        Assert.True(without == refused, $"all but {enough} at {path}: {refused} {said}");
        if (refused == 403 && enough != "none")
        {
            Assert.Contains(scopes, s => said.Contains(s, StringComparison.Ordinal));
            Assert.Contains("insufficient_scope", challenge, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_organization_that_was_not_chosen_does_not_exist_for_the_app()
    {
        var acme = PublicId.ToHub(stage.World.Acme.Id);
        var url = OauthStage.AuthorizeUrl("openid profile read-repos");
        async Task<HttpClient> AppAsync(params (string, string)[] form) =>
            stage.World.Server.With((string)(await stage.ExchangeAsync((await OauthStage.AllowAsync(stage.AliceInBrowser, url, form))["code"])).Body["access_token"]!);

        using var without = await AppAsync(("decision", "allow"), ("choice", "1"));
        using var before = await without.GetAsync("/api/models/acme/secret");
        var unknown = await without.GetStringAsync("/oauth/userinfo");
        using var with = await AppAsync(("decision", "allow"), ("choice", "1"), ("organizations", acme));
        using var after = await with.GetAsync("/api/models/acme/secret");

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.OK), (before.StatusCode, after.StatusCode));
        Assert.Contains("\"orgs\":[]", unknown, StringComparison.Ordinal);
        Assert.Contains(
            $$"""[{"sub":"{{acme}}","name":"Acme Corporation","preferred_username":"acme","picture":"{{stage.World.Server.Url}}avatars/{{acme}}.svg","roleInOrg":"admin","isEnterprise":false}]""",
            await with.GetStringAsync("/oauth/userinfo"), StringComparison.Ordinal);
        Assert.Contains("\"name\":\"acme\"", await with.GetStringAsync("/api/whoami-v2"), StringComparison.Ordinal);
        using var chosen = await stage.AliceInBrowser.GetAsync(OauthStage.AuthorizeUrl("openid", clientId: "either", redirectUri: "https://either.example/back") + "&orgIds=" + acme);
        Assert.Equal(HttpStatusCode.OK, chosen.StatusCode);
    }

    [Fact]
    public async Task An_app_never_may_more_than_the_person()
    {
        var acme = PublicId.ToHub(stage.World.Acme.Id);
        var back = await OauthStage.AllowAsync(stage.BobInBrowser, OauthStage.AuthorizeUrl(string.Join(' ', Everything)), ("decision", "allow"), ("choice", "1"), ("organizations", acme));
        using var app = stage.World.Server.With((string)(await stage.ExchangeAsync(back["code"])).Body["access_token"]!);

        using var read = await app.GetAsync("/api/models/acme/secret");
        using var write = await app.PostAsync("/api/models/acme/secret/branch/mine", new StringContent("{}", Encoding.UTF8, "application/json"));
        using var create = await app.PostAsJsonAsync("/api/repos/create", new { name = "made", organization = "acme" });
        using var hidden = await app.GetAsync("/api/models/alice/secret");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.NotFound), (read.StatusCode, write.StatusCode, create.StatusCode, hidden.StatusCode));
    }

    [Fact]
    public async Task An_app_that_may_only_make_repositories_keeps_house_in_its_own()
    {
        using var app = stage.World.Server.With((string)(await stage.SignInAsync(stage.AliceInBrowser, "contribute-repos"))["access_token"]!);

        await app.CreateRepoAsync("alice/of-the-app", isPrivate: true);
        await app.CommitAsync("alice/of-the-app", ("a.txt", "a"));
        using var read = await app.GetAsync("/alice/of-the-app/resolve/main/a.txt");
        using var settings = await app.PutAsJsonAsync("/api/models/alice/of-the-app/settings", new { visibility = "private" });
        var listed = await app.GetStringAsync("/api/models?author=alice");
        using var secret = await app.GetAsync("/api/models/alice/secret");
        using var open = await app.PostAsJsonAsync("/api/models/alice/open/branch/mine", new { });
        using var other = stage.World.Server.With((string)(await ExchangeOfEitherAsync())["access_token"]!);
        using var foreign = await other.GetAsync("/api/models/alice/of-the-app");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (read.StatusCode, settings.StatusCode));
        Assert.Contains("alice/of-the-app", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("alice/secret", listed, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Forbidden, HttpStatusCode.NotFound), (secret.StatusCode, open.StatusCode, foreign.StatusCode));
    }

    private async Task<System.Text.Json.Nodes.JsonNode> ExchangeOfEitherAsync()
    {
        const string Uri = "https://either.example/back";
        var back = await OauthStage.AllowAsync(stage.AliceInBrowser, OauthStage.AuthorizeUrl("contribute-repos", redirectUri: Uri, clientId: "either"));
        return (await stage.ExchangeAsync(back["code"], redirectUri: Uri)).Body;
    }

    private async Task<(int Status, string Challenge, string Body)> SendAsync(string scope, string method, string path, string? body)
    {
        using var app = stage.World.Server.With((string)(await stage.SignInAsync(stage.AliceInBrowser, scope))["access_token"]!);
        string Unique(string text) => text.Replace("{0}", Guid.CreateVersion7().ToString("N")[^12..], StringComparison.Ordinal);
        using var message = new HttpRequestMessage(new HttpMethod(method), Unique(path)) { Content = body is null ? null : new StringContent(Unique(body), Encoding.UTF8, "application/json") };
        using var answer = await app.SendAsync(message);
        return ((int)answer.StatusCode, answer.Headers.WwwAuthenticate.ToString(), await answer.Content.ReadAsStringAsync());
    }
}
