using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

public sealed class RepositoriesTests
{
    [Theory]
    [InlineData("alice", """{"name":"x","type":"model"}""", 200, "alice/x")]
    [InlineData("alice", """{"name":"alice/x"}""", 200, "alice/x")]
    [InlineData("alice", """{"name":"x","organization":"ACME","visibility":"private"}""", 200, "acme/x")]
    [InlineData("alice", """{"name":"x","organization":null,"private":null,"lfsmultipartthresh":1}""", 200, "alice/x")]
    [InlineData("alice", """{"name":"x","type":"dataset"}""", 200, "/datasets/alice/x")]
    [InlineData("alice", """{"name":"x","type":"space","sdk":"static"}""", 200, "/spaces/alice/x")]
    [InlineData("alice", """{"name":"x","type":"space"}""", 400, "must be one of [gradio, docker, static, streamlit]")]
    [InlineData("alice", """{"name":"x","type":"bucket"}""", 400, "must be one of [model, dataset, space]")]
    [InlineData("alice", """{"name":"x--y"}""", 400, "cannot be a repository name")]
    [InlineData("alice", """{"name":"..x"}""", 400, "cannot be a repository name")]
    [InlineData("alice", """{"name":"x.git"}""", 400, "cannot be a repository name")]
    [InlineData("alice", """{"name":""}""", 400, "cannot be a repository name")]
    [InlineData("alice", """{"name":"x","organization":"bob"}""", 403, "under the namespace")]
    [InlineData("alice", """{"name":"x","organization":"\u0000"}""", 403, "under the namespace")]
    [InlineData("alice", """{"name":"x","organization":"nobody-there"}""", 403, "under the namespace")]
    [InlineData("alice", """{"name":"x","files":[{"path":"../y","content":"z"}]}""", 422, "cannot be a path")]
    [InlineData("alice", """{"name":"x","files":[{"path":"y","content":"?","encoding":"base64"}]}""", 400, "not valid base64")]
    [InlineData("alice", """{"name":""", 400, "not valid JSON at line 1, position")]
    [InlineData("bob", """{"name":"x"}""", 403, "under the namespace")]
    [InlineData("nobody", """{"name":"x"}""", 401, "Invalid username or password.")]
    public async Task Creating_is_answered_with(string who, string body, int status, string fragment)
    {
        await using var world = await World.CreateAsync();
        var client = who is "nobody" ? world.AsNobody() : world.As(who is "alice" ? world.Alice : world.Bob);
        using var content = new StringContent(body, null, "application/json");

        using var answer = await client.PostAsync("/api/repos/create", content);

        var said = await answer.Content.ReadAsStringAsync();
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(fragment, said, StringComparison.Ordinal);
        Assert.Equal(status == 200 ? 1 : 0, FoldersOf(world));
    }

    [Fact]
    public async Task Of_clients_that_create_the_same_repository_one_makes_it_and_the_others_get_its_address()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => alice.PostAsJsonAsync("/api/repos/create", new { name = "compass" })));

        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
        foreach (var refused in answers.Where(a => a.StatusCode != HttpStatusCode.OK))
        {
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
            Assert.Equal($"{world.Server.Url}alice/compass", JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["url"]!.GetValue<string>());
        }

        Assert.Equal(1, FoldersOf(world));
        Array.ForEach(answers, a => a.Dispose());
    }

    [Fact]
    public async Task A_deleted_repository_is_gone_with_its_files_and_its_name_is_free()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        using var byBob = await DeleteAsync(world.As(world.Bob), "compass", "alice");
        var byAlice = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => DeleteAsync(alice, "compass", null)));
        using var again = await DeleteAsync(alice, "compass", null);

        Assert.Equal([200, 404, 404, 404], byAlice.Select(a => (int)a.StatusCode).Order());
        Assert.Equal([403, 404], new[] { byBob, again }.Select(a => (int)a.StatusCode));
        Assert.Equal("RepoNotFound", again.Headers.GetValues("X-Error-Code").Single());
        Assert.Equal(0, FoldersOf(world));
        await alice.CreateRepoAsync("alice/compass");
        Array.ForEach(byAlice, a => a.Dispose());
    }

    [Fact]
    public async Task A_moved_repository_answers_at_its_old_place_until_somebody_takes_it()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/old");
        await alice.CreateRepoAsync("acme/taken");

        using var clash = await alice.PostAsJsonAsync("/api/repos/move", new { fromRepo = "alice/old", toRepo = "acme/taken", type = "model" });
        using var moved = await alice.PostAsJsonAsync("/api/repos/move", new { fromRepo = "alice/old", toRepo = "acme/New", type = "model" });
        using var old = await world.AsNobody().GetAsync("/alice/old/resolve/main/.gitattributes");
        await alice.CreateRepoAsync("alice/old");
        using var taken = await world.AsNobody().GetAsync("/alice/old/resolve/main/.gitattributes");

        Assert.Equal(409, (int)clash.StatusCode);
        Assert.Contains("A model repository called acme/taken already exists", await clash.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(200, (int)moved.StatusCode);
        Assert.Equal("/acme/New/resolve/main/.gitattributes", old.Headers.Location!.OriginalString);
        Assert.Equal(200, (int)taken.StatusCode);
    }

    [Fact]
    public async Task A_repository_that_is_made_private_disappears_for_others()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        using var changed = await alice.PutAsJsonAsync("/api/models/alice/compass/settings", new { visibility = "private" });
        using var seen = await world.AsNobody().GetAsync("/api/models/alice/compass");

        Assert.Equal("""{"private":true,"visibility":"private","gated":false}""", await changed.Content.ReadAsStringAsync());
        Assert.Equal(401, (int)seen.StatusCode);
        Assert.Empty((await world.AsNobody().JsonAsync("/api/models")).AsArray());
        Assert.Single((await alice.JsonAsync("/api/models")).AsArray());
    }

    [Theory]
    [InlineData("""{"gated":"odd","visibility":"private"}""", 400)]
    [InlineData("""{"gated":false,"visibility":"private","discussionsDisabled":true}""", 200)]
    [InlineData("""{"visibility":"odd"}""", 400)]
    public async Task Settings_that_cannot_be_kept_are_not_taken(string settings, int status)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        using var answer = await alice.PutAsync("/api/models/alice/compass/settings", new StringContent(settings, null, "application/json"));

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status == 200, (await alice.JsonAsync("/api/models/alice/compass"))["private"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Lists_are_searched_filtered_sorted_and_paged()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        foreach (var (id, tag) in new[] { ("alice/alpha", "red"), ("acme/beta", "red"), ("alice/gamma", "blue"), ("alice/Alphabet", "red") })
        {
            await alice.CreateRepoAsync(id);
            world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
            await alice.CommitAsync(id, ("README.md", $"---\ntags: [{tag}, all]\nlicense: mit\n---\n"));
        }

        Assert.Equal(["alice/Alphabet", "alice/alpha"], await Ids("search=ALPHA&sort=createdAt"));
        Assert.Equal(["acme/beta"], await Ids("author=Acme"));
        Assert.Equal(["acme/beta", "alice/alpha", "alice/Alphabet"], await Ids("filter=red&filter=all&sort=downloads"));
        Assert.Equal(["alice/gamma"], await Ids("filter=blue,license:mit"));
        Assert.Equal(["alice/Alphabet", "alice/gamma", "acme/beta", "alice/alpha"], await Paged("/api/models?sort=lastModified&limit=1&direction=-1"));
        Assert.Equal(["acme/beta", "alice/alpha", "alice/Alphabet", "alice/gamma"], await Paged("/api/models?limit=3"));

        async Task<string[]> Ids(string query) => [.. (await alice.JsonAsync("/api/models?" + query)).AsArray().Select(m => m!["id"]!.GetValue<string>())];

        async Task<List<string>> Paged(string? next)
        {
            var ids = new List<string>();
            while (next is not null)
            {
                using var page = await alice.GetAsync(next);
                ids.AddRange((await page.OkAsync()).AsArray().Select(m => m!["id"]!.GetValue<string>()));
                next = page.Headers.TryGetValues("Link", out var link) ? link.Single().Split('<', '>')[1] : null;
            }

            return ids;
        }
    }

    [Fact]
    public async Task Liking_twice_counts_once()
    {
        await using var world = await World.CreateAsync();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/compass");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? alice : carol).PostAsync("/api/models/alice/compass/like", null)));

        Assert.Equal(2, (await alice.JsonAsync("/api/models/alice/compass"))["likes"]!.GetValue<int>());
        Assert.Equal(["alice", "carol"], (await alice.JsonAsync("/api/models/alice/compass/likers")).AsArray().Select(l => l!["user"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        using var first = await alice.GetAsync("/api/models/alice/compass/likers?limit=1");
        var rest = await alice.JsonAsync(first.Headers.GetValues("Link").Single().Split('<', '>')[1]);
        Assert.Equal(2, (await first.OkAsync()).AsArray().Concat(rest.AsArray()).Select(l => l!["user"]!.GetValue<string>()).Distinct(StringComparer.Ordinal).Count());
        using var unliked = await carol.DeleteAsync("/api/models/alice/compass/like");
        Assert.Equal("""{"likes":1}""", await unliked.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Downloads_are_counted_a_little_later()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("model.gguf", "weights"));
        foreach (var client in new[] { alice, world.AsNobody() })
        {
            client.DefaultRequestHeaders.UserAgent.ParseAdd("curl/8");
            await client.GetStringAsync("/alice/compass/resolve/main/model.gguf");
        }

        await Eventually.TrueAsync(async () =>
        {
            world.Server.Clock.Advance(TimeSpan.FromSeconds(5));
            return (await alice.JsonAsync("/api/models/alice/compass?expand=downloads"))["downloads"]!.GetValue<int>() == 2;
        });
    }

    private static async Task<HttpResponseMessage> DeleteAsync(HttpClient client, string name, string? organization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/repos/delete") { Content = JsonContent.Create(new { name, organization, type = "model" }) };
        return await client.SendAsync(request);
    }

    private static int FoldersOf(World world)
    {
        var root = Path.Combine(world.Server.DataDirectory, "repositories");
        return Directory.Exists(root) ? Directory.EnumerateDirectories(root).Sum(d => Directory.EnumerateFileSystemEntries(d).Count()) : 0;
    }
}
