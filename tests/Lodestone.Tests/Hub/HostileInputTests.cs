using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Lodestone.Tests.Hub;

/// <summary>A repository that nobody manages to change.</summary>
public sealed class HostileInputWorld : IAsyncLifetime
{
    public World World { get; private set; } = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var alice = World.As(World.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("a.txt", "a"), ("folder/b.txt", "b"));
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    /// <summary>All that a refused call might have changed: repositories, references, and every file that the server keeps.</summary>
    public async Task<string> StateAsync()
    {
        var alice = World.As(World.Alice);
        var (listed, refs) = (await alice.GetStringAsync("/api/models?expand=sha&expand=private"), await alice.GetStringAsync("/api/models/alice/compass/refs?include_prs=1"));
        var files = Directory.EnumerateFiles(World.Server.DataDirectory, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(World.Server.DataDirectory, f)).Where(f => !f.Contains(".db", StringComparison.Ordinal));
        return string.Join('\n', [listed, refs, .. files.Order(StringComparer.Ordinal)]);
    }
}

public sealed class HostileInputTests(HostileInputWorld fixture) : IClassFixture<HostileInputWorld>
{
    private static readonly string Header = HubCalls.Line("header", new { summary = "Attack" });
    private static readonly string Long = new('x', 300);

    private HttpClient Alice => fixture.World.As(fixture.World.Alice);

    public static TheoryData<string> Paths =>
    [
        "", ".", "..", "/", "/etc/passwd", "../x", "a/../../x", "a/..", "./a", "a//b", ".git", ".git/config", "a/.GIT/hooks/x", ".git /x", ".git./x", "GIT~1/x", ".g\u200cit/x",
        "a\\b", "..\\x", "C:\\x", "a\nb", "a\rb", "a\tb", "a\0b", "a\u007fb", "a\u0085b", "\u202egpj.exe", "a\u2066b", "a/\u200fb", "\u061c", "\ufeff.git/x", string.Join('/', Enumerable.Repeat("deep", 201)), new string('x', 1001), new string('ø', 128),
    ];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task No_way_leads_to_a_hostile_path(string path)
    {
        var before = await fixture.StateAsync();
        var oid = new string('0', 64);

        int[] statuses =
        [
            await CommitAsync(HubCalls.Line("file", new { path, content = "x" })),
            await CommitAsync(HubCalls.Line("lfsFile", new { path, algo = "sha256", oid, size = 1 })),
            await CommitAsync(HubCalls.Line("deletedEntry", new { path = path + "/x" })),
            await CommitAsync(HubCalls.Line("copyFile", new { path, srcPath = "a.txt" })),
            await CommitAsync(HubCalls.Line("copyFile", new { path = "copy.txt", srcPath = path })),
            await CommitAsync(HubCalls.Line("file", new { path = "new.txt", content = "x", oldPath = path })),
            await PostAsync("/api/models/alice/compass/commit/main", new { summary = "x", files = new[] { new { path, content = "x" } } }),
            await PostAsync("/api/models/alice/compass/preupload/main", new { files = new[] { new { path, size = 1, sample = "eA==" } } }),
            await PostAsync("/api/repos/create", new { name = "trap", files = new[] { new { path, content = "x" } } }),
        ];

        Assert.All(statuses, status => Assert.Equal(422, status));
        Assert.Equal(before, await fixture.StateAsync());
    }

    [Theory]
    [InlineData("""{"key":"file","value":{"path":"twice.txt","content":"1"}}""", """{"key":"file","value":{"path":"twice.txt","content":"2"}}""", 422)]
    [InlineData("""{"key":"file","value":{"path":"x","content":"1"}}""", """{"key":"copyFile","value":{"path":"x","srcPath":"a.txt"}}""", 422)]
    [InlineData("""{"key":"file","value":{"path":"x","content":"1"}}""", """{"key":"file","value":{"path":"x/y","content":"2"}}""", 422)]
    [InlineData("""{"key":"file","value":{"path":"x/y","content":"1"}}""", """{"key":"file","value":{"path":"x","content":"2"}}""", 422)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", """{"key":"deletedFile","value":{"path":"nope"}}""", 404)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", """{"key":"file","value":{"path":"b","content":"YQ=","encoding":"base64"}}""", 400)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", """{"key":"file","value":{"path":"b","content":7}}""", 400)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", """{"key":"copyFile","value":{"path":"b","srcPath":"a.txt","srcRevision":"nope"}}""", 404)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", """{"key":"copyFile","value":{"path":"folder","srcPath":"a.txt"}}""", 422)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", """{"key":"lfsFile","value":{"path":"b","oid":"0000000000000000000000000000000000000000000000000000000000000000","size":1}}""", 400)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", """{"key":"header","value":{"parentCommit":"12345"}}""", 404)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", "{} {}", 400)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", "null", 400)]
    [InlineData("""{"key":"file","value":{"path":"ok.txt","content":"1"}}""", "\u0001", 400)]
    public async Task A_commit_with_one_bad_line_is_refused_whole(string good, string bad, int status)
    {
        var before = await fixture.StateAsync();

        Assert.Equal(status, await CommitAsync(good, bad));
        Assert.Equal(before, await fixture.StateAsync());
    }

    [Fact]
    public async Task A_message_is_bounded_and_has_no_end_within()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var file = HubCalls.FileLine("a.txt", "a"u8.ToArray());

        using var tooLong = await alice.PostCommitAsync("/api/models/alice/compass/commit/main", HubCalls.Line("header", new { summary = new string('x', 100_001) }), file);
        using var withNul = await alice.PostCommitAsync("/api/models/alice/compass/commit/main?create_pr=1", HubCalls.Line("header", new { summary = "be\0fore", description = "\0" }), file);
        using var tag = await alice.PostAsJsonAsync("/api/models/alice/compass/tag/main", new { tag = "v1", message = "one\0two" });

        Assert.Equal([400, 200, 200], new[] { tooLong, withNul, tag }.Select(a => (int)a.StatusCode));
        Assert.Equal("before", (await alice.JsonAsync("/api/models/alice/compass/commits/refs%2Fpr%2F1"))[0]!["title"]!.GetValue<string>());
        var folder = Directory.EnumerateDirectories(Path.Combine(world.Server.DataDirectory, "repositories"), "*.git", SearchOption.AllDirectories).Single();
        Assert.Equal("", await ClientProcess.RunAsync("git", ["fsck", "--full", "--strict", "--no-progress"], folder));
    }

    [Fact]
    public async Task A_path_may_come_again_after_it_was_deleted()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        await alice.CommitAsync("alice/compass", [HubCalls.FileLine("f/a", "1"u8.ToArray()), HubCalls.Line("deletedFolder", new { path = "f" }), HubCalls.FileLine("f/a", "2"u8.ToArray())]);

        Assert.Equal("2", await alice.GetStringAsync("/alice/compass/resolve/main/f/a"));
    }

    [Theory]
    [InlineData("POST", "/api/repos/create")]
    [InlineData("DELETE", "/api/repos/delete")]
    [InlineData("POST", "/api/repos/move")]
    [InlineData("PUT", "/api/models/alice/compass/settings")]
    [InlineData("POST", "/api/models/alice/compass/duplicate")]
    [InlineData("POST", "/api/models/alice/compass/branch/x")]
    [InlineData("POST", "/api/models/alice/compass/tag/main")]
    [InlineData("POST", "/api/models/alice/compass/preupload/main")]
    [InlineData("POST", "/api/models/alice/compass/commit/main")]
    [InlineData("POST", "/api/models/alice/compass/paths-info/main")]
    [InlineData("POST", "/api/validate-yaml")]
    [InlineData("POST", "/alice/compass.git/info/lfs/objects/batch")]
    [InlineData("POST", "/alice/compass.git/info/lfs/objects/verify")]
    public async Task A_body_that_is_not_what_the_route_reads_is_refused(string method, string url)
    {
        var before = await fixture.StateAsync();
        string[] bodies = ["{", "[]", "7", "\"text\"", """{"name":7,"fromRepo":[],"private":"x","visibility":1,"repository":{},"startingPoint":[],"tag":7,"files":7,"paths":{},"content":[],"oid":[],"operation":1}""", "\ud83d", "{\"name\":\"\\ud800\",\"startingPoint\":\"\\ud800\"}"];

        foreach (var body in bodies)
        {
            using var message = new HttpRequestMessage(new HttpMethod(method), url) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using var answer = await Alice.SendAsync(message);
            Assert.True((int)answer.StatusCode is 400 or 404 or 415 or 422 || (body[0] == '{' && body.Length > 1), $"{body}: {(int)answer.StatusCode}");
            Assert.True((int)answer.StatusCode < 500, $"{body}: {(int)answer.StatusCode}");
        }

        Assert.Equal(before, await fixture.StateAsync());
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData("a b")]
    [InlineData("-x")]
    [InlineData("HEAD")]
    [InlineData("x.lock")]
    [InlineData("x/.y")]
    [InlineData("x//y")]
    [InlineData("x~1")]
    [InlineData("x^")]
    [InlineData("x:y")]
    [InlineData("x@{1}")]
    [InlineData("a\\b")]
    [InlineData("a\u0001b")]
    [InlineData("a\u007fb")]
    public async Task No_reference_has_a_name_that_git_refuses(string name)
    {
        var before = await fixture.StateAsync();

        int[] statuses =
        [
            await PostAsync($"/api/models/alice/compass/branch/{Uri.EscapeDataString(name)}", new { }),
            await PostAsync("/api/models/alice/compass/tag/main", new { tag = name }),
            await PostAsync($"/api/models/alice/compass/branch/{Long}", new { }),
        ];

        Assert.All(statuses, status => Assert.Equal(400, status));
        Assert.Equal(before, await fixture.StateAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b/c")]
    [InlineData("../x")]
    [InlineData(".x")]
    [InlineData("x-")]
    [InlineData("x y")]
    [InlineData("résumé")]
    [InlineData("x\0")]
    [InlineData("x\u202ey")]
    [InlineData("x--y")]
    [InlineData("x..y")]
    [InlineData("X.GIT")]
    [InlineData("resolve")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    public async Task No_repository_has_a_hostile_name(string name)
    {
        var before = await fixture.StateAsync();

        int[] statuses =
        [
            await PostAsync("/api/repos/create", new { name, organization = "alice" }),
            await PostAsync("/api/repos/move", new { fromRepo = "alice/compass", toRepo = "alice/" + name }),
            await PostAsync("/api/models/alice/compass/duplicate", new { repository = "alice/" + name }),
        ];

        Assert.All(statuses, status => Assert.Contains(status, (int[])[400, 403]));
        Assert.Equal(before, await fixture.StateAsync());
    }

    [Fact]
    public async Task Bodies_beyond_their_limits_are_refused()
    {
        var before = await fixture.StateAsync();
        using var json = new StringContent("{\"name\":\"" + new string('x', 17 * 1024 * 1024) + "\"}", Encoding.UTF8, "application/json");
        var line = HubCalls.Line("file", new { path = "x", content = new string('x', (10 * 1024 * 1024) + 1) });

        using var message = new HttpRequestMessage(HttpMethod.Post, "/api/repos/create") { Content = json };
        message.Headers.ExpectContinue = true; // else the answer may come while the client still writes
        using var whole = await Alice.SendAsync(message);

        Assert.Equal(413, (int)whole.StatusCode);
        Assert.Equal(413, await CommitAsync(line));
        Assert.Equal(before, await fixture.StateAsync());
    }

    [Theory]
    [InlineData("/api/models/alice/compass/commit/main", "application/x-ndjson")]
    [InlineData("/api/models/alice/compass/commit/main", "application/json")]
    [InlineData("/api/repos/create", "application/json")]
    [InlineData("/api/models/alice/compass/duplicate", "application/json")]
    public async Task A_client_that_leaves_amid_its_body_leaves_nothing_behind(string url, string mediaType)
    {
        var before = await fixture.StateAsync();
        var sent = $"{Header}\n{HubCalls.FileLine("half.txt", new byte[100_000])}\n";
        var server = fixture.World.Server.Url;

        using (var connection = new TcpClient(server.Host, server.Port))
        {
            var head = $"POST {url} HTTP/1.1\r\nHost: {server.Authority}\r\nAuthorization: Bearer {fixture.World.Alice.Token}\r\nContent-Type: {mediaType}\r\nContent-Length: {sent.Length + 10}\r\n\r\n";
            await connection.GetStream().WriteAsync(Encoding.UTF8.GetBytes(head + sent));
        }

        await Eventually.TrueAsync(async () => await fixture.StateAsync() == before);
    }

    private async Task<int> CommitAsync(params string[] lines)
    {
        using var answer = await Alice.PostCommitAsync("/api/models/alice/compass/commit/main", [Header, .. lines]);
        return (int)answer.StatusCode;
    }

    private async Task<int> PostAsync(string url, object body)
    {
        using var content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var answer = await Alice.PostAsync(url, content);
        return (int)answer.StatusCode;
    }
}
