using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Tests.Hub;

namespace Lodestone.Tests.Identity;

public sealed class ServiceAccountTests : IAsyncLifetime
{
    private const string Accounts = "/api/v1/organizations/acme/service-accounts";

    private World _world = null!; // both set before any test runs
    private HttpClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _alice = _world.As(_world.Alice);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_service_account_does_what_its_role_allows_in_its_organization_and_nothing_else()
    {
        await _alice.CreateRepoAsync("acme/closed", isPrivate: true);
        await _alice.CreateRepoAsync("alice/closed", isPrivate: true);
        using var writer = _world.Server.With(await IssueAsync(await CreateAsync("builds", "write"), "write"));
        using var reader = _world.Server.With(await IssueAsync(await CreateAsync("deploys", "read"), "read"));

        var who = await writer.JsonAsync("/api/whoami-v2");
        var commit = await writer.CommitAsync("acme/closed", ("a.txt", "made"));
        using var elsewhere = await writer.GetAsync("/api/models/alice/closed");
        using var own = await writer.PostAsJsonAsync("/api/repos/create", new { name = "x" });
        using var token = await writer.PostAsJsonAsync("/api/v1/tokens", new { name = "x", role = "read" });
        using var organization = await writer.PostAsJsonAsync("/api/v1/organizations", new { name = "mine" });
        using var member = await writer.PutAsJsonAsync("/api/organizations/acme/members/bob/role", new { role = "admin" });
        using var more = await writer.PostAsJsonAsync(Accounts, new { name = "more" });
        using var call = await writer.PostAsJsonAsync("/v1/chat/completions", new { model = "x", messages = new[] { new { role = "user", content = "x" } } });
        using var readerWrites = await reader.PostCommitAsync("/api/models/acme/closed/commit/main", HubCalls.Line("header", new { summary = "x" }), HubCalls.FileLine("b.txt", "b"u8.ToArray()));

        Assert.Equal("app acme/builds write", $"{who["type"]} {who["name"]} {who["scope"]!["role"]}");
        Assert.Equal("made", await reader.GetStringAsync("/acme/closed/resolve/main/a.txt"));
        Assert.Equal("acme/builds", (await _alice.JsonAsync("/api/models/acme/closed/commits/main"))[0]!["authors"]![0]!["user"]!.ToString());
        Assert.Equal([404, 403, 403, 403, 403, 403, 403, 403], new[] { elsewhere, own, token, organization, member, more, call, readerWrites }.Select(a => (int)a.StatusCode));
        Assert.Equal(40, commit.Length);
    }

    [Fact]
    public async Task Tokens_are_shown_once_and_end_when_revoked_or_with_their_account()
    {
        var id = await CreateAsync("builds", "read");
        using var first = _world.Server.With(await IssueAsync(id, "read", "first"));
        using var second = _world.Server.With(await IssueAsync(id, "read", "second"));
        var listed = (await _alice.JsonAsync(Accounts))["serviceAccounts"]![0]!;
        var secondId = listed["tokens"]!.AsArray().Single(t => t!["name"]!.ToString() == "second")!["id"]!.ToString();

        using var revoked = await _alice.DeleteAsync($"{Accounts}/{id}/tokens/{secondId}");
        using var afterRevoking = await second.GetAsync("/api/whoami-v2");
        using var other = await first.GetAsync("/api/whoami-v2");
        using var closed = await _alice.DeleteAsync($"{Accounts}/{id}");
        using var afterClosing = await first.GetAsync("/api/whoami-v2");
        using var again = await _alice.PostAsJsonAsync(Accounts, new { name = "Builds" });

        Assert.Equal(2, listed["tokens"]!.AsArray().Count);
        Assert.DoesNotContain("value", listed.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal([204, 401, 200, 204, 401, 201], new[] { revoked, afterRevoking, other, closed, afterClosing, again }.Select(a => (int)a.StatusCode));
    }

    [Theory]
    [InlineData("""{"name":"-bad-"}""", 422)]
    [InlineData("""{"name":"taken"}""", 409)]
    [InlineData("""{"name":"boss","role":"admin"}""", 422)]
    public async Task An_account_that_cannot_be_is_refused(string account, int status)
    {
        await CreateAsync("taken", "read");

        using var answer = await _alice.PostAsJsonAsync(Accounts, JsonNode.Parse(account));

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Only_admins_look_after_them()
    {
        var bob = _world.As(_world.Bob);

        using var member = await bob.GetAsync(Accounts);
        using var nobody = await _world.AsNobody().GetAsync(Accounts);
        using var unknown = await _alice.GetAsync("/api/v1/organizations/nope/service-accounts");

        Assert.Equal([403, 401, 404], new[] { member, nobody, unknown }.Select(a => (int)a.StatusCode));
    }

    [Fact]
    public async Task A_page_makes_an_account_and_shows_its_token_once()
    {
        const string Password = "correct horse battery";
        await _world.Server.JoinAsync("dana", Password);
        using var dana = await _world.Server.SignedInAsync("dana", Password);
        await dana.SendAsync(await dana.OpenAsync("/organizations/new"), "organization", ("name", "initech"));
        const string Here = "/organizations/initech/service-accounts";

        await dana.SendAsync(await dana.OpenAsync(Here), "create", ("name", "builds"), ("role", "read"), ("description", "The build server"));
        var made = await dana.OpenAsync(Here);
        var account = made.Document.QuerySelector("input[name=account]")!.GetAttribute("value")!;
        var issued = await dana.SendAsync(made, "issue", ("account", account), ("name", "ci"), ("role", "read"));
        using var client = _world.Server.With(issued.Text("#new-token"));
        var later = await dana.OpenAsync(Here);
        await dana.SendAsync(later, "revoke", ("token", later.Document.QuerySelector("button[name=token]")!.GetAttribute("value")!));
        using var revoked = await client.GetAsync("/api/whoami-v2");
        var profile = await dana.OpenAsync("/initech");

        Assert.Contains("The build server", made.Text("main"), StringComparison.Ordinal);
        Assert.DoesNotContain("new-token", later.Html, StringComparison.Ordinal);
        Assert.Equal(401, (int)revoked.StatusCode);
        Assert.Contains(Here, profile.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_who_is_removed_or_leaves_loses_the_organizations_rights()
    {
        await _alice.CreateRepoAsync("acme/closed", isPrivate: true);
        var bob = _world.As(_world.Bob);
        using var before = await bob.GetAsync("/api/models/acme/closed");
        using var denied = await _world.As(_world.Carol).DeleteAsync("/api/organizations/acme/members/bob");
        using var removed = await _alice.DeleteAsync("/api/organizations/acme/members/bob");
        using var after = await bob.GetAsync("/api/models/acme/closed");
        using var again = await _alice.DeleteAsync("/api/organizations/acme/members/bob");
        using var last = await _alice.DeleteAsync("/api/organizations/acme/members/alice");

        Assert.Equal([200, 403, 204, 404, 404, 409], new[] { before, denied, removed, after, again, last }.Select(a => (int)a.StatusCode));
    }

    private async Task<string> CreateAsync(string name, string role)
    {
        using var answer = await _alice.PostAsJsonAsync(Accounts, new { name, role });
        return (await answer.OkAsync())["id"]!.GetValue<string>();
    }

    private async Task<string> IssueAsync(string accountId, string role, string name = "ci")
    {
        using var answer = await _alice.PostAsJsonAsync($"{Accounts}/{accountId}/tokens", new { name, role });
        return (await answer.OkAsync())["value"]!.GetValue<string>();
    }
}
