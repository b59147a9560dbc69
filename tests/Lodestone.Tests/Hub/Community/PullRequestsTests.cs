using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub.Community;

public sealed class PullRequestsTests
{
    private static readonly string Header = HubCalls.Line("header", new { summary = "Propose", description = "Because" });
    private static readonly string File = HubCalls.FileLine("new.txt", "new"u8.ToArray());

    [Fact]
    public async Task A_proposal_lands_on_a_reference_of_its_own()
    {
        await using var world = await World.CreateAsync();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/compass");
        var head = await alice.CommitAsync("alice/compass", ("a.txt", "a"));

        var first = await ProposeAsync(carol, "alice/compass", "main");
        var second = await ProposeAsync(alice, "alice/compass", "refs%2Fheads%2Fmain");

        Assert.Equal($"{world.Server.Url}alice/compass/discussions/1", first["pullRequestUrl"]!.GetValue<string>());
        Assert.EndsWith("/discussions/2", second["pullRequestUrl"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("new", await alice.GetStringAsync("/alice/compass/resolve/refs%2Fpr%2F1/new.txt"));
        Assert.Equal(head, (await alice.JsonAsync("/api/models/alice/compass"))["sha"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.NotFound, (await alice.GetAsync("/alice/compass/resolve/main/new.txt")).StatusCode);
        var commits = (await alice.JsonAsync("/api/models/alice/compass/commits/refs%2Fpr%2F1")).AsArray();
        Assert.Equal(["Propose by carol", "Change files by alice", "initial commit by alice"], commits.Select(c => $"{c!["title"]} by {c["authors"]![0]!["user"]}"));
        var refs = await alice.JsonAsync("/api/models/alice/compass/refs?include_prs=1");
        Assert.Equal(["refs/pr/1", "refs/pr/2"], refs["pullRequests"]!.AsArray().Select(r => r!["name"]!.GetValue<string>()));
        Assert.Null((await alice.JsonAsync("/api/models/alice/compass/refs"))["pullRequests"]);
    }

    [Fact]
    public async Task Who_proposed_may_go_on_and_nobody_else_without_rights()
    {
        await using var world = await World.CreateAsync();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/compass");
        await ProposeAsync(carol, "alice/compass", "main");
        await ProposeAsync(alice, "alice/compass", "main");

        using var own = await carol.PostCommitAsync("/api/models/alice/compass/commit/refs%2Fpr%2F1", Header, HubCalls.FileLine("more.txt", "more"u8.ToArray()));
        using var others = await carol.PostCommitAsync("/api/models/alice/compass/commit/refs%2Fpr%2F2", Header, File);
        using var main = await carol.PostCommitAsync("/api/models/alice/compass/commit/main", Header, File);
        using var owner = await alice.PostCommitAsync("/api/models/alice/compass/commit/refs%2Fpr%2F1", Header, HubCalls.Line("deletedFile", new { path = "more.txt" }));

        Assert.Equal([200, 403, 403, 200], new[] { own, others, main, owner }.Select(a => (int)a.StatusCode));
        Assert.Equal("""["new.txt"]""", await NewFilesAsync(alice, "refs%2Fpr%2F1"));
    }

    [Theory]
    [InlineData("carol", "COMMIT", 404, "Invalid rev id: ")]
    [InlineData("carol", "nope", 404, "Invalid rev id: nope")]
    [InlineData("bob", "main", 403, "Use a token with write access")]
    [InlineData("nobody", "main", 401, "Invalid username or password.")]
    public async Task A_proposal_needs_a_branch_and_somebody_who_may_write(string who, string revision, int status, string message)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var head = await alice.CommitAsync("alice/compass", ("a.txt", "a"));
        var client = who switch { "carol" => world.As(world.Carol), "bob" => world.As(world.Bob), _ => world.AsNobody() };

        using var answer = await client.PostCommitAsync($"/api/models/alice/compass/commit/{revision.Replace("COMMIT", head, StringComparison.Ordinal)}?create_pr=1", Header, File);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(message, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty((await alice.JsonAsync("/api/models/alice/compass/refs?include_prs=1"))["pullRequests"]!.AsArray());
    }

    [Fact]
    public async Task Proposals_at_the_same_time_have_numbers_of_their_own()
    {
        await using var world = await World.CreateAsync();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/compass");

        var opened = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => ProposeAsync(i % 2 == 0 ? alice : carol, "alice/compass", "main")));

        var numbers = opened.Select(o => o["pullRequestUrl"]!.GetValue<string>().Split('/')[^1]).Order(StringComparer.Ordinal);
        Assert.Equal(["1", "2", "3", "4", "5", "6"], numbers);
    }

    [Fact]
    public async Task A_stranger_asks_how_to_send_the_files_of_a_proposal()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        var asked = new { files = new[] { new { path = "model.bin", size = 4, sample = "AAAA" } } };

        using var proposal = await world.As(world.Carol).PostAsJsonAsync("/api/models/alice/compass/preupload/main?create_pr=1", asked);
        using var change = await world.As(world.Carol).PostAsJsonAsync("/api/models/alice/compass/preupload/main", asked);

        Assert.Equal("lfs", (await proposal.OkAsync())["files"]![0]!["uploadMode"]!.GetValue<string>());
        Assert.Equal(403, (int)change.StatusCode);
    }

    [Fact]
    public async Task A_stranger_brings_a_large_file_with_a_proposal_and_in_no_other_way()
    {
        await using var world = await World.CreateAsync();
        var carol = world.As(world.Carol);
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        var weights = RandomNumberGenerator.GetBytes(3000);
        var oid = Convert.ToHexStringLower(SHA256.HashData(weights));
        object[] objects = [new { oid, size = weights.Length }];

        using var onBranch = await carol.PostAsJsonAsync("/alice/compass.git/info/lfs/objects/batch", new { operation = "upload", objects, @ref = new { name = "main" } });
        using var asked = await carol.PostAsJsonAsync("/alice/compass.git/info/lfs/objects/batch", new { operation = "upload", objects });
        var upload = (await asked.OkAsync())["objects"]![0]!["actions"]!["upload"]!["href"]!.GetValue<string>();
        using var sent = await world.AsNobody().PutAsync(new Uri(upload), new ByteArrayContent(weights));
        using var proposed = await carol.PostCommitAsync("/api/models/alice/compass/commit/main?create_pr=1", Header, HubCalls.Line("lfsFile", new { path = "a.bin", algo = "sha256", oid, size = weights.Length }));

        Assert.Equal([403, 200, 200], new[] { onBranch, sent, proposed }.Select(a => (int)a.StatusCode));
        Assert.Equal(weights, await world.AsNobody().GetByteArrayAsync("/alice/compass/resolve/refs%2Fpr%2F1/a.bin"));
    }

    private static async Task<JsonNode> ProposeAsync(HttpClient client, string id, string revision)
    {
        using var answer = await client.PostCommitAsync($"/api/models/{id}/commit/{revision}?create_pr=1", Header, File);
        return await answer.OkAsync();
    }

    private static async Task<string> NewFilesAsync(HttpClient client, string revision)
    {
        var files = (await client.JsonAsync($"/api/models/alice/compass/tree/{revision}")).AsArray().Select(f => f!["path"]!.GetValue<string>());
        return new JsonArray([.. files.Where(f => f != ".gitattributes").Select(f => JsonValue.Create(f))]).ToJsonString();
    }
}
