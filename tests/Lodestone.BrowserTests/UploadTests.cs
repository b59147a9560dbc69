using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lodestone.Tests;
using Microsoft.Playwright;

namespace Lodestone.BrowserTests;

/// <summary>Files from a browser to a commit, and what a keyboard reaches.</summary>
public sealed class UploadTests(Browser browser)
{
    private static readonly byte[] Weights = RandomNumberGenerator.GetBytes(3_000_000);

    [Fact]
    public async Task Small_and_large_files_are_hashed_uploaded_and_committed()
    {
        await using var world = await World.CreateAsync();
        var page = await RepoAsync(world);
        await page.GotoAsync("/dora/compass/upload/main");

        await page.Locator("input[name=files]").SetInputFilesAsync([Text("notes.txt", "one\n"), new FilePayload { Name = "model.safetensors", MimeType = "application/octet-stream", Buffer = Weights }]);
        await page.FillAsync("input[name=folder]", "weights/v1");
        await page.FillAsync("input[name=summary]", "Bring the weights");
        await page.Locator("[data-part=send]").ClickAsync();
        await Assertions.Expect(page.Locator("[data-part=said]")).ToContainTextAsync("Committed as");

        using var client = world.Server.Anonymous();
        Assert.Equal(Weights, await client.GetByteArrayAsync("/dora/compass/resolve/main/weights/v1/model.safetensors"));
        Assert.Equal("one\n", await client.GetStringAsync("/dora/compass/resolve/main/weights/v1/notes.txt"));
        var tree = JsonNode.Parse(await client.GetStringAsync("/api/models/dora/compass/tree/main/weights/v1"))!.AsArray();
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Weights)), tree.Single(e => (string?)e!["path"] == "weights/v1/model.safetensors")!["lfs"]!["oid"]!.GetValue<string>());
        Assert.Equal("Bring the weights", JsonNode.Parse(await client.GetStringAsync("/api/models/dora/compass/commits/main"))![0]!["title"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_is_there_already_is_said_and_not_sent()
    {
        await using var world = await World.CreateAsync();
        var page = await RepoAsync(world);
        FilePayload[] files = [Text("notes.txt", "one\n"), new FilePayload { Name = "model.safetensors", MimeType = "application/octet-stream", Buffer = Weights }];
        await SendAsync(page, files);
        await Assertions.Expect(page.Locator("[data-part=said]")).ToContainTextAsync("Committed as");
        var puts = 0;
        page.Request += (_, request) => puts += request.Method == "PUT" ? 1 : 0;

        await SendAsync(page, files);
        await Assertions.Expect(page.Locator("[data-part=said]")).ToContainTextAsync("nothing was committed");
        await SendAsync(page, [files[0], new FilePayload { Name = "copy.safetensors", MimeType = "application/octet-stream", Buffer = Weights }]);
        await Assertions.Expect(page.Locator("[data-part=said]")).ToContainTextAsync("Committed as");

        await Assertions.Expect(page.Locator("[data-part=upload] span")).ToContainTextAsync("1 here already");
        Assert.Equal(0, puts);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_taken_up_again()
    {
        await using var world = await World.CreateAsync();
        var page = await RepoAsync(world);
        var broken = 0;
        await page.RouteAsync("**/api/lfs/**", async route => await (broken++ == 0 ? route.AbortAsync() : route.ContinueAsync()));

        await SendAsync(page, [new FilePayload { Name = "model.safetensors", MimeType = "application/octet-stream", Buffer = Weights }]);
        await Assertions.Expect(page.Locator("[data-part=said]")).ToContainTextAsync("Committed as");

        using var client = world.Server.Anonymous();
        Assert.True(broken > 1);
        Assert.Equal(Weights, await client.GetByteArrayAsync("/dora/compass/resolve/main/model.safetensors"));
    }

    [Fact]
    public async Task A_branch_is_found_by_typing_and_opened_from_the_keyboard()
    {
        await using var world = await World.CreateAsync();
        var page = await RepoAsync(world);
        await page.GotoAsync("/dora/compass/refs");
        await page.GetByText("New branch").ClickAsync();
        await page.FillAsync("input[name=branch]", "experiment/far");
        await page.GetByText("Make the branch").ClickAsync();
        await Assertions.Expect(page.GetByText("experiment/far").First).ToBeVisibleAsync();
        await page.GotoAsync("/dora/compass/tree/main");

        await page.Keyboard.PressAsync("w");
        await Assertions.Expect(page.Locator("filter-list input")).ToBeFocusedAsync(); // before that, letters are shortcuts
        await page.Keyboard.TypeAsync("far");
        await Assertions.Expect(page.Locator("filter-list a:visible")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page).ToHaveURLAsync("/dora/compass/tree/experiment%2Ffar");
    }

    [Theory]
    [InlineData("/dora/compass/tree/main")]
    [InlineData("/dora/compass/blob/main/.gitattributes")]
    [InlineData("/dora/compass/upload/main")]
    [InlineData("/dora/compass/refs")]
    [InlineData("/dora/compass/settings")]
    public async Task The_tab_key_reaches_everything_that_can_be_pressed(string path)
    {
        await using var world = await World.CreateAsync();
        var page = await RepoAsync(world);
        await page.GotoAsync(path);
        var all = await page.EvaluateAsync<int>("""
            () => {
              const shown = [...document.querySelectorAll("main :is(a[href], button, summary, input:not([type=hidden]), select, textarea)")].filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled);
              for (const [i, e] of shown.entries()) e.dataset.stop = i;
              const radios = shown.filter((e) => e.type === "radio" && !e.checked);
              return shown.length - radios.length;
            }
            """);

        var reached = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < all + 40; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<string?>("document.activeElement?.dataset.stop ?? null") is { } stop)
            {
                reached.Add(stop);
            }
        }

        Assert.Equal(all, reached.Count);
    }

    private static FilePayload Text(string name, string content) => new() { Name = name, MimeType = "text/plain", Buffer = System.Text.Encoding.UTF8.GetBytes(content) };

    private static async Task SendAsync(IPage page, FilePayload[] files)
    {
        await page.GotoAsync("/dora/compass/upload/main");
        await page.Locator("input[name=files]").SetInputFilesAsync(files);
        await page.Locator("[data-part=send]").ClickAsync();
    }

    private async Task<IPage> RepoAsync(World world)
    {
        var page = await browser.OpenAsync(world.Server);
        page.SetDefaultTimeout(60_000);
        await page.GotoAsync("/join");
        await page.FillAsync("input[name=name]", "dora");
        await page.FillAsync("input[name=email]", "dora@example.org");
        await page.FillAsync("input[name=password]", "correct horse battery");
        await page.Locator("main form .button--primary").ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync("/");
        await page.GotoAsync("/new");
        await page.FillAsync("input[name=name]", "compass");
        await page.GetByText("Make the model").ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync("/dora/compass");
        return page;
    }
}
