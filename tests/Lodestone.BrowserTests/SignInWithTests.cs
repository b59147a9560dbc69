using System.Runtime.CompilerServices;
using Lodestone.Identity;
using Lodestone.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Lodestone.BrowserTests;

/// <summary>"Sign in with Lodestone" as <c>@huggingface/hub</c> does it on a page of another origin.</summary>
public sealed class SignInWithTests(Browser browser) : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    private const string AppPage = """
        <!doctype html><title>Compass</title><button id="in">Sign in with Lodestone</button><pre id="out"></pre>
        <script type="importmap">
          { "imports": {
            "@huggingface/hub": "/modules/@huggingface/hub/dist/browser/index.mjs", "@huggingface/xetchunk-wasm": "/modules/@huggingface/xetchunk-wasm/dist/esm/index.js",
            "@huggingface/blake3-jit": "/modules/@huggingface/blake3-jit/dist/esm/index.js", "gearhash-jit": "/modules/gearhash-jit/dist/esm/index.js" } }
        </script>
        <script type="module">
          import { oauthHandleRedirectIfPresent, oauthLoginUrl, whoAmI } from "@huggingface/hub";
          const hubUrl = new URL(location).searchParams.get("hub") ?? localStorage.getItem("hub");
          localStorage.setItem("hub", hubUrl);
          const show = (value) => { document.getElementById("out").textContent = JSON.stringify(value); };
          document.getElementById("in").onclick = async () => {
            location.href = await oauthLoginUrl({ clientId: "compass", hubUrl, redirectUrl: `${location.origin}/back`, scopes: "openid profile email", state: "a & b = 'é'" });
          };
          try {
            const result = await oauthHandleRedirectIfPresent({ hubUrl });
            if (result) {
              const who = await whoAmI({ accessToken: result.accessToken, hubUrl });
              show({ name: result.userInfo.name, email: result.userInfo.email, state: result.state, scope: result.scope, prefix: result.accessToken.slice(0, 9), type: who.auth.type, later: result.accessTokenExpiresAt > new Date() });
            }
          } catch (error) {
            show({ error: error.message });
          }
        </script>
        """;

    private readonly WebApplication _site = Site();

    private string SiteUrl => _site.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    public async ValueTask InitializeAsync() => await _site.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_page_of_another_origin_signs_somebody_in()
    {
        await using var world = await World.CreateAsync();
        var page = await VisitAsync(world);

        await page.ClickAsync("#in");
        await SignInAsync(page);
        await Assertions.Expect(page.GetByText("Compass wants to act for dora")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("See your e-mail address")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();

        await Assertions.Expect(page.Locator("#out")).ToContainTextAsync(
            """{"name":"dora","email":"dora@example.org","state":"a & b = 'é'","scope":"openid profile email","prefix":"hf_oauth_","type":"oauth","later":true}""");
        Assert.StartsWith($"{SiteUrl}/back?code=", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_who_says_no_is_sent_back_with_that()
    {
        await using var world = await World.CreateAsync();
        var page = await VisitAsync(world);

        await page.ClickAsync("#in");
        await SignInAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();

        await Assertions.Expect(page.Locator("#out")).ToContainTextAsync("access_denied: The person did not allow it.");
    }

    private static async Task SignInAsync(IPage page)
    {
        await page.FillAsync("input[name=account]", "dora");
        await page.FillAsync("input[name=password]", Password);
        await page.Locator("main form .button--primary").ClickAsync();
    }

    private async Task<IPage> VisitAsync(World world)
    {
        await world.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(
            new NewUser { Name = "dora", Email = "dora@example.org", Password = Password }, CancellationToken.None));
        var seed = Path.Combine(world.Server.DataDirectory, "seed.json");
        await File.WriteAllTextAsync(seed, """{ "oauthApps": [ { "clientId": "compass", "name": "Compass", "public": true, "redirectUris": [ "http://localhost/back" ] } ] }""");
        await world.UseAsync<Seeding, bool>(async seeding =>
        {
            await seeding.ApplyAsync(seed, CancellationToken.None);
            return true;
        });
        var page = await browser.OpenAsync(world.Server);
        page.SetDefaultTimeout(60_000);
        await page.GotoAsync($"{SiteUrl}/?hub={Uri.EscapeDataString(world.Server.Url.ToString().TrimEnd('/'))}");
        return page;
    }

    private static WebApplication Site()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var site = builder.Build();
        var types = new FileExtensionContentTypeProvider { Mappings = { [".mjs"] = "text/javascript" } };
        site.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(Modules()), RequestPath = "/modules", ContentTypeProvider = types });
        site.Run(context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(AppPage);
        });
        return site;
    }

    private static string Modules([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../clients/node_modules"));
}
