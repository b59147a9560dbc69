using System.Text;
using System.Text.Json.Nodes;
using Lodestone.Tests.Hub.Pages;

namespace Lodestone.Tests.Hub;

/// <summary>Models with cards, tensors and sizes, some of them hidden, for search to find.</summary>
public sealed class SearchWorld : IAsyncLifetime
{
    public World World { get; private set; } = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var alice = World.As(World.Alice);
        await MakeAsync(alice, "alice/compass", "pipeline_tag: text-generation\nlicense: mit\nlanguage: [en, de]\nlibrary_name: transformers", "Finds its way through Québec by starlight.", 3_000_000_000);
        await MakeAsync(alice, "alice/sextant", "pipeline_tag: text-generation\nlicense: apache-2.0\nlanguage: de\nbase_model: alice/compass\nmodel-index: []", "Measures the height of stars.", 9_000_000_000);
        await MakeAsync(alice, "alice/lantern", "pipeline_tag: fill-mask\nlicense: mit\nlanguage: en", "Gives light.", 200_000_000);
        await MakeAsync(alice, "acme/secret-compass", "pipeline_tag: text-generation\nlicense: mit\nlanguage: en", "Nobody knows of starlight and zugzwang.", 3_000_000_000, isPrivate: true);
        await alice.CreateRepoAsync("alice/compass-words", type: "dataset");
        await Eventually.TrueAsync(async () => (await alice.JsonAsync("/api/models?search=starlight&full_text=true")).AsArray().Count == 2 && (await alice.JsonAsync("/api/models?search=gives&full_text=true")).AsArray().Count == 1
            && (await alice.JsonAsync("/api/models?search=measures&full_text=true")).AsArray().Count == 1 && (await alice.JsonAsync("/api/datasets?search=words&full_text=true")).AsArray().Count == 1);
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    private static async Task MakeAsync(HttpClient client, string id, string metadata, string text, long parameters, bool isPrivate = false)
    {
        var header = Encoding.ASCII.GetBytes($$$"""{"__metadata__":{"format":"pt","maker":"kiln"},"model.layers.7.gyroscope.weight":{"dtype":"BF16","shape":[{{{parameters / 1000}}},1000],"data_offsets":[0,0]}}""");
        await client.CreateRepoAsync(id, isPrivate);
        await client.CommitAsync(id, [HubCalls.FileLine("README.md", Encoding.UTF8.GetBytes($"---\n{metadata}\n---\n# Card\n{text}\n")), HubCalls.FileLine("model.safetensors", [.. BitConverter.GetBytes((long)header.Length), .. header])]);
    }
}

public sealed class SearchTests(SearchWorld fixture) : IClassFixture<SearchWorld>
{
    private HttpClient Alice => fixture.World.As(fixture.World.Alice);

    private HttpClient Nobody => fixture.World.AsNobody();

    [Theory]
    [InlineData("search=starlight", "")]
    [InlineData("search=starlight&full_text=true", "alice/compass")]
    [InlineData("search=STAR+QU%C3%89bec&full_text=true", "alice/compass")]
    [InlineData("search=star&full_text=true", "alice/compass alice/sextant")]
    [InlineData("search=tarlight&full_text=true", "")]
    [InlineData("search=gyroscope+kiln&full_text=true&sort=id", "alice/compass alice/lantern alice/sextant")]
    [InlineData("search=ompas&full_text=true", "alice/compass")]
    [InlineData("search=mit+light&full_text=true", "alice/lantern")]
    [InlineData("search=zugzwang&full_text=true", "")]
    [InlineData("search=%22%27%3A*%26%00&full_text=true", "")]
    public async Task A_list_finds_words_of_names_cards_tags_and_tensors(string query, string ids)
    {
        var found = await Nobody.JsonAsync($"/api/models?{query}");

        Assert.Equal(ids, string.Join(' ', found.AsArray().Select(m => m!["id"]!.GetValue<string>()).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task What_is_private_is_in_no_count_facet_type_ahead_or_text_of_a_stranger()
    {
        var (own, stranger) = (await Alice.JsonAsync("/api/quicksearch?q=compass"), await Nobody.JsonAsync("/api/quicksearch?q=compass"));
        Assert.Equal((2, 1), (own["modelsCount"]!.GetValue<int>(), stranger["modelsCount"]!.GetValue<int>()));
        Assert.Equal(["alice/compass"], stranger["models"]!.AsArray().Select(m => m!["id"]!.GetValue<string>()));
        Assert.Equal(1, stranger["datasetsCount"]!.GetValue<int>());
        Assert.Equal((1, 1), (0 + (await Nobody.JsonAsync("/api/quicksearch?q=acme"))["orgsCount"]!.GetValue<int>(), (await Nobody.JsonAsync("/api/quicksearch?q=ALI"))["usersCount"]!.GetValue<int>()));

        var list = await Nobody.PageAsync("/models");
        Assert.Equal("3 models", list.TextOf("main .number"));
        Assert.Contains("Text generation 2", list.TextsOf(".facet__value"));
        Assert.Contains("Text generation 3", (await Alice.PageAsync("/models")).TextsOf(".facet__value"));

        var page = await Nobody.PageAsync("/search?q=zugzwang");
        Assert.Equal("Nothing found", page.TextOf(".empty h2"));
        Assert.Contains("acme/secret-compass", (await Alice.PageAsync("/search?q=zugzwang")).TextsOf(".results a"));
        Assert.Contains("acme/secret-compass", (await fixture.World.As(fixture.World.Bob).PageAsync("/search?q=zugzwang")).TextsOf(".results a"));
    }

    [Fact]
    public async Task A_model_is_found_by_typing_task_licence_size_format_and_what_the_machine_holds()
    {
        var page = await Nobody.PageAsync("/models?task=text-generation&license=mit&format=safetensors");
        Assert.Equal(["alice/compass"], page.TextsOf(".repo-card__link"));
        Assert.Equal(["Fill mask 1", "Text generation 1"], page.TextsOf("[aria-labelledby=facet-Task] .facet__value"));
        Assert.Equal(["apache-2.0 1", "mit 1"], page.TextsOf("[aria-labelledby=facet-Licence] .facet__value"));

        var small = await Nobody.PageAsync("/models?min=1B&max=7B");
        Assert.Equal(["alice/compass"], small.TextsOf(".repo-card__link"));
        Assert.Equal(["parameters:1B to 7B"], small.TextsOf("main .cluster > .tag"));

        var fitting = await Nobody.PageAsync("/models?memory=4&bits=4&context=8192&sort=parameters");
        Assert.Equal(["alice/compass", "alice/lantern"], fitting.TextsOf(".repo-card__link"));
        Assert.Contains("4 bits a weight and a tenth more, and a cache for 8,192 tokens", fitting.TextOf(".facet__note"), StringComparison.Ordinal);
        Assert.Empty((await Nobody.PageAsync("/models?memory=4&bits=16&context=131072&task=text-generation")).TextsOf(".repo-card__link"));

        Assert.Equal(["alice/sextant"], (await Nobody.PageAsync("/models?is=evaluated")).TextsOf(".repo-card__link"));
        Assert.Equal(["alice/sextant"], (await Nobody.PageAsync("/models?base=alice/compass")).TextsOf(".repo-card__link"));
        Assert.Equal(["de 2", "en 2"], (await Nobody.PageAsync("/models")).TextsOf("[aria-labelledby=facet-Language] .facet__value"));
    }

    [Fact]
    public async Task Every_choice_stays_in_the_address_and_the_forms_work_without_script()
    {
        using var reader = new PageClient(fixture.World.Server);

        var page = await reader.OpenAsync("/models?search=a&license=mit&sort=name");
        var form = page.Document.Forms.Single(f => f.QuerySelector("[name=memory]") is not null);
        var kept = form.QuerySelectorAll("input[type=hidden]").Select(i => $"{i.GetAttribute("name")}={i.GetAttribute("value")}");

        Assert.Equal(["search=a", "license=mit", "sort=name"], kept);
        Assert.Equal("/search", page.Document.QuerySelector(".top__search form")!.GetAttribute("action"));
        Assert.Equal(["All 3", "Models 2", "Data sets 1", "Spaces 0", "Organizations 0", "People 0", "Pages 0"], (await reader.OpenAsync("/search?q=compass")).Document.TextsOf("main .tabs a"));
    }

    [Fact]
    public async Task What_changes_is_found_as_it_is_now()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/first");
        await alice.CommitAsync("alice/first", ("README.md", "---\nlicense: mit\n---\nPelican\n"));
        await FindAsync("pelican", "alice/first");

        await alice.CommitAsync("alice/first", ("README.md", "---\nlicense: bsd\n---\nHeron\n"));
        Assert.Equal(["bsd 1"], (await alice.PageAsync("/models")).TextsOf(".facet__value"));
        await FindAsync("heron", "alice/first");
        await FindAsync("pelican", "");

        using var hidden = await alice.PutAsync("/api/models/alice/first/settings", new StringContent("""{"private":true}""", Encoding.UTF8, "application/json"));
        await hidden.OkAsync();
        Assert.Empty((await world.AsNobody().JsonAsync("/api/models?search=heron&full_text=true")).AsArray());

        using var deleted = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/repos/delete") { Content = new StringContent("""{"name":"first","organization":"alice"}""", Encoding.UTF8, "application/json") });
        await alice.CreateRepoAsync("alice/first");
        Assert.Empty((await alice.JsonAsync("/api/models?search=heron&full_text=true")).AsArray());
        Assert.Equal("1 model", (await alice.PageAsync("/models")).TextOf("main .number"));

        Task FindAsync(string word, string ids) => Eventually.TrueAsync(async () =>
            string.Join(' ', ((JsonArray)await alice.JsonAsync($"/api/models?search={word}&full_text=true")).Select(m => m!["id"]!.GetValue<string>())) == ids);
    }
}
