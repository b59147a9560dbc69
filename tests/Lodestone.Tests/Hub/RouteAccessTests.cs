using System.Net.Http.Json;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>A hidden and a public repository of Alice's, and those who call: nobody, a stranger, Alice with a token that reads, and one that is revoked.</summary>
public sealed class RouteAccessWorld : IAsyncLifetime
{
    public World World { get; private set; } = null!; // set before any test runs

    /// <summary>By caller, in the order of the table's columns.</summary>
    public IReadOnlyList<HttpClient> Callers { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var alice = World.As(World.Alice);
        foreach (var (id, isPrivate) in new[] { ("alice/secret", true), ("alice/open", false) })
        {
            await alice.CreateRepoAsync(id, isPrivate);
            await alice.CommitAsync(id, ("a.txt", "a"));
            (await alice.PostAsJsonAsync($"/api/models/{id}/discussions", new { title = "A pull request", description = "x", pullRequest = true })).EnsureSuccessStatusCode().Dispose();
        }

        var stranger = await World.UseAsync<Accounts, string>(async accounts =>
        {
            var dave = await accounts.CreateUserAsync(new NewUser { Name = "dave", FullName = "Dave", Email = "dave@example.org", EmailVerified = true }, CancellationToken.None);
            return await accounts.IssueTokenAsync(dave, new NewToken("tests", TokenScope.Write), CancellationToken.None);
        });
        var reader = await World.UseAsync<Accounts, string>(accounts => accounts.IssueTokenAsync(World.Alice.Id, new NewToken("reader", TokenScope.Read), CancellationToken.None));
        var former = await World.UseAsync<Accounts, string>(accounts => accounts.IssueTokenAsync(World.Alice.Id, new NewToken("former", TokenScope.Write), CancellationToken.None));
        await RevokeAsync(alice, "former");
        var dave = World.Server.With(stranger);
        (await dave.PostAsJsonAsync("/api/models/alice/open/discussions", new { title = "Of one's own", description = "x", pullRequest = true })).EnsureSuccessStatusCode().Dispose();
        Callers = [World.AsNobody(), dave, World.Server.With(reader), World.Server.With(former)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in Callers.Skip(1))
        {
            client.Dispose();
        }

        await World.DisposeAsync();
    }

    private static async Task RevokeAsync(HttpClient client, string name)
    {
        var tokens = await client.GetFromJsonAsync<JsonObject>("/api/v1/tokens");
        var id = tokens!["tokens"]!.AsArray().Single(t => t!["name"]!.GetValue<string>() == name)!["id"]!.GetValue<string>();
        (await client.DeleteAsync($"/api/v1/tokens/{id}")).EnsureSuccessStatusCode().Dispose();
    }
}

/// <summary>
/// Every route of the hub, Git LFS and git, with what it answers to whom. The routes are those of the running server: one that is
/// not in the table fails <see cref="Every_route_says_whom_it_answers_how"/>.
/// </summary>
public sealed partial class RouteAccessTests(RouteAccessWorld fixture) : IClassFixture<RouteAccessWorld>
{
    // Nobody, a stranger, the owner's token that may only read, a revoked token.
    private const string Hidden = "401 404 200 401";
    private const string Open = "200 200 200 401";
    private const string HiddenFromChange = "401 404 403 401";
    private const string Unchangeable = "401 403 403 401";
    private const string ToOwnPullRequest = "401 200 403 401"; // which the stranger has in the public one
    private const string Nothing = "401 404 404 401";
    private const string NoSuchPlace = "404 404 404 401";
    private const string HiddenAndNotGated = "401 404 400 401";
    private const string NotGated = "401 400 400 401";
    private const string NoXetToken = "401 401 401 401";

    private static readonly Row[] Table =
    [
        .. Api("GET", "", "", Hidden, Open),
        .. Api("GET", "/revision/{**rev}", "/revision/main", Hidden, Open),
        .. Api("GET", "/tree/{**rest}", "/tree/main", Hidden, Open),
        .. Api("GET", "/treesize/{**rest}", "/treesize/main", Hidden, Open),
        .. Api("GET", "/refs", "/refs", Hidden, Open),
        .. Api("GET", "/leaderboard", "/leaderboard", Nothing, NoSuchPlace),
        .. Api("GET", "/commits/{**rest}", "/commits/main", Hidden, Open),
        .. Api("GET", "/compare/{**range}", "/compare/main..main", Hidden, Open),
        .. Api("POST", "/super-squash/{**rev}", "/super-squash/main", HiddenFromChange, Unchangeable, """{"message":"x"}"""),
        .. Api("GET", "/lfs-files", "/lfs-files", Hidden, Open),
        .. Api("POST", "/lfs-files/batch", "/lfs-files/batch", HiddenFromChange, Unchangeable, """{"deletions":{"sha":[]}}"""),
        .. Api("POST", "/lfs-files/duplicate", "/lfs-files/duplicate", "401 404 403 401", "401 403 403 401", """{"target":{"type":"model","name":"alice/open"},"files":[]}"""),
        .. Api("DELETE", "/lfs-files/{sha256}", "/lfs-files/0", HiddenFromChange, Unchangeable),
        .. Api("GET", "/likers", "/likers", Hidden, Open),
        .. Api("GET", "/metrics", "/metrics", Hidden, Open),
        .. Api("GET", "/metrics/derivatives", "/metrics/derivatives", Hidden, "401 403 200 401"),
        .. Api("GET", "/metrics/calls", "/metrics/calls", Hidden, "401 403 200 401"),
        .. Api("GET", "/auth-check", "/auth-check", Hidden, Open),
        .. Api("GET", "/auth-check/write", "/auth-check/write", HiddenFromChange, Unchangeable),
        .. Api("POST", "/paths-info/{**rev}", "/paths-info/main", Hidden, Open, """{"paths":["a.txt"]}"""),
        .. Api("POST", "/like", "/like", HiddenFromChange, "401 200 403 401"),
        .. Api("POST", "/watch", "/watch", HiddenFromChange, "401 200 403 401"),
        .. Api("DELETE", "/watch", "/watch", HiddenFromChange, "401 200 403 401"),
        .. Api("DELETE", "/like", "/like", HiddenFromChange, "401 200 403 401"),
        .. Api("GET", "/discussions", "/discussions", Hidden, Open),
        .. Api("POST", "/discussions", "/discussions", HiddenFromChange, "401 200 403 401", """{"title":"A question","description":"x"}"""),
        .. Api("GET", "/discussions/{number}", "/discussions/1?diff=1", Hidden, Open),
        .. Api("DELETE", "/discussions/{number}", "/discussions/1", HiddenFromChange, Unchangeable),
        .. Api("DELETE", "/discussions/{number}/ref", "/discussions/1/ref", HiddenFromChange, Unchangeable),
        .. Api("POST", "/discussions/{number}/title", "/discussions/1/title", HiddenFromChange, Unchangeable, """{"title":"Other"}"""),
        .. Api("POST", "/discussions/{number}/status", "/discussions/1/status", HiddenFromChange, Unchangeable, """{"status":"closed"}"""),
        .. Api("POST", "/discussions/{number}/merge", "/discussions/1/merge", HiddenFromChange, Unchangeable),
        .. Api("POST", "/discussions/{number}/pin", "/discussions/1/pin", HiddenFromChange, Unchangeable, """{"pinned":true}"""),
        .. Api("POST", "/discussions/{number}/lock", "/discussions/1/lock", HiddenFromChange, Unchangeable, """{"locked":true}"""),
        .. Api("POST", "/discussions/{number}/comment", "/discussions/1/comment", HiddenFromChange, "401 200 403 401", """{"comment":"x"}"""),
        .. Api("POST", "/discussions/{number}/comment/{comment}/edit", "/discussions/1/comment/0/edit", HiddenFromChange, "401 404 403 401", """{"content":"x"}"""),
        .. Api("POST", "/discussions/{number}/comment/{comment}/hide", "/discussions/1/comment/0/hide", HiddenFromChange, "401 404 403 401"),
        .. Api("POST", "/discussions/{number}/comment/{comment}/reaction", "/discussions/1/comment/0/reaction", HiddenFromChange, "401 404 403 401", """{"reaction":"👍"}"""),
        .. Api("DELETE", "/discussions/{number}/comment/{comment}/reaction", "/discussions/1/comment/0/reaction", HiddenFromChange, "401 404 403 401", """{"reaction":"👍"}"""),
        .. Api("PUT", "/settings", "/settings", HiddenFromChange, Unchangeable, """{"private":false}"""),
        .. Api("POST", "/duplicate", "/duplicate", HiddenFromChange, Unchangeable, """{"repository":"alice/copy"}"""),
        .. Api("POST", "/convert", "/convert", HiddenFromChange, Unchangeable, "{}"),
        .. Api("GET", "/convert", "/convert", Hidden, Open),
        .. Api("GET", "/convert/{id}", "/convert/0", Nothing, NoSuchPlace),
        .. Api("DELETE", "/convert/{id}", "/convert/0", Nothing, NoSuchPlace),
        .. Api("PUT", "/archive", "/archive", HiddenFromChange, Unchangeable),
        .. Api("DELETE", "/archive", "/archive", HiddenFromChange, Unchangeable),
        .. Api("POST", "/branch/{**branch}", "/branch/x", HiddenFromChange, Unchangeable, "{}"),
        .. Api("DELETE", "/branch/{**branch}", "/branch/x", HiddenFromChange, Unchangeable),
        .. Api("POST", "/tag/{**rev}", "/tag/main", HiddenFromChange, Unchangeable, """{"tag":"x"}"""),
        .. Api("DELETE", "/tag/{**tag}", "/tag/x", HiddenFromChange, Unchangeable),
        .. Api("POST", "/preupload/{**rev}", "/preupload/main", HiddenFromChange, Unchangeable, """{"files":[]}"""),
        .. Api("POST", "/preupload/{**rev}", "/preupload/main?create_pr=1", HiddenFromChange, "401 200 403 401", """{"files":[]}"""),
        .. Api("POST", "/commit/{**rev}", "/commit/main", HiddenFromChange, Unchangeable, """{"key":"header","value":{"summary":"x"}}"""),
        .. Api("POST", "/commit/{**rev}", "/commit/main?create_pr=1", HiddenFromChange, "401 200 403 401", """{"key":"header","value":{"summary":"x"}}"""),
        .. Api("GET", "/xet-read-token/{**rev}", "/xet-read-token/main", Hidden, Open),
        .. Api("GET", "/xet-write-token/{**rev}", "/xet-write-token/main", HiddenFromChange, Unchangeable),
        .. Api("GET", "/xet-write-token/{**rev}", "/xet-write-token/None?create_pr=1", HiddenFromChange, "401 200 403 401"),
        .. Api("GET", "/user-access-request/{status}", "/user-access-request/pending", HiddenFromChange, Unchangeable),
        .. Api("POST", "/user-access-request/handle", "/user-access-request/handle", HiddenFromChange, Unchangeable, """{"user":"bob","status":"accepted"}"""),
        .. Api("POST", "/user-access-request/batch", "/user-access-request/batch", HiddenFromChange, Unchangeable, """{"status":"accepted","requests":[]}"""),
        .. Api("POST", "/user-access-request/grant", "/user-access-request/grant", HiddenFromChange, Unchangeable, """{"user":"bob"}"""),
        .. Api("POST", "/user-access-request/cancel", "/user-access-request/cancel", HiddenAndNotGated, NotGated),
        .. Api("*", "/{**rest}", "/nonsense", Nothing, NoSuchPlace),

        .. Files("POST", "/ask-access", "/ask-access", HiddenAndNotGated, NotGated, "{}"),
        .. Files("GET", "/user-access-report", "/user-access-report", HiddenFromChange, Unchangeable),
        .. Gates("GET", "", Hidden, Open),
        .. Gates("PUT", "", HiddenFromChange, Unchangeable, "{}"),
        .. Gates("GET", "/requests", HiddenFromChange, Unchangeable),
        .. Gates("POST", "/revocations", HiddenFromChange, Unchangeable, """{"user":"bob"}"""),
        .. Gates("PUT", "/organizations/{organization}", HiddenAndNotGated, NotGated, "{}"),
        .. Gates("DELETE", "/organizations/{organization}", HiddenAndNotGated, NotGated),
        .. Gates("GET", "/holders", HiddenFromChange, Unchangeable),
        .. Gates("GET", "/downloads", HiddenFromChange, Unchangeable),
        .. Gates("GET", "/downloads.csv", HiddenFromChange, Unchangeable),

        .. Files("GET HEAD", "/resolve/{**rest}", "/resolve/main/a.txt", Hidden, Open),
        .. Files("GET HEAD", "/raw/{**rest}", "/raw/main/a.txt", Hidden, Open),
        .. Files("GET", "/info/refs", ".git/info/refs?service=git-upload-pack", Hidden, Open),
        .. Files("POST", "/git-upload-pack", ".git/git-upload-pack", Hidden, Open, "0000"),
        .. Files("GET", "/info/refs", ".git/info/refs?service=git-receive-pack", HiddenFromChange, ToOwnPullRequest),
        .. Files("POST", "/git-receive-pack", ".git/git-receive-pack", HiddenFromChange, ToOwnPullRequest, "0000"),
        .. Files("POST", "/info/lfs/objects/batch", ".git/info/lfs/objects/batch", Hidden, Open, """{"operation":"download","objects":[]}"""),
        .. Files("POST", "/info/lfs/objects/batch", ".git/info/lfs/objects/batch", HiddenFromChange, Unchangeable, """{"operation":"upload","objects":[],"ref":{"name":"refs/heads/main"}}"""),
        .. Files("POST", "/info/lfs/objects/batch", ".git/info/lfs/objects/batch", HiddenFromChange, "401 200 403 401", """{"operation":"upload","objects":[]}"""),
        .. Files("POST", "/info/lfs/locks/verify", ".git/info/lfs/locks/verify", HiddenFromChange, ToOwnPullRequest, "{}"),

        // Links carry their own authority: what is not signed is refused, whoever brings it.
        new("PUT /api/lfs/{repo}/{oid}", "/api/lfs/0/0?size=1&expires=1&signature=x", "403 403 403 401", "x"),
        new("PUT /api/lfs/{repo}/{oid}/{number}", "/api/lfs/0/0/1?size=1&expires=1&signature=x", "403 403 403 401", "x"),
        new("POST /api/lfs/{repo}/{oid}", "/api/lfs/0/0?size=1&expires=1&signature=x", "403 403 403 401", "{}"),
        new("POST /api/lfs/{repo}/{oid}/verify", "/api/lfs/0/0/verify?size=1&expires=1&signature=x", "403 403 403 401", """{"oid":"0","size":1}"""),
        new("GET HEAD /api/lfs/{repo}/{oid}", "/api/lfs/0/0?size=1&expires=1&signature=x", "403 403 403 401"),

        // Xet calls take tokens of their own, and no others.
        new("POST /xet/v1/xorbs/{prefix}/{hash}", "/xet/v1/xorbs/default/0", NoXetToken, "x"),
        new("POST /xet/xorbs/{prefix}/{hash}", "/xet/xorbs/default/0", NoXetToken, "x"),
        new("POST /xet/xorb/{prefix}/{hash}", "/xet/xorb/default/0", NoXetToken, "x"),
        new("HEAD /xet/v1/xorbs/{prefix}/{hash}", "/xet/v1/xorbs/default/0", NoXetToken),
        new("HEAD /xet/xorbs/{prefix}/{hash}", "/xet/xorbs/default/0", NoXetToken),
        new("HEAD /xet/xorb/{prefix}/{hash}", "/xet/xorb/default/0", NoXetToken),
        new("POST /xet/v1/shards", "/xet/v1/shards", NoXetToken, "x"),
        new("POST /xet/v2/shards", "/xet/v2/shards", NoXetToken, "x"),
        new("POST /xet/shards", "/xet/shards", NoXetToken, "x"),
        new("POST /xet/shard/{prefix}/{hash}", "/xet/shard/default/0", NoXetToken, "x"),
        new("GET /xet/v1/chunks/{prefix}/{hash}", "/xet/v1/chunks/default/0", NoXetToken),
        new("GET /xet/chunks/{prefix}/{hash}", "/xet/chunks/default/0", NoXetToken),
        new("GET /xet/chunk/{prefix}/{hash}", "/xet/chunk/default/0", NoXetToken),
        new("POST /xet/v1/telemetry", "/xet/v1/telemetry", "200 200 200 200", "x"),
        new("POST /v1/telemetry", "/v1/telemetry", "200 200 200 200", "x"),
        new("* /xet/{**rest}", "/xet/nonsense", "404 404 404 404"),

        new("POST /api/repos/create", "/api/repos/create", Unchangeable, """{"name":"x","organization":"alice"}"""),
        new("DELETE /api/repos/delete", "/api/repos/delete", HiddenFromChange, """{"name":"secret","organization":"alice"}"""),
        new("DELETE /api/repos/delete", "/api/repos/delete", Unchangeable, """{"name":"open","organization":"alice"}"""),
        new("POST /api/repos/move", "/api/repos/move", HiddenFromChange, """{"fromRepo":"alice/secret","toRepo":"alice/x"}"""),
        new("POST /api/repos/move", "/api/repos/move", Unchangeable, """{"fromRepo":"alice/open","toRepo":"alice/x"}"""),

        new("GET /api/models", "/api/models", Open),
        new("GET /api/datasets", "/api/datasets", Open),
        new("GET /api/spaces", "/api/spaces", Open),
        new("GET /api/quicksearch", "/api/quicksearch?q=a", Open),
        new("GET /api/models-tags-by-type", "/api/models-tags-by-type", Open),
        new("GET /api/datasets-tags-by-type", "/api/datasets-tags-by-type", Open),
        new("POST /api/validate-yaml", "/api/validate-yaml", Open, """{"content":"x"}"""),
        new("GET /api/users/{user}/likes", "/api/users/alice/likes", Open),
        new("GET /api/settings/repositories", "/api/settings/repositories", "401 200 200 401"),
        new("GET /api/organizations/{organization}/settings/repositories", "/api/organizations/acme/settings/repositories", "401 403 200 401"),
        new("GET /api/v1/storage/{name}", "/api/v1/storage/alice", "401 404 200 401"),
        new("PUT /api/v1/storage/{name}", "/api/v1/storage/alice", "401 403 403 401", """{"limit":1}"""),
        new("DELETE /api/v1/storage/{name}", "/api/v1/storage/alice", "401 403 403 401"),
        new("GET /api/v1/storage/{name}/{type}/{repository}", "/api/v1/storage/alice/models/open", "401 404 200 401"),
        new("GET /api/v1/storage", "/api/v1/storage", "401 403 403 401"),
        new("GET /api/v1/takedowns", "/api/v1/takedowns", "401 403 403 401"),
        new("POST /api/v1/takedowns", "/api/v1/takedowns", "401 403 403 401", """{"repo":"alice/open","reason":"x"}"""),
        new("DELETE /api/v1/takedowns/{type}/{namespace}/{repository}", "/api/v1/takedowns/models/alice/open", "401 403 403 401"),
        new("GET /api/v1/sweeps", "/api/v1/sweeps", "401 403 403 401"),
        new("POST /api/v1/sweeps", "/api/v1/sweeps", "401 403 403 401", """{"isDryRun":true}"""),
        new("POST /api/v1/notifications/unsubscribe/{token}", "/api/v1/notifications/unsubscribe/x", "404 404 404 401"),
        new("GET /api/v1/notifications/unsubscribe/{token}", "/api/v1/notifications/unsubscribe/x", "302 302 302 401"),
        new("GET /api/collections", "/api/collections", Open),
        new("POST /api/collections", "/api/collections", Unchangeable, """{"title":"x","namespace":"alice"}"""),
        new("GET /api/collections/{owner}/{slug}", "/api/collections/alice/x-0", "404 404 404 401"),
        new("PATCH /api/collections/{owner}/{slug}", "/api/collections/alice/x-0", "404 404 404 401", "{}"),
        new("DELETE /api/collections/{owner}/{slug}", "/api/collections/alice/x-0", "404 404 404 401"),
        new("POST /api/collections/{owner}/{slug}/upvote", "/api/collections/alice/x-0/upvote", "404 404 404 401"),
        new("DELETE /api/collections/{owner}/{slug}/upvote", "/api/collections/alice/x-0/upvote", "404 404 404 401"),
        new("POST /api/collections/{owner}/{slug}/items", "/api/collections/alice/x-0/items", "404 404 404 401", "{}"),
        new("POST /api/collections/{owner}/{slug}/items/batch", "/api/collections/alice/x-0/items/batch", "404 404 404 401", "[]"),
        new("PATCH /api/collections/{owner}/{slug}/items/{item}", "/api/collections/alice/x-0/items/0", "404 404 404 401", "{}"),
        new("DELETE /api/collections/{owner}/{slug}/items/{item}", "/api/collections/alice/x-0/items/0", "404 404 404 401"),
        new("GET /api/v1/leaderboards", "/api/v1/leaderboards", Open),
        new("POST /api/v1/leaderboards", "/api/v1/leaderboards", Unchangeable, """{"owner":"alice","title":"x","dataset":"alice/x","metric":"x"}"""),
        new("GET /api/v1/leaderboards/{id}", "/api/v1/leaderboards/0", NoSuchPlace),
        new("PATCH /api/v1/leaderboards/{id}", "/api/v1/leaderboards/0", NoSuchPlace, "{}"),
        new("DELETE /api/v1/leaderboards/{id}", "/api/v1/leaderboards/0", NoSuchPlace),
        new("GET /api/v1/leaderboards/{id}/submissions", "/api/v1/leaderboards/0/submissions", NoSuchPlace),
        new("POST /api/v1/leaderboards/{id}/submissions", "/api/v1/leaderboards/0/submissions", NoSuchPlace, "{}"),
        new("DELETE /api/v1/leaderboards/{id}/submissions/{submission}", "/api/v1/leaderboards/0/submissions/0", NoSuchPlace),
        new("PUT /api/v1/leaderboards/{id}/submissions/{submission}/verification", "/api/v1/leaderboards/0/submissions/0/verification", NoSuchPlace),
        new("DELETE /api/v1/leaderboards/{id}/submissions/{submission}/verification", "/api/v1/leaderboards/0/submissions/0/verification", NoSuchPlace),
        new("GET /api/v1/gates/collections/{owner}/{slug}", "/api/v1/gates/collections/alice/x-0", NoSuchPlace),
        new("PUT /api/v1/gates/collections/{owner}/{slug}", "/api/v1/gates/collections/alice/x-0", NoSuchPlace, "{}"),
        new("POST /collections/{owner}/{slug}/ask-access", "/collections/alice/x-0/ask-access", NoSuchPlace, "{}"),
        new("GET /api/settings/webhooks", "/api/settings/webhooks", "401 200 200 401"),
        new("POST /api/settings/webhooks", "/api/settings/webhooks", "401 200 403 401", """{"url":"https://example.com/x","watched":[{"type":"user","name":"x"}]}"""),
        new("GET /api/settings/webhooks/{id}", "/api/settings/webhooks/0", Nothing),
        new("POST /api/settings/webhooks/{id}", "/api/settings/webhooks/0", HiddenFromChange, """{"url":"https://example.com/x"}"""),
        new("DELETE /api/settings/webhooks/{id}", "/api/settings/webhooks/0", HiddenFromChange),
        new("POST /api/settings/webhooks/{id}/enable", "/api/settings/webhooks/0/enable", HiddenFromChange),
        new("POST /api/settings/webhooks/{id}/disable", "/api/settings/webhooks/0/disable", HiddenFromChange),
        new("GET /api/settings/webhooks/{id}/deliveries", "/api/settings/webhooks/0/deliveries", Nothing),
        new("POST /api/settings/webhooks/{id}/replay/{delivery}", "/api/settings/webhooks/0/replay/0", HiddenFromChange),
        new("* /api/{type}/{name}", "/api/models/gpt2", Nothing),
        new("* /{name}/resolve/{**rest}", "/gpt2/resolve/main/x", Nothing),
        new("* /{name}/raw/{**rest}", "/gpt2/raw/main/x", Nothing),
        new("* /{type}/{name}/resolve/{**rest}", "/datasets/squad/resolve/main/x", Nothing),
        new("* /{type}/{name}/raw/{**rest}", "/datasets/squad/raw/main/x", Nothing),

        // What a Xet token reads; and links to chunks, which carry their own authority.
        new("GET /xet/v2/reconstructions/{hash}", "/xet/v2/reconstructions/0", "401 401 401 401"),
        new("GET /xet/v1/reconstructions/{hash}", "/xet/v1/reconstructions/0", "401 401 401 401"),
        new("GET /xet/reconstructions/{hash}", "/xet/reconstructions/0", "401 401 401 401"),
        new("GET /xet/reconstruction/{hash}", "/xet/reconstruction/0", "401 401 401 401"),
        new("GET /xet/v1/reconstructions", "/xet/v1/reconstructions", "401 401 401 401"),
        new("GET /xet/reconstructions", "/xet/reconstructions", "401 401 401 401"),
        new("POST /xet/v1/reconstructions", "/xet/v1/reconstructions", "401 401 401 401", "[]"),
        new("POST /xet/reconstructions", "/xet/reconstructions", "401 401 401 401", "[]"),
        new("HEAD /xet/v1/files/{hash}", "/xet/v1/files/0", "401 401 401 401"),
        new("GET HEAD /xet/data/{xorb}", "/xet/data/0?start=0&end=0&expires=1&signature=x", "403 403 403 403"),
    ];

    public static IEnumerable<TheoryDataRow<string, string, string?>> RowsOfOpen => Table.Where(r => r.Route.Contains("{owner}", StringComparison.Ordinal) && r.Request.Contains("alice/open", StringComparison.Ordinal))
        .Where(r => !r.Request.StartsWith("/datasets/", StringComparison.Ordinal)).Select(r => new TheoryDataRow<string, string, string?>(r.Route, r.Request, r.Body));

    public static IEnumerable<TheoryDataRow<string, string, string, string?>> Rows => Table.Select(r => new TheoryDataRow<string, string, string, string?>(r.Route, r.Request, r.Statuses, r.Body));

    [Fact]
    public void Every_route_says_whom_it_answers_how()
    {
        var routes = fixture.World.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<MethodInfo>()?.DeclaringType?.Assembly == typeof(Lodestone.Hub.HubModule).Assembly)
            .Select(NameOf).ToHashSet(StringComparer.Ordinal);

        var stated = Table.Select(r => r.Route).ToHashSet(StringComparer.Ordinal);

        Assert.Equal("", string.Join('\n', routes.Except(stated, StringComparer.Ordinal).Order(StringComparer.Ordinal)));
        Assert.Equal("", string.Join('\n', stated.Except(routes, StringComparer.Ordinal).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_route_answers_nobody_a_stranger_a_reader_and_a_revoked_token_with(string route, string request, string statuses, string? body)
    {
        var answers = new List<int>();
        foreach (var caller in fixture.Callers)
        {
            using var message = Message(route, request, body);
            using var answer = await caller.SendAsync(message);
            answers.Add((int)answer.StatusCode);
        }

        Assert.Equal(statuses, string.Join(' ', answers));
    }

    [Theory]
    [MemberData(nameof(RowsOfOpen))]
    public async Task A_route_leads_another_spelling_to_the_right_one(string route, string request, string? body)
    {
        using var message = Message(route, request.Replace("alice/open", "Alice/OPEN", StringComparison.Ordinal), body);

        using var answer = await fixture.World.As(fixture.World.Alice).SendAsync(message);

        Assert.Equal(307, (int)answer.StatusCode);
        Assert.Equal(request, answer.Headers.NonValidated["Location"].ToString());
    }

    private static HttpRequestMessage Message(string route, string request, string? body) => new(new HttpMethod(route.Split(' ')[0] is "*" ? "GET" : route.Split(' ')[0]), request)
    {
        Content = body is null ? null : new StringContent(body, Encoding.UTF8, MediaTypeOf(route)),
    };

    private static string NameOf(RouteEndpoint endpoint)
    {
        var methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods;
        var pattern = Constraint().Replace(endpoint.RoutePattern.RawText!, "{${name}}"); // routes of ours are written as text
        return $"{(methods is { Count: > 0 } ? string.Join(' ', methods) : "*")} /{pattern.Trim('/')}";
    }

    private static string MediaTypeOf(string route) => route.Contains("/commit/", StringComparison.Ordinal) ? "application/x-ndjson" : "application/json";

    /// <summary>A route of every repository's own, asked of the hidden one and of the public one.</summary>
    private static Row[] Api(string methods, string route, string rest, string hidden, string open, string? body = null) =>
    [
        new($"{methods} /api/{{type}}/{{owner}}/{{name}}{route}", $"/api/models/alice/secret{rest}", hidden, body),
        new($"{methods} /api/{{type}}/{{owner}}/{{name}}{route}", $"/api/models/alice/open{rest}", open, body),
    ];

    private static Row[] Gates(string methods, string route, string hidden, string open, string? body = null) =>
    [
        new($"{methods} /api/v1/gates/{{type}}/{{owner}}/{{name}}{route}", $"/api/v1/gates/models/alice/secret{route.Replace("{organization}", "acme", StringComparison.Ordinal)}", hidden, body),
        new($"{methods} /api/v1/gates/{{type}}/{{owner}}/{{name}}{route}", $"/api/v1/gates/models/alice/open{route.Replace("{organization}", "acme", StringComparison.Ordinal)}", open, body),
    ];

    /// <summary>Likewise, outside of the API: with and without a type before the owner.</summary>
    private static Row[] Files(string methods, string route, string rest, string hidden, string open, string? body = null) =>
    [
        new($"{methods} /{{owner}}/{{name}}{route}", $"/alice/secret{rest}", hidden, body),
        new($"{methods} /{{owner}}/{{name}}{route}", $"/alice/open{rest}", open, body),
        new($"{methods} /{{type}}/{{owner}}/{{name}}{route}", $"/datasets/alice/open{rest}", hidden.Replace("200", "404", StringComparison.Ordinal).Replace("401 404 403", "401 404 404", StringComparison.Ordinal).Replace("401 404 400", "401 404 404", StringComparison.Ordinal), body),
    ];

    [GeneratedRegex(@"\{(?<name>[^:{}]+):[^{}]*\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Constraint();

    /// <param name="Route">Methods and pattern, as routing has them.</param>
    /// <param name="Request">Path and query of an example.</param>
    /// <param name="Statuses">One for each caller.</param>
    private sealed record Row(string Route, string Request, string Statuses, string? Body = null);
}
