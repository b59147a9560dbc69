using System.Net;

namespace Lodestone.Tests.Hub.Pages;

public sealed class ModelsPageTests
{
    [Fact]
    public async Task Facets_count_what_the_reader_may_see_and_narrow_the_list()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await PublishAsync(alice, "alice/one", "pipeline_tag: text-generation\nlicense: mit");
        await PublishAsync(alice, "alice/two", "pipeline_tag: fill-mask\nlicense: mit");
        await PublishAsync(alice, "alice/three", "pipeline_tag: fill-mask\nlicense: mit", isPrivate: true);

        var everything = await world.AsNobody().PageAsync("/models");
        var seenByAlice = await alice.PageAsync("/models");
        var masks = await world.AsNobody().PageAsync(everything.QuerySelectorAll(".facet__value").First(v => v.TextContent.Contains("Fill mask", StringComparison.Ordinal)).GetAttribute("href")!);

        Assert.Equal(["Fill mask 1", "Text generation 1", "mit 2"], everything.TextsOf(".facet__value"));
        Assert.Equal(["Fill mask 2", "Text generation 1", "mit 3"], seenByAlice.TextsOf(".facet__value"));
        Assert.Equal(["alice/two"], masks.TextsOf(".repo-card__link"));
        Assert.Equal(["task:Fill mask"], masks.TextsOf("main .cluster > .tag"));
        Assert.Equal("/models", masks.QuerySelector("main .cluster > .tag")?.GetAttribute("href"));
    }

    [Fact]
    public async Task Sizes_narrow_the_list_to_models_of_so_many_parameters()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        const string Header = """{"w":{"dtype":"BF16","shape":[1000000,2000],"data_offsets":[0,0]}}""";
        await alice.CreateRepoAsync("alice/large");
        await alice.CommitAsync("alice/large", [HubCalls.FileLine("model.safetensors", [.. BitConverter.GetBytes((long)Header.Length), .. System.Text.Encoding.ASCII.GetBytes(Header)])]);
        await alice.CreateRepoAsync("alice/unknown");

        var everything = await alice.PageAsync("/models");
        var large = await alice.PageAsync("/models?min=1B&max=7B");
        var small = await alice.PageAsync("/models?max=1B");

        Assert.Equal(["alice/large", "alice/unknown"], everything.TextsOf(".repo-card__link").Order(StringComparer.Ordinal));
        Assert.Equal(["alice/large"], large.TextsOf(".repo-card__link"));
        Assert.Equal(["parameters:1B to 7B"], large.TextsOf("main .cluster > .tag"));
        Assert.Equal("Nothing fits", small.TextOf(".empty h2"));
    }

    [Fact]
    public async Task Every_page_of_the_list_goes_on_where_the_last_one_ended()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        for (var i = 0; i < 35; i++)
        {
            await alice.CreateRepoAsync($"alice/model-{i:00}");
        }

        var first = await alice.PageAsync("/models?sort=name&search=model");
        var second = await alice.PageAsync(first.QuerySelector("[rel=next]")!.GetAttribute("href")!);

        Assert.Equal("35 models", first.TextOf("main .number"));
        Assert.Equal(
            Enumerable.Range(0, 35).Select(i => $"alice/model-{i:00}"),
            first.TextsOf(".repo-card__link").Concat(second.TextsOf(".repo-card__link")));
        Assert.Null(second.QuerySelector("[rel=next]"));
    }

    [Fact]
    public async Task Searching_finds_parts_of_names_and_takes_signs_for_what_they_are()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/Compass_3m");
        await alice.CreateRepoAsync("alice/compass-3m");

        var found = await alice.PageAsync("/models?search=PASS_3");
        var none = await alice.PageAsync("/models?search=%25");

        Assert.Equal(["alice/Compass_3m"], found.TextsOf(".repo-card__link"));
        Assert.Equal("Nothing fits", none.TextOf(".empty h2"));
    }

    [Fact]
    public async Task A_wrong_cursor_is_refused_with_what_to_do()
    {
        await using var world = await World.CreateAsync();

        var page = await world.AsNobody().PageAsync("/models?cursor=nonsense", HttpStatusCode.BadRequest);

        Assert.Contains("Start again without it", page.TextOf("main"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Home_shows_strangers_what_is_public_and_people_what_is_theirs()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/public");
        await alice.CreateRepoAsync("alice/private", isPrivate: true);

        var stranger = await world.AsNobody().PageAsync("/");
        var own = await alice.PageAsync("/");

        Assert.Equal(["alice/public"], stranger.TextsOf(".repo-card__link"));
        Assert.Equal(["Public models", "Publish", "Call", "Account"], stranger.TextsOf("main h2"));
        Assert.Equal(["alice/private", "alice/public"], own.TextsOf("main section:first-of-type .repo-card__link").Order(StringComparer.Ordinal));
    }

    private static async Task PublishAsync(HttpClient client, string id, string metadata, bool isPrivate = false)
    {
        await client.CreateRepoAsync(id, isPrivate);
        await client.CommitAsync(id, ("README.md", $"---\n{metadata}\n---\n# Model\n"));
    }
}
