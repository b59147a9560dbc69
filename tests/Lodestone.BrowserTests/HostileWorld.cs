using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Tests;
using Lodestone.Tests.Hub;
using Lodestone.Tests.Ui;

namespace Lodestone.BrowserTests;

/// <summary>
/// A server on which Mallory has put every text of the corpus wherever people can write one. Where a text is rendered, each stands for
/// itself; where it is only shown, several share a field, and what is too long or not allowed there is left out.
/// </summary>
public sealed class HostileWorld : IAsyncLifetime
{
    public const string Password = "correct horse battery";
    public const string Repo = "mallory/hostile";
    private const string Svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"20\" height=\"20\" onload=\"alert(1)\"><script>alert(1)</script><image href=\"https://evil.example/a.png\" width=\"9\" height=\"9\"/><foreignObject><body xmlns=\"http://www.w3.org/1999/xhtml\"><img src=\"x\" onerror=\"alert(1)\"/></body></foreignObject><a xlink:href=\"javascript:alert(1)\"><rect width=\"9\" height=\"9\"/></a></svg>";

    private HttpClient _mallory = null!; // both set before any test runs

    public World World { get; private set; } = null!;

    /// <summary>The page of a collection.</summary>
    public string Collection { get; private set; } = "";

    /// <summary>The page of one that is gated as a group.</summary>
    public string GatedCollection { get; private set; } = "";

    /// <summary>Of branches and tags whose names git takes.</summary>
    public int NamedReferences { get; private set; }

    /// <summary>The page of a webhook.</summary>
    public string Webhook { get; private set; } = "";

    /// <summary>The page of a leaderboard.</summary>
    public string Leaderboard { get; private set; } = "";

    public string ClientId { get; private set; } = "";

    private static string All => string.Join(' ', XssCorpus.All.Select(Line));

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var mallory = await World.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(
            new NewUser { Name = "mallory", FullName = Chunks(1000)[0], Email = "mallory@example.org", EmailVerified = true, Password = Password, Website = "javascript:alert(1)" }, CancellationToken.None));
        var token = await World.UseAsync<Accounts, string>(accounts => accounts.IssueTokenAsync(mallory, new NewToken(Chunks(100)[1], TokenScope.All), CancellationToken.None));
        await World.UseAsync<Accounts, Guid>(accounts => accounts.CreateOrganizationAsync(new NewOrganization("evil", Chunks(1000)[1]), mallory, CancellationToken.None));
        _mallory = World.Server.With(token);
        await _mallory.CreateRepoAsync(Repo);
        await CardsAsync();
        await FilesAsync();
        await ReferencesAsync();
        await DiscussAsync();
        await CollectAsync();
        await GateAsync();
        await RankAsync();
        await OthersAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _mallory.Dispose();
        await World.DisposeAsync();
    }

    private async Task CardsAsync()
    {
        var metadata = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["license"] = Short(1)[0],
            ["license_name"] = Short(1)[1],
            ["license_link"] = "javascript:alert(1)",
            ["pipeline_tag"] = Short(1)[2],
            ["library_name"] = Short(1)[3],
            ["language"] = Short(1).Take(30),
            ["tags"] = Short(1),
            ["datasets"] = Short(1).Take(40),
            ["base_model"] = Short(1).Skip(20).Take(20),
            ["doi"] = Short(1)[5],
            ["model-index"] = new[] { new { name = "x", results = Short(1).Take(12).Select(p => new { task = new { type = p }, dataset = new { name = p, type = p, split = p }, metrics = new[] { new { type = p, value = p } }, source = new { name = p, url = "javascript:alert(1)" } }) } },
        });
        var card = $"---\n{metadata}\n---\n{string.Join("\n\n", XssCorpus.All)}\n\n```bibtex\n@misc{{x, title={{{All}}}}}\n```\n";
        await _mallory.CommitAsync(Repo, ("README.md", card));
        await _mallory.CreateRepoAsync("mallory/README", type: "space");
        await PutFileAsync("spaces/mallory/README", "README.md", $"---\ntitle: {JsonSerializer.Serialize(Chunks(200)[0])}\n---\n{string.Join("\n\n", XssCorpus.All.Reverse())}");
        await _mallory.CreateRepoAsync("mallory/data", type: "dataset");
        await PutFileAsync("datasets/mallory/data", "README.md", card);
    }

    private async Task FilesAsync()
    {
        var cells = XssCorpus.All.SelectMany(p => (object[])
        [
            new { cell_type = "markdown", source = p },
            new { cell_type = "code", source = p, outputs = new object[] { new { output_type = "stream", name = p, text = p }, new { output_type = "error", ename = p, evalue = p, traceback = new[] { p } }, Data("text/html", p), Data("text/markdown", p), Data("application/json", p), Data("image/png", p), Data("image/svg+xml", p) } },
        ]);
        var notebook = new { nbformat = 4, metadata = new { kernelspec = new { display_name = All }, language_info = new { file_extension = ".py" } }, cells = cells.Append(new { cell_type = "raw", source = All, outputs = new object[] { Data("image/svg+xml", Svg) } }) };
        var lines = XssCorpus.All.Select(p => JsonSerializer.Serialize(new Dictionary<string, string> { ["text"] = p, [p.Replace("\0", "", StringComparison.Ordinal)] = "x" }));
        (string, string)[] files =
        [
            ("notebook.ipynb", JsonSerializer.Serialize(notebook)),
            ("rows.csv", string.Join('\n', XssCorpus.All.Chunk(4).Select(c => string.Join(',', c.Select(Quoted))))),
            ("rows.jsonl", string.Join('\n', lines)),
            ("plot.svg", Svg),
            ("page.html", string.Join('\n', XssCorpus.All)),
            ("code.py", string.Join('\n', XssCorpus.All)),
            ("notes.md", string.Join("\n\n", XssCorpus.All)),
        ];
        await _mallory.CommitAsync(Repo, [.. files.Select(f => HubCalls.FileLine(f.Item1, Encoding.UTF8.GetBytes(f.Item2))), .. Named().Select(n => HubCalls.FileLine($"names/{n}", "x"u8.ToArray()))]);
        foreach (var message in Chunks(900))
        {
            using var answer = await _mallory.PostCommitAsync($"/api/models/{Repo}/commit/main", HubCalls.Line("header", new { summary = message, description = message }), HubCalls.FileLine("code.py", Encoding.UTF8.GetBytes(message)));
            answer.EnsureSuccessStatusCode();
        }
    }

    private async Task ReferencesAsync()
    {
        foreach (var name in XssCorpus.All.Select(p => Line(p).Replace(' ', '/')).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            using var branch = await _mallory.PostAsJsonAsync($"/api/models/{Repo}/branch/{Uri.EscapeDataString(name)}", new { });
            using var tag = await _mallory.PostAsJsonAsync($"/api/models/{Repo}/tag/main", new { tag = "v-" + name, message = name });
            NamedReferences += (branch.IsSuccessStatusCode ? 1 : 0) + (tag.IsSuccessStatusCode ? 1 : 0);
        }
    }

    private async Task DiscussAsync()
    {
        foreach (var title in Chunks(200))
        {
            await PostAsync($"/api/models/{Repo}/discussions", new { title, description = title });
        }

        foreach (var comment in XssCorpus.All)
        {
            await PostAsync($"/api/models/{Repo}/discussions/1/comment", new { comment });
        }

        await PostAsync($"/api/models/{Repo}/discussions/1/title", new { title = Chunks(200)[1] });
        using var proposed = await _mallory.PostCommitAsync($"/api/models/{Repo}/commit/main?create_pr=1", HubCalls.Line("header", new { summary = Chunks(200)[0], description = All }), HubCalls.FileLine("rows.csv", Encoding.UTF8.GetBytes(string.Join('\n', XssCorpus.All.Select(Quoted)))));
        proposed.EnsureSuccessStatusCode();
    }

    private async Task CollectAsync()
    {
        var made = await PostAsync("/api/collections", new { title = Chunks(60)[0], description = Chunks(150)[0], item = new { id = Repo, type = "model" }, note = Chunks(500)[0] });
        var slug = made["slug"]!.GetValue<string>();
        Collection = $"/collections/{slug}";
        await PostAsync($"/api/collections/{slug}/items", new { item = new { id = "mallory/data", type = "dataset" }, note = Chunks(500)[0] });
        await PostAsync($"/api/collections/{slug}/items", new { item = new { id = "mallory/README", type = "space" }, note = Chunks(500)[1] });
    }

    private async Task GateAsync()
    {
        await _mallory.CreateRepoAsync("mallory/gated");
        await _mallory.CommitAsync("mallory/gated", ("README.md", string.Join("\n\n", XssCorpus.All)));
        var fields = Short(1).DistinctBy(p => p.Trim().ToLowerInvariant()).Where(p => p.Trim() == p).Take(20).Select(p => new { name = p, type = "text", optional = true }).Cast<object>()
            .Append(new { name = "choice", type = "select", options = Short(1).Select(p => p.Trim()).Distinct().Take(20) });
        var terms = new { mode = "manual", heading = Chunks(200)[0], prompt = string.Join("\n\n", XssCorpus.All), fields, licence = new { name = Chunks(200)[1], text = All } };
        await _mallory.CreateRepoAsync("mallory/grouped");
        var group = (await PostAsync("/api/collections", new { title = Chunks(60)[1], item = new { id = "mallory/grouped", type = "model" } }))["slug"]!.GetValue<string>();
        GatedCollection = $"/collections/{group}";
        foreach (var place in new[] { "models/mallory/gated", $"collections/{group}" })
        {
            using var gate = await _mallory.PutAsJsonAsync($"/api/v1/gates/{place}", terms);
            Assert.True(gate.IsSuccessStatusCode, await gate.Content.ReadAsStringAsync());
        }
    }

    private async Task RankAsync()
    {
        var board = await PostAsync("/api/v1/leaderboards", new { title = Chunks(60)[0], description = Chunks(200)[0], dataset = "mallory/data", metric = Chunks(60)[1] });
        var id = board["id"]!.GetValue<string>();
        Leaderboard = new Uri(board["url"]!.GetValue<string>(), UriKind.RelativeOrAbsolute) is { IsAbsoluteUri: true } url ? url.PathAndQuery : board["url"]!.GetValue<string>();
        foreach (var harness in Chunks(60).Take(10))
        {
            await PostAsync($"/api/v1/leaderboards/{id}/submissions", new { model = Repo, harness, harnessVersion = harness[..Math.Min(20, harness.Length)], score = 0.5, sourceUrl = "https://evil.example/\"onclick=\"alert(1)" });
        }
    }

    private async Task OthersAsync()
    {
        var hook = await PostAsync("/api/settings/webhooks", new { url = "https://evil.example/<script>alert(1)</script>\"'><img/src=x/onerror=alert(1)>", watched = new[] { new { type = "user", name = "mallory" } } });
        Webhook = $"/settings/webhooks/{hook["webhook"]!["id"]!.GetValue<string>()}";
        using var app = await _mallory.PostAsJsonAsync("/oauth/register", new { client_name = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>", client_uri = "https://evil.example/\"onclick=\"alert(1)", redirect_uris = new[] { "http://localhost/back" }, token_endpoint_auth_method = "none" });
        ClientId = (await app.OkAsync())["client_id"]!.GetValue<string>();
        await _mallory.CreateRepoAsync("mallory/gone");
        var carol = World.As(World.Carol);
        using var down = await carol.PostAsJsonAsync("/api/v1/takedowns", new { repo = "mallory/gone", reason = Chunks(1000)[0] });
        down.EnsureSuccessStatusCode();
    }

    private async Task<System.Text.Json.Nodes.JsonNode> PostAsync(string url, object body)
    {
        using var answer = await _mallory.PostAsJsonAsync(url, body);
        return await answer.OkAsync();
    }

    private async Task PutFileAsync(string repo, string path, string content)
    {
        using var answer = await _mallory.PostCommitAsync($"/api/{repo}/commit/main", HubCalls.Line("header", new { summary = "Write" }), HubCalls.FileLine(path, Encoding.UTF8.GetBytes(content)));
        await answer.OkAsync();
    }

    private static object Data(string type, string text) => new { output_type = "display_data", data = new Dictionary<string, string> { [type] = text, ["text/plain"] = text } };

    /// <summary>As names of files: what a path may not hold is left out.</summary>
    private static IEnumerable<string> Named() => XssCorpus.All.Select(p => new string([.. Line(p).Where(c => c is not ('/' or '\\') && char.GetUnicodeCategory(c) is not System.Globalization.UnicodeCategory.Format)]).Trim(' ', '.'))
        .Where(n => n.Length is > 0 and < 120 && !n.StartsWith(".git", StringComparison.OrdinalIgnoreCase)).Distinct(StringComparer.OrdinalIgnoreCase);

    private static string[] Short(int from) => [.. XssCorpus.All.Skip(from).Select(Line).Where(p => p.Length <= 200).Distinct(StringComparer.Ordinal)];

    /// <summary>All of the corpus in texts of at most so many characters.</summary>
    private static List<string> Chunks(int longest)
    {
        var chunks = new List<string> { "" };
        foreach (var text in XssCorpus.All.Select(Line).Where(t => t.Length + 1 <= longest))
        {
            if (chunks[^1].Length + 1 + text.Length > longest)
            {
                chunks.Add("");
            }

            chunks[^1] = $"{chunks[^1]} {text}".Trim();
        }

        return chunks;
    }

    private static string Quoted(string text) => $"\"{text.Replace("\0", "", StringComparison.Ordinal).Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Line(string text) => new string([.. text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)]).Trim();
}
