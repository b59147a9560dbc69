using System.Net.Http.Json;
using System.Text;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Tests;
using Lodestone.Tests.Hub;

namespace Lodestone.BrowserTests;

/// <summary>
/// Acme's model with all that a model can have, what others made of it, and what is said about it. Dora administers Acme and has a
/// password; Nora, who has one too, administers Globex and stands before the gate of another model.
/// </summary>
public sealed class ScreensWorld : IAsyncLifetime
{
    public const string Password = "correct horse battery";

    private const string Card = """
        ---
        license: mit
        language: [en]
        library_name: transformers
        pipeline_tag: text-generation
        base_model: elsewhere/base
        datasets: [acme/points, elsewhere/needles]
        doi: 10.1000/compass
        tags: [tiny]
        model-index:
          - name: Compass
            results:
              - task: { type: text-generation }
                dataset: { name: Bearings, type: acme/bearings, split: test }
                metrics: [{ type: accuracy, value: 0.91, verified: true }]
                source: { name: Acme's report, url: "https://acme.example/report" }
        ---
        # Compass

        Made as in [a paper](https://arxiv.org/abs/2401.01234).

        ## Use

        ## Limits
        """;

    private const string Gated = """
        ---
        extra_gated_heading: Who are you?
        extra_gated_prompt: "**Tell us** what you need it for."
        extra_gated_button_content: I agree
        extra_gated_fields:
          Company: text
          Country: country
          I will cite it: checkbox
        ---
        # Sextant
        """;

    public World World { get; private set; } = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var (dora, nora) = (await JoinAsync("dora"), await JoinAsync("nora"));
        await World.UseAsync<Accounts, bool>(async accounts =>
        {
            await accounts.SetMemberAsync(World.Acme.Id, dora, NamespaceRole.Admin, CancellationToken.None);
            await accounts.CreateOrganizationAsync(new NewOrganization("globex", "Globex"), nora, CancellationToken.None);
            return true;
        });
        await World.PublishAsync("acme/compass", await File.ReadAllBytesAsync(DemoModel.Chat));
        var alice = World.As(World.Alice);
        await alice.CommitAsync("acme/compass", [HubCalls.FileLine("README.md", Encoding.UTF8.GetBytes(Card)), HubCalls.FileLine("model.safetensors", Tensors()), HubCalls.FileLine("tokenizer_config.json", """{"chat_template":"{{ messages }}"}"""u8.ToArray()), HubCalls.FileLine("config.json", """{"model_type":"llama","architectures":["LlamaForCausalLM"]}"""u8.ToArray())]);
        await AroundAsync(alice);
        await DiscussAsync(alice);
        await alice.CreateRepoAsync("acme/sextant");
        await alice.CommitAsync("acme/sextant", ("README.md", Gated));
        using var gate = await alice.PutAsJsonAsync("/api/v1/gates/models/acme/sextant", new { mode = "manual", licence = new { name = "Acme licence", text = "Do no harm.\n" } });
        gate.EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    public async Task SignInAsync(Microsoft.Playwright.IPage page, string who)
    {
        await page.GotoAsync("/login");
        await page.FillAsync("input[name=account]", who);
        await page.FillAsync("input[name=password]", Password);
        await page.Locator("main form .button--primary").ClickAsync();
        await page.WaitForURLAsync(World.Server.Url.ToString());
    }

    private static async Task AroundAsync(HttpClient alice)
    {
        await alice.CreateRepoAsync("acme/points", type: "dataset");
        await alice.CreateRepoAsync("acme/README", type: "space");
        await CommitAsync(alice, "spaces/acme/README", "README.md", "---\nsdk: static\n---\n# We make compasses\n");
        await alice.CreateRepoAsync("acme/needle", type: "space");
        await CommitAsync(alice, "spaces/acme/needle", "README.md", "---\nsdk: static\nmodels: [acme/compass]\ndatasets: [acme/points]\n---\n# Needle\n");
        foreach (var (name, extra) in new[] { ("tuned", ""), ("quantized", "\nbase_model_relation: quantized"), ("adapter", "\nbase_model_relation: adapter"), ("merged", "\nbase_model_relation: merge") })
        {
            await alice.CreateRepoAsync($"alice/{name}");
            await alice.CommitAsync($"alice/{name}", ("README.md", $"---\nlicense: apache-2.0\nlanguage: [fr]\nlibrary_name: peft\npipeline_tag: summarization\nbase_model: acme/compass{extra}\ndatasets: [acme/points]\n---\n# {name}\n"));
        }

        for (var i = 0; i < 26; i++)
        {
            await alice.CreateRepoAsync($"alice/spare-{i:00}");
        }

        using var collection = await alice.PostAsJsonAsync("/api/collections", new { title = "Instruments", @namespace = "acme", item = new { id = "acme/compass", type = "model" } });
        collection.EnsureSuccessStatusCode();
    }

    private static async Task DiscussAsync(HttpClient alice)
    {
        const string Discussions = "/api/models/acme/compass/discussions";
        await PostAsync(Discussions, new { title = "How large is it?", description = "Tell me, @bob." });
        await PostAsync($"{Discussions}/1/comment", new { comment = "Small." });
        await PostAsync($"{Discussions}/1/pin", new { pinned = true });
        await PostAsync(Discussions, new { title = "It points south", description = "Why?" });
        await PostAsync($"{Discussions}/2/status", new { status = "closed" });
        using var proposed = await alice.PostCommitAsync("/api/models/acme/compass/commit/main?create_pr=1", HubCalls.Line("header", new { summary = "Say more" }), HubCalls.FileLine("README.md", Encoding.UTF8.GetBytes(Card + "\n\nMore.\n")));
        proposed.EnsureSuccessStatusCode();

        async Task PostAsync(string url, object body)
        {
            using var answer = await alice.PostAsJsonAsync(url, body);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    private static async Task CommitAsync(HttpClient alice, string repo, string path, string content)
    {
        using var answer = await alice.PostCommitAsync($"/api/{repo}/commit/main", HubCalls.Line("header", new { summary = "Write" }), HubCalls.FileLine(path, Encoding.UTF8.GetBytes(content)));
        answer.EnsureSuccessStatusCode();
    }

    private Task<Guid> JoinAsync(string name) => World.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(
        new NewUser { Name = name, FullName = char.ToUpperInvariant(name[0]) + name[1..], Email = $"{name}@example.org", EmailVerified = true, Password = Password, Website = $"https://{name}.example" }, CancellationToken.None));

    private static byte[] Tensors()
    {
        const string Header = """{"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}""";
        return [.. BitConverter.GetBytes((long)Header.Length), .. Encoding.ASCII.GetBytes(Header), .. new byte[12]];
    }
}
