using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Lodestone.Hub;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub.Pages;

public sealed class CardPagesTests
{
    private const string Card = """
        ---
        license: llama3.1
        language: [en, de]
        base_model: alice/base
        datasets: [alice/words]
        tags: [pocket]
        pipeline_tag: text-generation
        model-index:
        - name: compass
          results:
          - task: {type: text-generation}
            dataset: {type: alice/words, name: Words, split: test}
            metrics:
            - {type: accuracy, value: 0.875, verified: true}
            source: {name: Our harness, url: "https://example.org/run/7"}
        ---
        # Compass

        ```bibtex
        @misc{compass}
        ```
        """;

    [Fact]
    public async Task A_card_shows_all_that_it_says_and_a_mistake_is_explained_with_line_and_fix_in_the_web_and_to_the_client()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/base");
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("README.md", Card), (".eval_results/hard.yaml", "- dataset: {id: acme/hard, task_id: default}\n  value: 20.9\n  date: \"2026-01-15\"\n  source: {url: \"https://example.org\", name: Paper}\n"));

        var page = await world.AsNobody().PageAsync("/alice/compass");
        Assert.Equal(["Text generation", "language:en", "language:de", "licence:llama3.1", "pocket"], page.TextsOf(".repo-tags .tag").Where(t => !t.Contains("model-index", StringComparison.Ordinal)));
        Assert.Equal("Fine-tuned from alice/base", page.TextOf(".base-line"));
        Assert.Equal(["Words test 0.875 accuracy · Our harness Reported as verified", "acme/hard 20.9 · 2026-01-15 · Paper Reported"], page.TextsOf(".evaluations li"));
        Assert.Contains("Allowed up to 700,000,000 monthly users", page.TextOf("aside"), StringComparison.Ordinal);
        Assert.Contains("@misc{compass}", page.TextOf("aside"), StringComparison.Ordinal);
        Assert.Empty(page.QuerySelectorAll(".remarks"));
        Assert.Equal(["alice/compass"], (await world.AsNobody().PageAsync("/models?is=evaluated")).TextsOf(".repo-card__link"));

        var broken = Card.Replace("license: llama3.1", "license: llama3.1: yes", StringComparison.Ordinal);
        using var validated = await alice.PostAsJsonAsync("/api/validate-yaml", new { content = broken, repoType = "model" });
        var error = JsonNode.Parse(await validated.Content.ReadAsStringAsync())!["errors"]![0]!;
        Assert.Equal((400, 2, "Put the value in quotes, because it has a colon."), ((int)validated.StatusCode, (int)error["line"]!, error["fix"]!.GetValue<string>()));
        Assert.Contains("at line 2", error["message"]!.GetValue<string>(), StringComparison.Ordinal);

        using var sent = await alice.PostCommitAsync(
            "/api/models/alice/compass/commit/main", HubCalls.Line("header", new { summary = "Slip" }),
            HubCalls.FileLine("README.md", Encoding.UTF8.GetBytes(Card.Replace("language: [en, de]", "language: english", StringComparison.Ordinal))));
        Assert.Contains("- Warning: \"language\" english is not a code of ISO 639 (line 3). Write \"en\" for English", (await sent.OkAsync())["hookOutput"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("(line 3)", (await alice.PageAsync("/alice/compass")).TextOf(".remarks li"), StringComparison.Ordinal);
        Assert.Empty((await world.AsNobody().PageAsync("/alice/compass")).QuerySelectorAll(".remarks"));

        using var denied = await world.As(world.Bob).PostCommitAsync("/api/models/alice/compass/commit/main", HubCalls.Line("header", new { summary = "x" }), HubCalls.FileLine("README.md", [1]));
        Assert.Equal(403, (int)denied.StatusCode);
        Assert.Contains("can be changed by those", (await world.As(world.Bob).PageAsync("/alice/compass/edit/main/README.md")).TextOf("main"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_form_beside_a_card_writes_its_metadata_and_leaves_the_rest()
    {
        await using var world = await World.CreateAsync();
        await world.Server.JoinAsync("dana", "correct horse battery");
        using var dana = await world.Server.SignedInAsync("dana", "correct horse battery");
        await dana.SendAsync(await dana.OpenAsync("/new"), "new", ("name", "compass"));
        var template = await dana.OpenAsync("/dana/compass/new-file/main?name=README.md");
        Assert.Contains("## Training data", template.Text("textarea[name=text]"), StringComparison.Ordinal);

        var applied = await dana.SendAsync(
            template, "edit", ("text", "---\nlicense: mit # ours\ntags:\n- a\n- b\ncustom: {x: 1}\n---\n# Mine\n"), ("card.license", "apache-2.0"), ("card.language", "en, no"), ("card.tags", ""), ("card.base_model", "acme/base"), ("act", "apply"));
        Assert.Equal(HttpStatusCode.OK, applied.Status);
        var text = applied.Text("textarea[name=text]");
        Assert.Equal("---\nlicense: apache-2.0\ncustom: {x: 1}\nlanguage:\n- en\n- \"no\"\nbase_model: acme/base\n---\n# Mine", text);

        var checkedText = await dana.SendAsync(applied, "edit", ("text", "---\nlicense: [\n---\n"), ("act", "check"));
        Assert.Contains("Close the list with \"]\"", checkedText.Text(".remarks li"), StringComparison.Ordinal);
        var longer = await dana.SendAsync(applied, "edit", ("text", "---\nlicense: mit\n---\n# Mine\n"), ("act", "template"));
        Assert.StartsWith("---\nlicense: mit\n---\n# Mine\n\n# compass\n", longer.Text("textarea[name=text]"), StringComparison.Ordinal);
        Assert.Contains("## Training data", longer.Text("textarea[name=text]"), StringComparison.Ordinal);
        var refused = await dana.SendAsync(applied, "edit", ("text", "---\nlicense: [\n---\n"));
        Assert.Contains("Close the list", refused.Text("main form .alert"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, (await dana.SendAsync(applied, "edit", ("text", text))).Status);
        Assert.Contains("licence:apache-2.0", (await dana.OpenAsync("/dana/compass")).Document.TextsOf(".repo-tags .tag"));
    }

    [Theory]
    [InlineData("licence: mit", "\"licence\" means nothing here (line 2). Write \"license\".")]
    [InlineData("license: other", "\"license: other\" does not say which (line 2)")]
    [InlineData("license: mit\nbase_model: llama", "(line 3). Write \"base_model: owner/llama\".")]
    [InlineData("license: mit\nbase_model: a/b\nbase_model_relation: copy", "(line 4). Write one of finetune, adapter, merge, quantized, distilled.")]
    [InlineData("tags: [x]", "names no licence, so nobody may use this (line 1)")]
    public void Advice_names_the_line_and_what_to_write(string metadata, string advice) =>
        Assert.Contains(ValidateCard.Check($"---\n{metadata}\n---\n").Warnings, w => w.Message.Contains(advice, StringComparison.Ordinal));

    [Theory]
    [InlineData("apache 2.0", "apache-2.0")]
    [InlineData("Apache-2", "apache-2.0")]
    [InlineData("MIT", "mit")]
    [InlineData("llama3_1", "llama3.1")]
    public void A_licence_that_is_misspelled_is_guessed(string written, string meant) => Assert.Equal(meant, CardAdvice.NearestLicense(written));

    [Fact]
    public async Task Snippets_have_this_server_s_address_and_the_revision_for_every_library()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await ShowAsync("alice/words", "library_name: sentence-transformers", "SentenceTransformer(\"alice/words\", revision=\"main\")");
        await ShowAsync("alice/pictures", "library_name: diffusers", "DiffusionPipeline.from_pretrained(\"alice/pictures\", revision=\"main\")");
        await ShowAsync("alice/patch", "library_name: peft", "AutoPeftModelForCausalLM.from_pretrained(\"alice/patch\", revision=\"main\")");

        async Task ShowAsync(string id, string metadata, string code)
        {
            await alice.CreateRepoAsync(id);
            await alice.CommitAsync(id, ("README.md", $"---\n{metadata}\n---\n# Card\n"));
            var menu = (await world.AsNobody().PageAsync($"/{id}")).TextOf(".use-menu");
            Assert.Contains(code, menu, StringComparison.Ordinal);
            Assert.Contains($"os.environ[\"HF_ENDPOINT\"] = \"{world.Server.Url.ToString().TrimEnd('/')}\"", menu, StringComparison.Ordinal);
        }
    }
}
