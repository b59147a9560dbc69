using System.Net;
using Lodestone.Tests.Gateway;

namespace Lodestone.Tests.Hub.Pages;

public sealed class ModelPageTests
{
    private const string Card = """
        ---
        license: mit
        language: [en]
        pipeline_tag: text-generation
        base_model: elsewhere/base
        tags: [tiny]
        ---
        # Compass

        See [usage](docs/usage.md) and ![plot](plots/my%20plot.png).
        """;

    [Fact]
    public async Task A_model_page_tells_what_the_card_and_the_files_say()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("README.md", Card));

        var page = await world.AsNobody().PageAsync("/alice/compass");

        Assert.Equal("alice/compass", page.TextOf("h1"));
        Assert.Equal("alice/compass", page.QuerySelector("copy-button")!.GetAttribute("value"));
        Assert.Equal(["Text generation", "language:en", "licence:mit", "tiny"], page.TextsOf(".repo-tags .tag"));
        Assert.Equal("Compass", page.TextOf(".prose h1"));
        Assert.Equal(["/alice/compass/blob/main/docs/usage.md"], page.QuerySelectorAll(".prose a").Select(a => a.GetAttribute("href")));
        Assert.Equal(["/alice/compass/resolve/main/plots/my%20plot.png"], page.QuerySelectorAll(".prose img").Select(i => i.GetAttribute("src")));
        Assert.Equal(["Card", "Files", "Community", "Metrics", "Lineage"], page.TextsOf(".tabs a"));
    }

    [Fact]
    public async Task Snippets_carry_the_address_by_which_the_reader_came()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/alice/compass");
        request.Headers.Host = "models.example.org";

        using var answer = await world.AsNobody().SendAsync(request);

        var html = await answer.Content.ReadAsStringAsync();
        Assert.Contains("git clone http://models.example.org/alice/compass", html, StringComparison.Ordinal);
        Assert.Contains("endpoint=<span class=\"hl-s\">&quot;http://models.example.org&quot;</span>", html, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Server.Url.Authority, html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_base_model_is_a_link_only_where_the_reader_may_follow_it()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/base", isPrivate: true);
        await alice.CreateRepoAsync("alice/tuned");
        await alice.CommitAsync("alice/tuned", ("README.md", "---\nbase_model: alice/base\n---\n# Tuned\n"));

        var seenByAlice = await alice.PageAsync("/alice/tuned");
        var seenByBob = await world.As(world.Bob).PageAsync("/alice/tuned");
        var tree = await alice.PageAsync("/alice/base");

        Assert.Equal("/alice/base", seenByAlice.QuerySelector(".base-line a")?.GetAttribute("href"));
        Assert.Equal("Fine-tuned from alice/base", seenByBob.TextOf(".base-line"));
        Assert.Null(seenByBob.QuerySelector(".base-line a"));
        Assert.Equal("Fine-tunes 1 alice/tuned", tree.TextOf(".tree__kin"));
    }

    [Fact]
    public async Task What_is_hidden_and_what_is_missing_look_the_same()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/secret", isPrivate: true);
        var bob = world.As(world.Bob);

        var hidden = await bob.PageAsync("/alice/secret", HttpStatusCode.NotFound);
        var missing = await bob.PageAsync("/alice/nothing", HttpStatusCode.NotFound);
        var hiddenFromNobody = await world.AsNobody().PageAsync("/alice/secret/tree/main", HttpStatusCode.NotFound);

        Assert.Equal(missing.TextOf("h1"), hidden.TextOf("h1"));
        Assert.Equal(missing.TextOf("main .muted").Replace("alice/nothing", "alice/secret", StringComparison.Ordinal), hidden.TextOf("main .muted"));
        Assert.Equal(hidden.TextOf("main .muted"), hiddenFromNobody.TextOf("main .muted"));
    }

    [Fact]
    public async Task Another_spelling_leads_to_the_owner_s()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/Compass");

        using var answer = await world.AsNobody().GetAsync("/ALICE/compass?a=b");

        Assert.Equal(HttpStatusCode.TemporaryRedirect, answer.StatusCode);
        Assert.Equal("/alice/Compass?a=b", answer.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task A_card_runs_nothing()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/hostile");
        await alice.CommitAsync("alice/hostile", ("README.md", """
            ---
            license: "<img src=x onerror=alert(1)>"
            pipeline_tag: "<script>alert(2)</script>"
            base_model: "<svg onload=alert(3)>/x"
            tags: ["\"><script>alert(4)</script>"]
            ---
            <script>alert(5)</script><img src=x onerror=alert(6)><a href="javascript:alert(7)">press</a><style>*{display:none}</style>
            """));

        var page = await world.AsNobody().PageAsync("/alice/hostile");
        var list = await world.AsNobody().PageAsync("/models");

        foreach (var document in new[] { page, list })
        {
            Assert.All(document.Scripts, s => Assert.NotNull(s.Source));
            Assert.Empty(document.QuerySelectorAll("[onerror], [onload], [style], style, [href^='javascript']"));
        }

        Assert.Contains("licence:<img src=x onerror=alert(1)>", page.TextsOf(".repo-tags .tag"));
    }

    [Fact]
    public async Task A_served_model_shows_its_price_or_that_it_has_none()
    {
        await using var gateway = await GatewayWorld.StartAsync();
        await gateway.PublishAsync("acme/unpriced", await File.ReadAllBytesAsync(DemoModel.Base));

        var priced = await gateway.Client.PageAsync("/acme/compass");
        var unpriced = await gateway.Client.PageAsync("/acme/unpriced");

        Assert.Contains("Input $10.00 per 1M tokens Output $20.00 per 1M tokens", priced.TextOf("aside"), StringComparison.Ordinal);
        Assert.Contains("Not priced yet", unpriced.TextOf("aside"), StringComparison.Ordinal);
        Assert.Equal("/playground/acme/compass", priced.QuerySelector("aside .button--primary")?.GetAttribute("href"));
        Assert.StartsWith("Q8_0", priced.TextOf(".gguf-files"), StringComparison.Ordinal);
        Assert.Contains("Context 512 tokens", priced.TextOf("aside"), StringComparison.Ordinal);
        Assert.Contains("\"model\": \"acme/compass\"", priced.TextOf(".use-menu"), StringComparison.Ordinal);
    }
}
