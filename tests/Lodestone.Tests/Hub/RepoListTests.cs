using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>Repositories of every kind that name each other, for lists to find.</summary>
public sealed class RepoListWorld : IAsyncLifetime
{
    public World World { get; private set; } = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var alice = World.As(World.Alice);
        await MakeAsync(alice, "model", "alice/base", "pipeline_tag: text-generation\nlibrary_name: transformers\nlanguage: [en, fr]\nlicense: mit\ndatasets: [alice/words]\n");
        await MakeAsync(alice, "model", "acme/tuned", "base_model: Alice/Base\nbase_model_relation: finetune\ntags: [en]\n");
        await MakeAsync(alice, "model", "alice/hidden", "base_model: alice/base\n", isPrivate: true);
        await MakeAsync(alice, "model", "acme/both", "base_model: [alice/base, acme/tuned]\n");
        await MakeAsync(alice, "dataset", "alice/words", "language: en\nsize_categories: n<1K\ntask_categories: [text-generation]\ndoi: 10.1/x\n",
            text: "# Words\n\nAll  the words. See https://arxiv.org/abs/1706.03762.\n\n```bibtex\n@misc{words}\n```\n", files: [("data/train.jsonl", "{}"), ("data/test.jsonl", "{}"), ("a.png", "x"), ("dataset_infos.json", "{}")]);
        await MakeAsync(alice, "space", "alice/demo", "title: Speaking Words\nsdk: gradio\nmodels: [ALICE/base]\ndatasets: [alice/words]\n");
        await MakeAsync(alice, "space", "acme/other", "sdk: docker\n");
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    private static async Task MakeAsync(
        HttpClient client, string type, string id, string card, bool isPrivate = false, string text = "", params (string Path, string Content)[] files)
    {
        await client.CreateRepoAsync(id, isPrivate, type, sdk: type == "space" ? "gradio" : null);
        string[] lines = [HubCalls.Line("header", new { summary = "Add card" }), HubCalls.FileLine("README.md", System.Text.Encoding.UTF8.GetBytes($"---\n{card}---\n{text}")),
            .. files.Select(f => HubCalls.FileLine(f.Path, System.Text.Encoding.UTF8.GetBytes(f.Content)))];
        using var answer = await client.PostCommitAsync($"/api/{type}s/{id}/commit/main", lines);
        await answer.OkAsync();
    }
}

public sealed class RepoListTests(RepoListWorld fixture) : IClassFixture<RepoListWorld>
{
    private HttpClient Alice => fixture.World.As(fixture.World.Alice);

    private HttpClient Nobody => fixture.World.AsNobody();

    [Theory]
    [InlineData("/api/models?sort=id", "acme/both acme/tuned alice/base")]
    [InlineData("/api/models?sort=id&filter=text-generation&filter=transformers", "alice/base")]
    [InlineData("/api/models?sort=id&pipeline_tag=text-generation&library=transformers&license=mit", "alice/base")]
    [InlineData("/api/models?sort=id&language=fr", "alice/base")]
    [InlineData("/api/models?sort=id&trained_dataset=alice/words", "alice/base")]
    [InlineData("/api/models?sort=id&filter=base_model:finetune:Alice/Base", "acme/tuned")]
    [InlineData("/api/models?sort=id&search=BA&search=se", "alice/base")]
    [InlineData("/api/models?sort=id&gated=true", "")]
    [InlineData("/api/models?sort=id&gated=false&author=ACME", "acme/both acme/tuned")]
    [InlineData("/api/models?sort=id&inference=warm", "")]
    [InlineData("/api/models?sort=id&inference_provider=somebody", "")]
    [InlineData("/api/models?sort=id&apps=llama.cpp", "")]
    [InlineData("/api/models?sort=id&num_parameters=min:1K,max:2.5B", "")]
    [InlineData("/api/models?sort=num_parameters", "acme/both acme/tuned alice/base")]
    [InlineData("/api/datasets?filter=language:en&filter=format:json&filter=modality:image&filter=library:pandas", "alice/words")]
    [InlineData("/api/datasets?language=en&benchmark=official", "")]
    [InlineData("/api/datasets?filter=arxiv:1706.03762&filter=doi:10.1/x&filter=task_categories:text-generation&filter=size_categories:n%3C1K", "alice/words")]
    [InlineData("/api/spaces?sort=id", "acme/other alice/demo")]
    [InlineData("/api/spaces?sort=id&models=alice/Base", "alice/demo")]
    [InlineData("/api/spaces?sort=id&datasets=alice/words&linked=true", "alice/demo")]
    [InlineData("/api/spaces?sort=id&linked=True", "alice/demo")]
    [InlineData("/api/spaces?sort=id&search=speaking", "alice/demo")]
    [InlineData("/api/spaces?sort=id&search=card:", "")]
    [InlineData("/api/spaces?sort=id&filter=docker", "acme/other")]
    public async Task A_list_holds(string url, string ids) => Assert.Equal(ids, string.Join(' ', Ids(await Nobody.JsonAsync(url))));

    [Theory]
    [InlineData("/api/models?num_parameters=6B")]
    [InlineData("/api/models?num_parameters=min:x")]
    [InlineData("/api/models?sort=mainSize")]
    [InlineData("/api/datasets?expand=siblings&full=true")]
    [InlineData("/api/datasets?expand=safetensors")]
    [InlineData("/api/models?cursor=MSAy")]
    [InlineData("/api/models?sort=createdAt&cursor=OTIyMzM3MjAzNjg1NDc3NTgwNyAwIHg")]
    [InlineData("/api/models/alice/base/likers?cursor=OTIyMzM3MjAzNjg1NDc3NTgwNyAw")]
    [InlineData("/api/users/alice/likes?cursor=OTIyMzM3MjAzNjg1NDc3NTgwNyBh")]
    [InlineData("/api/models?limit=99999999999999999999")]
    [InlineData("/api/models-tags-by-type?type=nope")]
    [InlineData("/api/users/alice/likes?cursor=eA")]
    public async Task A_list_is_refused_that_asks_for(string url)
    {
        using var answer = await Nobody.GetAsync(url);

        Assert.Equal(400, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("/api/models?sort=id&limit=1", "_id id likes trendingScore private downloads tags createdAt modelId")]
    [InlineData("/api/models?sort=id&limit=1&author=alice", "_id id likes trendingScore private downloads tags pipeline_tag library_name createdAt modelId")]
    [InlineData("/api/models?sort=id&limit=1&author=alice&full=true&cardData=1&expand=", "_id id likes trendingScore private downloads tags pipeline_tag library_name createdAt modelId author gated disabled lastModified sha siblings cardData")]
    [InlineData("/api/models?sort=id&limit=1&expand[]=sha&expand=gated,disabled", "_id id sha gated disabled")]
    [InlineData("/api/datasets", "_id id author disabled gated lastModified likes trendingScore private sha description downloads tags createdAt")]
    [InlineData("/api/spaces?search=demo", "_id id likes trendingScore private sdk tags createdAt")]
    [InlineData("/api/spaces?search=demo&full=True", "_id id likes trendingScore private sdk tags createdAt author sha lastModified gated disabled siblings cardData")]
    public async Task A_list_shows_of_each(string url, string members)
    {
        var first = (await Nobody.JsonAsync(url))[0]!.AsObject();

        Assert.Equal(Sorted(members.Split(' ')), Sorted(first.Select(m => m.Key)));
    }

    [Fact]
    public async Task An_info_tells_how_models_are_related()
    {
        const string Query = "?expand=baseModels&expand=childrenModelCount&expand=spaces";

        var root = await Nobody.JsonAsync("/api/models/alice/base" + Query);
        var both = await Nobody.JsonAsync("/api/models/acme/both" + Query);
        var listed = (await Alice.JsonAsync("/api/models?sort=id&author=alice&search=base&expand=childrenModelCount"))[0]!;

        Assert.Equal("""{"merge":1}""", root["childrenModelCount"]!.ToJsonString());
        Assert.Equal("""["alice/demo"]""", root["spaces"]!.ToJsonString());
        Assert.Null(root["baseModels"]);
        Assert.Equal("merge: alice/base acme/tuned", $"{both["baseModels"]![0]!["relation"]}: {string.Join(' ', Ids(both["baseModels"]![0]!["models"]!))}");
        Assert.Equal("""{"finetune":1,"merge":1}""", listed["childrenModelCount"]!.ToJsonString());
    }

    [Fact]
    public async Task An_info_of_a_data_set_or_a_space_tells_what_belongs_to_its_kind()
    {
        var dataset = await Nobody.JsonAsync("/api/datasets/alice/words?securityStatus=true");
        var space = await Nobody.JsonAsync("/api/spaces/alice/demo");
        var size = await Nobody.JsonAsync("/api/datasets/alice/words/treesize/main");
        var folder = await Nobody.JsonAsync("/api/datasets/alice/words/treesize/main/data");

        Assert.StartsWith("# Words All the words. See", dataset["description"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("@misc{words}", dataset["citation"]!.GetValue<string>());
        Assert.Equal("""{"scansDone":false,"filesWithIssues":[]}""", dataset["securityRepoStatus"]!.ToJsonString());
        Assert.Equal(size["size"]!.GetValue<long>(), dataset["mainSize"]!.GetValue<long>());
        Assert.Equal("""{"path":"data","size":4}""", folder.ToJsonString());
        Assert.Equal("""gradio alice-demo us ["ALICE/base"] ["alice/words"]""",
            $"{space["sdk"]} {space["subdomain"]} {space["region"]} {space["models"]!.ToJsonString()} {space["datasets"]!.ToJsonString()}");
    }

    [Fact]
    public async Task Tags_are_sorted_by_kind_and_those_of_hidden_repositories_left_out()
    {
        var models = await Nobody.JsonAsync("/api/models-tags-by-type");
        var datasets = await Nobody.JsonAsync("/api/datasets-tags-by-type?type=format");

        Assert.Equal("""[{"id":"text-generation","label":"Text generation","type":"pipeline_tag"}]""", models["pipeline_tag"]!.ToJsonString());
        Assert.Equal("""[{"id":"transformers","label":"transformers","type":"library"}]""", models["library"]!.ToJsonString());
        Assert.Equal(["en", "fr"], Sorted(Ids(models["language"]!)));
        Assert.Equal("""[{"id":"license:mit","label":"mit","type":"license"}]""", models["license"]!.ToJsonString());
        Assert.DoesNotContain("base_model:finetune:alice/base", Ids(models["other"]!));
        Assert.Contains("base_model:finetune:Alice/Base", Ids(models["other"]!));
        Assert.Equal("""{"format":[{"id":"format:json","label":"json","type":"format"}]}""", datasets.ToJsonString());
    }

    [Fact]
    public async Task Likes_of_somebody_are_public_but_for_hidden_repositories()
    {
        foreach (var place in (string[])["models/alice/base", "models/alice/hidden", "datasets/alice/words", "spaces/alice/demo"])
        {
            fixture.World.Server.Clock.Advance(TimeSpan.FromSeconds(1));
            using var liked = await Alice.PostAsync($"/api/{place}/like", null);
            await liked.OkAsync();
        }

        using var first = await Nobody.GetAsync("/api/users/ALICE/likes?limit=2");
        var rest = await Nobody.JsonAsync(first.Headers.GetValues("Link").Single().Split('<', '>')[1]);
        using var missing = await Nobody.GetAsync("/api/users/acme/likes");

        Assert.Equal(["space alice/demo", "dataset alice/words"], Likes(await first.OkAsync()));
        Assert.Equal(["model alice/base"], Likes(rest));
        Assert.Equal(4, (await Alice.JsonAsync("/api/users/alice/likes")).AsArray().Count);
        Assert.Equal(404, (int)missing.StatusCode);

        static string[] Likes(JsonNode page) => [.. page.AsArray().Select(l => $"{l!["repo"]!["type"]} {l["repo"]!["name"]}")];
    }

    [Fact]
    public async Task Members_see_what_the_repositories_of_a_namespace_take_up()
    {
        var own = await PagedAsync(Alice, "/api/settings/repositories?limit=2");
        var acme = await PagedAsync(fixture.World.As(fixture.World.Bob), "/api/organizations/ACME/settings/repositories?limit=1");
        var found = await Alice.JsonAsync("/api/settings/repositories?type=model&search=HID");
        using var stranger = await fixture.World.As(fixture.World.Carol).GetAsync("/api/organizations/acme/settings/repositories");

        Assert.Equal(["dataset alice/words", "model alice/base", "model alice/hidden", "space alice/demo"], Sorted(own.Select(r => $"{r["type"]} {r["id"]}")));
        Assert.Equal(["model acme/both", "model acme/tuned", "space acme/other"], Sorted(acme.Select(r => $"{r["type"]} {r["id"]}")));
        Assert.Equal("alice/hidden private 0 0", $"{found[0]!["id"]} {found[0]!["visibility"]} {found[0]!["storage"]} {found[0]!["storagePercent"]}");
        Assert.Equal(403, (int)stranger.StatusCode);
    }

    private static async Task<List<JsonNode>> PagedAsync(HttpClient client, string? next)
    {
        var all = new List<JsonNode>();
        while (next is not null)
        {
            using var page = await client.GetAsync(next);
            all.AddRange((await page.OkAsync()).AsArray().OfType<JsonNode>());
            next = page.Headers.TryGetValues("Link", out var link) ? link.Single().Split('<', '>')[1] : null;
        }

        return all;
    }

    private static string[] Ids(JsonNode list) => [.. list.AsArray().Select(m => m!["id"]!.GetValue<string>())];

    private static string[] Sorted(IEnumerable<string> texts) => [.. texts.Order(StringComparer.Ordinal)];
}
