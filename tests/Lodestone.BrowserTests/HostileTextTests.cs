using System.Text.Json;
using Lodestone.Tests.Ui;
using Microsoft.Playwright;

namespace Lodestone.BrowserTests;

/// <summary>
/// Opens every page on which people's texts stand in a real browser that notes what ran, what the content security policy stopped and
/// what was called. The policy is the second wall: on our own pages nothing may even reach it.
/// </summary>
public sealed class HostileTextTests(Browser browser, HostileWorld hostile) : IClassFixture<HostileWorld>
{
    // Before any script of a page; not subject to its policy.
    private const string Watch = """
        window.__ran = [];
        window.__blocked = [];
        for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = () => { window.__ran.push(name); };
        document.addEventListener("securitypolicyviolation", (e) => window.__blocked.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`), true);
        """;

    // What could still run when somebody presses or moves, and so is not to be there at all.
    private const string Armed = """
        () => [...document.querySelectorAll("*")].filter((e) =>
          [...e.attributes].some((a) => /^on/i.test(a.name) || /^[\s\x00-\x20]*(javascript|vbscript|data:text)/i.test(a.value) && /^(href|src|action|formaction|xlink:href|data|poster)$/i.test(a.name) || a.name === "srcdoc")
          || ["IFRAME", "OBJECT", "EMBED", "BASE", "FRAME", "APPLET"].includes(e.tagName)
          || e.tagName === "STYLE"
          || e.tagName === "SCRIPT" && !e.src.startsWith(location.origin + "/")
          || e.tagName === "META" && /refresh/i.test(e.httpEquiv))
          .map((e) => e.outerHTML.slice(0, 200))
        """;

    // What leaves an attribute, an element, a script, an address.
    private static readonly string[] Breaking = ["\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>", "</title></textarea></script><svg onload=alert(1)>", "\" autofocus onfocus=alert(1) x=\"", "javascript:alert(1)"];

    private static readonly string[] ForAll =
    [
        "/mallory/hostile", "/mallory/hostile/tree/main", "/mallory/hostile/tree/main/names", "/mallory/hostile/blob/main/notebook.ipynb", "/mallory/hostile/blob/main/rows.csv",
        "/mallory/hostile/blob/main/rows.jsonl", "/mallory/hostile/blob/main/plot.svg", "/mallory/hostile/blob/main/plot.svg?view=code", "/mallory/hostile/blob/main/page.html",
        "/mallory/hostile/blob/main/code.py", "/mallory/hostile/blob/main/notes.md", "/mallory/hostile/blob/main/notes.md?view=code", "/mallory/hostile/commits/main", "/mallory/hostile/commit/main",
        "/mallory/hostile/compare?base=main&head=refs%2Fpr%2F1", "/mallory/hostile/refs", "/mallory/hostile/discussions?status=all", "/mallory/hostile/discussions/1", "/mallory/hostile/lineage",
        "/mallory/hostile/metrics", "/datasets/mallory/data", "/spaces/mallory/README", "/mallory", "/mallory?kind=collections", "/mallory?kind=activity", "/evil", "/models", "/datasets", "/spaces", "/mallory/gated", "/mallory/gone",
    ];

    private static readonly string[] ForMallory =
    [
        "/", "/mallory/hostile", "/mallory/hostile/discussions/1", "/mallory/hostile/edit/main/README.md", "/mallory/hostile/settings", "/mallory/gated/settings", "/notifications", "/settings/profile", "/settings/tokens",
        "/settings/webhooks", "/settings/applications", "/collections", "/organizations/evil/service-accounts", "/collections/new?item=model%20mallory%2Fhostile",
    ];

    [Fact]
    public async Task Nothing_that_people_write_runs_on_any_page_or_even_needs_to_be_stopped()
    {
        var page = await WatchedAsync();
        foreach (var path in ForAll.Concat([hostile.Collection, hostile.GatedCollection, hostile.Leaderboard, "/leaderboards", "/mallory/grouped"]))
        {
            await page.CheckAsync(path);
        }

        await SignInAsync(page.Page);
        var last = await LastDiscussionAsync();
        foreach (var path in ForMallory.Concat([hostile.Collection, hostile.GatedCollection, hostile.Leaderboard, $"{hostile.Leaderboard}/submit", hostile.Webhook, $"/mallory/hostile/discussions/{last}", $"/mallory/hostile/discussions/{last}/files", Consent]))
        {
            await page.CheckAsync(path);
        }

        Assert.True(XssCorpus.All.Count >= 100);
        Assert.True(hostile.NamedReferences >= 20, $"{hostile.NamedReferences} references");
        Assert.Equal("", page.Findings);
    }

    [Fact]
    public async Task What_stands_in_an_address_does_not_run_either()
    {
        var page = await WatchedAsync();

        foreach (var some in XssCorpus.All.Where(p => !p.Contains('\0', StringComparison.Ordinal)).Chunk(40)) // an address has at most 8 KiB
        {
            var text = Uri.EscapeDataString(string.Join(' ', some));
            await page.CheckAsync($"/search?q={text}");
            await page.CheckAsync($"/models?search={text}");
            await page.CheckAsync($"/mallory/hostile/tree/main?find={text}");
        }

        var few = Uri.EscapeDataString(string.Join(' ', Breaking));
        foreach (var path in new[] { $"/models?tag={few}&task={few}&author={few}&license={few}&sort={few}&cursor={few}&base={few}", $"/mallory/hostile/discussions?search={few}&author={few}&status={few}", $"/mallory/hostile/compare?base={few}&head={few}", $"/login?next={few}", $"/{few}", $"/mallory/hostile/blob/main/{few}", $"/mallory/hostile/blob/{few}/x" })
        {
            await page.CheckAsync(path);
        }

        Assert.Equal("", page.Findings);
    }

    [Fact]
    public async Task Files_opened_by_themselves_are_closed_in_by_the_policy()
    {
        var page = await WatchedAsync();
        foreach (var path in new[] { "plot.svg", "page.html", "notes.md", "notebook.ipynb" })
        {
            await page.OpenAsync($"/mallory/hostile/resolve/main/{path}");
            await page.OpenAsync($"/mallory/hostile/raw/main/{path}");
        }

        Assert.DoesNotContain(page.All, f => f.Contains(": ran ", StringComparison.Ordinal) || f.Contains(": dialog ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_browser_sees_what_would_run()
    {
        var page = await WatchedAsync();
        await page.OpenAsync("/models");

        await page.Page.EvaluateAsync("""() => { document.body.innerHTML = "<img src=x onerror=alert(1)><a href='javascript:alert(1)'>x</a>"; }""");
        await page.LookAsync();

        Assert.Contains(page.All, f => f.Contains("onerror", StringComparison.Ordinal));
        Assert.Contains(page.All, f => f.Contains("javascript:", StringComparison.Ordinal));
        await page.Page.WaitForFunctionAsync("() => window.__blocked.length > 0"); // the policy stopped it
        await page.Page.EvaluateAsync("() => alert(1)");
        Assert.Equal(["alert"], await page.Page.EvaluateAsync<string[]>("() => window.__ran"));
    }

    private string Consent => $"/oauth/authorize?client_id={hostile.ClientId}&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%2Fback&scope=openid%20profile&state=%3Cscript%3Ealert(1)%3C%2Fscript%3E&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    private async Task<WatchedPage> WatchedAsync()
    {
        var page = await browser.OpenAsync(hostile.World.Server);
        await page.AddInitScriptAsync(Watch);
        return new WatchedPage(page, hostile.World.Server.Url);
    }

    private static async Task SignInAsync(IPage page)
    {
        await page.GotoAsync("/login");
        await page.FillAsync("input[name=account]", "mallory");
        await page.FillAsync("input[name=password]", HostileWorld.Password);
        await page.Locator("main form .button--primary").ClickAsync();
        await page.WaitForURLAsync("**/");
    }

    /// <summary>The pull request, which was opened last.</summary>
    private async Task<long> LastDiscussionAsync()
    {
        using var nobody = hostile.World.Server.Anonymous();
        using var list = JsonDocument.Parse(await nobody.GetStringAsync($"/api/models/{HostileWorld.Repo}/discussions?type=pull_request"));
        return list.RootElement.GetProperty("discussions")[0].GetProperty("num").GetInt64();
    }

    /// <summary>A page, and what happened on it that should not have.</summary>
    private sealed class WatchedPage
    {
        private readonly List<string> _findings = [];
        private readonly Uri _server;
        private string _path = "";

        public WatchedPage(IPage page, Uri server)
        {
            (Page, _server) = (page, server);
            page.Dialog += (_, dialog) =>
            {
                Note($"dialog {dialog.Message}");
                _ = dialog.DismissAsync();
            };
            page.PageError += (_, error) => Note($"error {error}");
            page.Console += (_, message) =>
            {
                if (message.Text.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase) || message.Text.StartsWith("Refused", StringComparison.Ordinal))
                {
                    Note($"blocked {message.Text}");
                }
            };
            page.Request += (_, request) =>
            {
                if (!request.Url.StartsWith(_server.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("data:image/", StringComparison.Ordinal))
                {
                    Note($"called {request.Url}");
                }
            };
        }

        public IPage Page { get; }

        public IReadOnlyList<string> All
        {
            get
            {
                lock (_findings)
                {
                    return [.. _findings];
                }
            }
        }

        public string Findings => string.Join('\n', All);

        public async Task OpenAsync(string path)
        {
            _path = path;
            var answer = await Page.GotoAsync(path);
            if (answer is null or { Status: >= 500 })
            {
                Note($"answered {answer?.Status}");
            }

            foreach (var ran in await Page.EvaluateAsync<string[]>("() => window.__ran ?? []"))
            {
                Note($"ran {ran}");
            }
        }

        public async Task CheckAsync(string path)
        {
            await OpenAsync(path);
            await LookAsync();
        }

        /// <summary>For what the policy stopped, and for what could run if it were not there.</summary>
        public async Task LookAsync()
        {
            foreach (var finding in (await Page.EvaluateAsync<string[]>("() => window.__blocked")).Concat(await Page.EvaluateAsync<string[]>(Armed)))
            {
                Note(finding);
            }
        }

        private void Note(string finding)
        {
            lock (_findings)
            {
                _findings.Add($"{_path[..Math.Min(80, _path.Length)]}: {finding}");
            }
        }
    }
}
