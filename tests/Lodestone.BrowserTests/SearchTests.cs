using System.Net.Http.Json;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Lodestone.BrowserTests;

public sealed class SearchTests(Browser browser)
{
    [Fact]
    public async Task Typing_finds_and_arrow_keys_choose_and_without_script_the_form_does()
    {
        await using var server = await TestServer.StartAsync();
        await PublishAsync(server);
        var page = await browser.OpenAsync(server);
        await page.GotoAsync("/");

        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("comp");
        await Assertions.Expect(page.GetByRole(AriaRole.Option)).ToHaveTextAsync(["alice/compass", "Search names and cards for “comp”"]);
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/alice/compass");

        var plain = await browser.OpenAsync(server, script: false);
        await plain.GotoAsync("/");
        await plain.Locator(".top__search input").FillAsync("comp");
        await plain.Keyboard.PressAsync("Enter");
        await plain.WaitForURLAsync("**/search?q=comp");
        await Assertions.Expect(plain.Locator(".results a")).ToHaveTextAsync("alice/compass");
    }

    [Fact]
    public async Task A_slider_chooses_sizes_with_script_and_two_fields_do_without()
    {
        await using var server = await TestServer.StartAsync();
        var page = await browser.OpenAsync(server);
        await page.GotoAsync("/models");

        await page.GetByRole(AriaRole.Slider, new() { Name = "At least" }).FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.WaitForURLAsync("**/models?min=100M**");
        Assert.False(await page.Locator("select[name=min]").IsVisibleAsync());

        var plain = await browser.OpenAsync(server, script: false);
        await plain.GotoAsync("/models");
        await plain.Locator("select[name=max]").SelectOptionAsync("7B");
        await plain.Locator("form:has(select[name=max]) button").ClickAsync();
        await plain.WaitForURLAsync("**max=7B**");
    }

    private static async Task PublishAsync(TestServer server)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        var alice = await accounts.CreateUserAsync(new NewUser { Name = "alice", FullName = "Alice", Email = "alice@example.org", EmailVerified = true }, CancellationToken.None);
        using var client = server.With(await accounts.IssueTokenAsync(alice, new NewToken("tests", TokenScope.Write), CancellationToken.None));
        using var made = await client.PostAsJsonAsync("/api/repos/create", new { name = "compass" });
        made.EnsureSuccessStatusCode();
    }
}
