using System.Net;

namespace Lodestone.Tests.Hub.Pages;

public sealed class TypedPagesTests
{
    [Fact]
    public async Task Data_sets_have_a_list_with_facets_of_their_own()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await PublishAsync(alice, "alice/words", "license: mit\ntask_categories: [text-generation]\nlanguage: [en, de]\nsize_categories: 1K<n<10K");
        await PublishAsync(alice, "alice/more", "license: cc0-1.0\nlanguage: de");
        await alice.CreateRepoAsync("alice/words");

        var everything = await world.AsNobody().PageAsync("/datasets");
        var german = await world.AsNobody().PageAsync(Facet(everything, "de 2"));
        var both = await world.AsNobody().PageAsync(Facet(german, "mit 1"));

        Assert.Equal(["Task", "Size", "Language", "Licence"], everything.TextsOf(".facet__title"));
        Assert.Equal(["Text generation 1", "1K<n<10K 1", "de 2", "en 1", "cc0-1.0 1", "mit 1"], everything.TextsOf(".facet__value"));
        Assert.Equal("2 data sets", everything.TextOf("main .number"));
        Assert.Equal(["alice/more", "alice/words"], german.TextsOf(".repo-card__link").Order(StringComparer.Ordinal));
        Assert.Equal(["alice/words"], both.TextsOf(".repo-card__link"));
        Assert.Equal("/datasets/alice/words", both.QuerySelector(".repo-card__link")?.GetAttribute("href"));
    }

    [Theory]
    [InlineData("dataset", "datasets", "Data set")]
    [InlineData("space", "spaces", "Space")]
    public async Task The_pages_of_a_repository_are_the_same_under_its_type(string type, string segment, string title)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass", type: type, sdk: type == "space" ? "static" : null);
        using (var sent = await alice.PostCommitAsync(
            $"/api/{segment}/alice/compass/commit/main", HubCalls.Line("header", new { summary = "Add" }),
            HubCalls.FileLine("README.md", "---\nlicense: mit\n---\n# Title\n\n[data](data/a.txt)\n"u8.ToArray()), HubCalls.FileLine("data/a.txt", "one\n"u8.ToArray())))
        {
            sent.EnsureSuccessStatusCode();
        }

        var nobody = world.AsNobody();
        var card = await nobody.PageAsync($"/{segment}/alice/compass");
        var files = await nobody.PageAsync($"/{segment}/alice/compass/tree/main/data");
        var file = await nobody.PageAsync(files.QuerySelectorAll(".files__name")[1].GetAttribute("href")!);
        var commits = await nobody.PageAsync($"/{segment}/alice/compass/commits/main");
        var commit = await nobody.PageAsync(commits.QuerySelector(".commits__title")!.GetAttribute("href")!);
        var refs = await nobody.PageAsync($"/{segment}/alice/compass/refs");

        Assert.Equal($"/{segment}/alice/compass/blob/main/data/a.txt", card.QuerySelector(".prose a")?.GetAttribute("href"));
        Assert.Equal(title, card.TextOf(".page-header__title .tag"));
        Assert.Equal("one", file.TextOf("#text"));
        Assert.Equal(["Add", "initial commit"], commits.TextsOf(".commits__title"));
        Assert.Equal("Add", commit.TextOf(".commit-card__title"));
        Assert.Equal(["main"], refs.TextsOf(".refs .files__name"));
        await nobody.PageAsync("/alice/compass", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_page_answers_HEAD_as_it_answers_GET()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        var nobody = world.AsNobody();

        foreach (var (path, status) in new[] { ("/", 200), ("/models", 200), ("/datasets", 200), ("/alice/compass", 200), ("/alice/compass/tree/main", 200), ("/alice/nothing", 404), ("/alice/compass/tree/nothing", 404) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, path);
            request.Headers.Accept.ParseAdd("text/html");
            using var answer = await nobody.SendAsync(request);

            Assert.Equal((path, status, "text/html"), (path, (int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task A_profile_counts_each_type_and_shows_the_card_of_the_README_space()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("acme/one");
        await alice.CreateRepoAsync("acme/two", isPrivate: true);
        await alice.CreateRepoAsync("acme/rows", type: "dataset");
        await alice.CreateRepoAsync("acme/README", type: "space", sdk: "static");
        using (var sent = await alice.PostCommitAsync("/api/spaces/acme/README/commit/main", HubCalls.Line("header", new { summary = "Card" }), HubCalls.FileLine("README.md", "---\nsdk: static\n---\nWe make **everything**.\n"u8.ToArray())))
        {
            sent.EnsureSuccessStatusCode();
        }

        var stranger = await world.AsNobody().PageAsync("/acme");
        var rows = await world.AsNobody().PageAsync("/acme?kind=datasets");
        var member = await world.As(world.Bob).PageAsync("/acme");

        Assert.Equal(["Models 1", "Data sets 1", "Spaces 1", "Collections 0", "Activity"], stranger.TextsOf(".profile .tabs__tab"));
        Assert.Equal(["Models 2", "Data sets 1", "Spaces 1", "Collections 0", "Activity"], member.TextsOf(".profile .tabs__tab"));
        Assert.Equal(["acme/rows"], rows.TextsOf(".repo-card__link"));
        Assert.Equal("We make everything.", stranger.TextOf(".profile__card"));
    }

    private static string Facet(AngleSharp.Dom.IParentNode page, string text) =>
        page.QuerySelectorAll(".facet__value").First(v => string.Join(' ', v.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) == text).GetAttribute("href")!; // the facet is a link

    private static async Task PublishAsync(HttpClient client, string id, string metadata)
    {
        await client.CreateRepoAsync(id, type: "dataset");
        using var sent = await client.PostCommitAsync(
            $"/api/datasets/{id}/commit/main", HubCalls.Line("header", new { summary = "Card" }), HubCalls.FileLine("README.md", System.Text.Encoding.UTF8.GetBytes($"---\n{metadata}\n---\n# Data\n")));
        sent.EnsureSuccessStatusCode();
    }
}
