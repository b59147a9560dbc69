using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>A public and a private repository of Alice's and a branch with a slash, which the rows of the tables look at.</summary>
public sealed class HubRoutesWorld : IAsyncLifetime
{
    public World World { get; private set; } = null!; // set before any test runs

    public string Commit { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var alice = World.As(World.Alice);
        await alice.CreateRepoAsync("alice/open");
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        await alice.CreateRepoAsync("acme/inner", isPrivate: true);
        Commit = await alice.CommitAsync("alice/open", ("folder/a b.txt", "hello"), ("page.html", "<script>alert(1)</script>"));
        (await alice.PostAsync("/api/models/alice/open/branch/feature%2Fx", null)).EnsureSuccessStatusCode().Dispose();
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();
}

public sealed class HubRoutesTests(HubRoutesWorld fixture) : IClassFixture<HubRoutesWorld>
{
    private const string NotFound = "Repository not found";

    [Theory]
    [InlineData("nobody", "/api/models/alice/nothing", 401, "RepoNotFound", NotFound)]
    [InlineData("nobody", "/api/models/alice/secret", 401, "RepoNotFound", NotFound)]
    [InlineData("bob", "/api/models/alice/nothing", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/api/models/alice/secret", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/api/models/alice/secret/tree/nope", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/alice/secret/resolve/main/.gitattributes", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/api/models/acme/inner", 200, null, "\"acme/inner\"")]
    [InlineData("alice", "/api/models/alice/secret", 200, null, "\"private\":true")]
    [InlineData("alice", "/api/datasets/alice/open", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/api/models/gpt2", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/api/models/gpt2/revision/main", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/api/models/gpt2/tree/main", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/api/models/gpt2/refs", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/gpt2/resolve/main/config.json", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/gpt2/raw/main/config.json", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/datasets/squad/resolve/main/README.md", 404, "RepoNotFound", NotFound)]
    [InlineData("bob", "/api/models/alice/open/nonsense", 404, null, "There is nothing at")]
    [InlineData("bob", "/api/models/alice/open/revision/nope", 404, "RevisionNotFound", "Invalid rev id: nope")]
    [InlineData("bob", "/api/models/alice/open/revision/refs%2Fpr%2F9", 404, "RevisionNotFound", "Invalid rev id: refs/pr/9")]
    [InlineData("bob", "/api/models/alice/open/tree/refs/pr/9/folder", 404, "RevisionNotFound", "Invalid rev id: refs/pr/9")]
    [InlineData("bob", "/alice/open/resolve/nope/folder/x", 404, "RevisionNotFound", "Invalid rev id: nope")]
    [InlineData("bob", "/alice/open/resolve/main/nope", 404, "EntryNotFound", "Entry not found")]
    [InlineData("bob", "/alice/open/resolve/main/folder", 404, "EntryNotFound", "Entry not found")]
    [InlineData("bob", "/alice/open/raw/main/folder/x", 404, "EntryNotFound", "Entry not found")]
    [InlineData("bob", "/api/models/alice/open/tree/main/nope", 404, "EntryNotFound", "Entry not found")]
    [InlineData("bob", "/api/models/alice/open/tree/main?limit=-1", 400, null, "\\u0022limit\\u0022 must be a whole number")]
    [InlineData("bob", "/api/models/alice/open?expand=nope", 400, null, "\\u0022expand\\u0022 must be one of [author, baseModels")]
    [InlineData("bob", "/api/models/alice/open?expand=sha&blobs=true", 400, null, "cannot be combined")]
    [InlineData("bob", "/api/models?sort=size", 400, null, "\\u0022sort\\u0022 cannot be size")]
    [InlineData("bob", "/api/models?search=%00&author=%00&filter=%00", 200, null, "[")]
    [InlineData("bob", "/api/models?cursor=!", 400, null, "The cursor is not valid")]
    [InlineData("bob", "/api/models/alice/open/auth-check", 200, null, "")]
    [InlineData("bob", "/api/models/alice/open/auth-check/write", 403, null, "You may read this repository but not change it")]
    [InlineData("nobody", "/api/models/alice/open/auth-check/write", 401, null, "Invalid username or password.")]
    public async Task A_get_is_answered_with(string who, string url, int status, string? code, string fragment)
    {
        using var answer = await Client(who).GetAsync(url);

        var body = await answer.Content.ReadAsStringAsync();
        Assert.Equal((status, code), ((int)answer.StatusCode, Header(answer, "X-Error-Code")));
        Assert.Contains(fragment, body, StringComparison.Ordinal);
        Assert.Equal(status >= 400, answer.Headers.Contains("X-Error-Message"));
    }

    /// <summary>Else routing keeps all that is below an owner once more for each word that an address may begin with: tens of thousands of states.</summary>
    [Fact]
    public void What_an_address_begins_with_is_a_word_of_ours_or_limited_to_what_is_not()
    {
        var patterns = fixture.World.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Select(e => e.RoutePattern);

        Assert.Empty(patterns.Where(p => p.PathSegments is [{ Parts: [RoutePatternParameterPart { ParameterPolicies.Count: 0 }] }, ..]).Select(p => p.RawText));
    }

    [Theory]
    [InlineData("/api/models/alice/open/tree/main/folder")]
    [InlineData("/api/models/alice/open/tree/feature%2Fx/folder")]
    [InlineData("/api/models/alice/open/tree/feature/x/folder")]
    [InlineData("/api/models/alice/open/tree/refs%2Fheads%2Fmain/folder")]
    [InlineData("/api/models/alice/open/tree/refs/heads/feature/x/folder")]
    [InlineData("/api/models/alice/open/tree/HEAD/folder/")]
    [InlineData("/api/models/alice/open/tree/COMMIT/folder")]
    [InlineData("/api/models/alice/open/tree/SHORT/folder")]
    public async Task A_revision_may_be_written_as(string url)
    {
        var commit = fixture.Commit;

        using var answer = await Client("nobody").GetAsync(url.Replace("COMMIT", commit, StringComparison.Ordinal).Replace("SHORT", commit[..7], StringComparison.Ordinal));

        Assert.Equal(commit, Header(answer, "X-Repo-Commit"));
        Assert.Contains("\"path\":\"folder/a b.txt\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/models/Alice/OPEN", "/api/models/alice/open")]
    [InlineData("/api/models/alice/Open/tree/feature%2Fx?recursive=true", "/api/models/alice/open/tree/feature%2Fx?recursive=true")]
    [InlineData("/Alice/open/resolve/main/folder/a%20b.txt?download=true", "/alice/open/resolve/main/folder/a%20b.txt?download=true")]
    [InlineData("/alice/Open.git/info/refs?service=git-upload-pack", "/alice/open.git/info/refs?service=git-upload-pack")]
    public async Task Another_spelling_leads_to_the_right_one(string url, string location)
    {
        using var answer = await Client("nobody").GetAsync(url);

        Assert.Equal(307, (int)answer.StatusCode);
        Assert.Equal(location, Header(answer, "Location"));
    }

    [Theory]
    [InlineData("resolve/main/folder/a%20b.txt", "inline; filename*=UTF-8''a%20b.txt; filename=\"a b.txt\";")]
    [InlineData("resolve/main/folder/a%20b.txt?download=true", "attachment; filename*=UTF-8''a%20b.txt; filename=\"a b.txt\";")]
    [InlineData("resolve/main/folder/a%20b.txt?noContentDisposition=1", null)]
    public async Task A_head_has_everything_but_the_body(string rest, string? disposition)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, $"/alice/open/{rest}");

        using var answer = await Client("nobody").SendAsync(request);

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(5, answer.Content.Headers.ContentLength);
        Assert.Equal(fixture.Commit, Header(answer, "X-Repo-Commit"));
        Assert.Equal("\"b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0\"", Header(answer, "ETag"));
        Assert.Equal(disposition, answer.Content.Headers.NonValidated.TryGetValues("Content-Disposition", out var values) ? values.ToString() : null);
    }

    [Theory]
    [InlineData("resolve")]
    [InlineData("raw")]
    public async Task A_page_among_the_files_is_text_and_may_do_nothing(string verb)
    {
        using var answer = await Client("nobody").GetAsync($"/alice/open/{verb}/main/page.html");

        Assert.Equal("text/plain; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("nosniff", Header(answer, "X-Content-Type-Options"));
        Assert.Equal("default-src 'none'; sandbox", Header(answer, "Content-Security-Policy"));
    }

    [Fact]
    public async Task Paths_are_looked_up_many_at_a_time_and_missing_ones_left_out()
    {
        var paths = Enumerable.Range(0, 1990).Select(i => $"nope/{i}").Concat(["folder/", "folder/a b.txt", "folder/a b.txt/x"]).Select(p => KeyValuePair.Create("paths", p));
        using var form = new FormUrlEncodedContent(paths.Append(KeyValuePair.Create("expand", "True")));
        using var json = new StringContent("""{"paths":"page.html"}""", null, "application/json");

        var byForm = await (await Client("nobody").PostAsync("/api/models/alice/open/paths-info/main", form)).OkAsync();
        var byJson = await (await Client("nobody").PostAsync("/api/models/alice/open/paths-info/feature%2Fx", json)).OkAsync();

        Assert.Equal(["directory folder Change files", "file folder/a b.txt Change files"], byForm.AsArray().Select(e => $"{e!["type"]} {e["path"]} {e["lastCommit"]!["title"]}"));
        Assert.Equal("page.html", byJson.AsArray().Single()!["path"]!.GetValue<string>());
        Assert.Null(byJson[0]!["lastCommit"]);
    }

    [Theory]
    [InlineData("application/json", "{}")]
    [InlineData("application/json", "[")]
    [InlineData("application/json", """{"paths":[1]}""")]
    [InlineData("text/plain", "paths=a")]
    public async Task Paths_that_cannot_be_read_are_refused(string mediaType, string body)
    {
        using var content = new StringContent(body, null, mediaType);

        using var answer = await Client("nobody").PostAsync("/api/models/alice/open/paths-info/main", content);

        Assert.Equal(400, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_missing_file_still_tells_the_commit()
    {
        using var answer = await Client("nobody").GetAsync("/alice/open/resolve/main/nope");

        Assert.Equal(fixture.Commit, Header(answer, "X-Repo-Commit"));
    }

    private HttpClient Client(string who) => who switch
    {
        "alice" => fixture.World.As(fixture.World.Alice),
        "bob" => fixture.World.As(fixture.World.Bob),
        _ => fixture.World.AsNobody(),
    };

    private static string? Header(HttpResponseMessage answer, string name) => answer.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;
}
