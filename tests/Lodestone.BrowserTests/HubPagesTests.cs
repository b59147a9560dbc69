using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Lodestone.BrowserTests;

public sealed class HubPagesTests(Browser browser)
{
    private const int FirstVisit = 60 * 1024;

    [Fact]
    public async Task A_model_page_offers_snippets_with_this_server_s_address_and_copies_them()
    {
        await using var server = await TestServer.StartAsync();
        await PublishAsync(server);
        var page = await browser.OpenAsync(server);
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await page.GotoAsync("/alice/compass");

        await page.Locator(".use-menu > summary").ClickAsync();
        await page.GetByText("git", new() { Exact = true }).ClickAsync();
        await page.Locator(".use-menu .code:visible copy-button").ClickAsync();

        Assert.Equal("alice/compass", await page.Locator(".page-header h1").InnerTextAsync());
        Assert.Equal("page", await page.GetByRole(AriaRole.Link, new() { Name = "Card" }).GetAttributeAsync("aria-current"));
        Assert.Equal($"git lfs install\ngit clone {server.Url}alice/compass", await page.EvaluateAsync<string>("navigator.clipboard.readText()"));
    }

    [Fact]
    public async Task Files_lead_to_a_text_whose_lines_can_be_linked_to()
    {
        await using var server = await TestServer.StartAsync();
        await PublishAsync(server);
        var page = await browser.OpenAsync(server, dark: true);
        await page.GotoAsync("/alice/compass");

        await page.GetByRole(AriaRole.Link, new() { Name = "Files" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "train.py", Exact = true }).ClickAsync();
        await page.Locator("#L2 a").ClickAsync();

        Assert.EndsWith("/alice/compass/blob/main/train.py#L2", page.Url, StringComparison.Ordinal);
        Assert.Equal(1, await page.Locator("#L2:target").CountAsync());
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/models")]
    [InlineData("/alice/compass")]
    [InlineData("/alice/compass/tree/main")]
    [InlineData("/alice/compass/blob/main/train.py")]
    [InlineData("/alice/compass/commits/main")]
    [InlineData("/alice/compass/commit/main")]
    [InlineData("/alice/compass/compare?base=main&head=main")]
    [InlineData("/alice/compass/refs")]
    [InlineData("/datasets")]
    [InlineData("/spaces")]
    [InlineData("/alice")]
    public async Task A_telephone_shows_the_page_without_script_and_without_scrolling_sideways(string path)
    {
        await using var server = await TestServer.StartAsync();
        await PublishAsync(server);
        var page = await browser.OpenAsync(server, width: 390, script: false);

        await page.GotoAsync(path);

        Assert.True(await page.Locator("h1").First.IsVisibleAsync());
        Assert.Equal(0, await OverflowAsync(page));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/models")]
    [InlineData("/alice/compass")]
    [InlineData("/alice/compass/tree/main")]
    [InlineData("/alice/compass/commit/main")]
    public async Task A_first_visit_costs_at_most_sixty_kibibytes(string path)
    {
        await using var server = await TestServer.StartAsync();
        await PublishAsync(server);
        var page = await browser.OpenAsync(server);
        var sent = new List<Task<long>>();
        page.RequestFinished += (_, request) => sent.Add(SizeAsync(request));

        await page.GotoAsync(path, new() { WaitUntil = WaitUntilState.NetworkIdle });

        var total = (await Task.WhenAll(sent)).Sum();
        Assert.InRange(total, 1, FirstVisit);
    }

    private static async Task<long> SizeAsync(IRequest request)
    {
        var sizes = await request.SizesAsync();
        return sizes.ResponseBodySize + sizes.ResponseHeadersSize;
    }

    // The page's own scripts are off; what the test asks still runs.
    private static Task<int> OverflowAsync(IPage page) =>
        page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    private static async Task PublishAsync(TestServer server)
    {
        string token;
        await using (var scope = server.Services.CreateAsyncScope())
        {
            var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
            var alice = await accounts.CreateUserAsync(new NewUser { Name = "alice", FullName = "Alice", Email = "alice@example.org", EmailVerified = true }, CancellationToken.None);
            token = await accounts.IssueTokenAsync(alice, new NewToken("tests", TokenScope.All), CancellationToken.None);
        }

        using var client = new HttpClient { BaseAddress = server.Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var made = await client.PostAsJsonAsync("/api/repos/create", new { name = "compass", organization = "alice", type = "model" });
        made.EnsureSuccessStatusCode();
        string[] lines =
        [
            JsonSerializer.Serialize(new { key = "header", value = new { summary = "Publish" } }),
            File("README.md", "---\nlicense: mit\npipeline_tag: text-generation\n---\n# Compass\n\n## Use\n\nText.\n"),
            File("train.py", "import this\nprint(1)\n"),
            File("a-name-without-end-" + new string('x', 150) + ".txt", "x"),
        ];
        using var commit = await client.PostAsync("/api/models/alice/compass/commit/main", new StringContent(string.Join('\n', lines), new MediaTypeHeaderValue("application/x-ndjson")));
        commit.EnsureSuccessStatusCode();
    }

    private static string File(string path, string content) => JsonSerializer.Serialize(new { key = "file", value = new { path, content, encoding = "utf-8" } });
}
