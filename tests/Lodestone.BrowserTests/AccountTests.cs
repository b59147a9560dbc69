using System.Net.Http.Json;
using Lodestone.Tests;
using Microsoft.Playwright;

namespace Lodestone.BrowserTests;

/// <summary>From nobody to somebody whose calls are on a plot.</summary>
public sealed class AccountTests(Browser browser)
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_visitor_signs_up_makes_a_token_and_calls_with_it()
    {
        await using var world = await World.CreateAsync();
        var page = await SignUpAsync(world);
        await Assertions.Expect(page.GetByText("Welcome, dora.")).ToBeVisibleAsync();

        await page.GotoAsync("/settings/tokens");
        await page.FillAsync("input[name=name]", "laptop");
        await page.Locator("main form .button--primary").ClickAsync();
        var token = await page.Locator("#new-token").InnerTextAsync();

        using var client = world.Server.With(token);
        Assert.Contains("\"dora\"", await client.GetStringAsync("/api/whoami-v2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_usage_plot_shows_the_day_of_a_call_and_leads_to_its_ledger_rows()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("acme/compass", await File.ReadAllBytesAsync(DemoModel.Chat));
        await world.PriceAsync("acme/compass", "10", "20");
        var page = await SignUpAsync(world);
        await page.GotoAsync("/settings/tokens");
        await page.FillAsync("input[name=name]", "laptop");
        await page.Locator("main form .button--primary").ClickAsync();
        using var client = world.Server.With(await page.Locator("#new-token").InnerTextAsync());
        using var called = await client.PostAsJsonAsync(
            "/v1/chat/completions", new { model = "acme/compass", max_tokens = 20, messages = new[] { new { role = "user", content = "Hello" } } });
        called.EnsureSuccessStatusCode();

        await page.GotoAsync("/usage");

        await Assertions.Expect(page.Locator(".chart__bar")).Not.ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator(".chart tbody th").Last).ToContainTextAsync("2 Mar"); // the test clock's day, in the plot's table
        await page.Locator("td a[href^='/usage/calls/']").First.ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Ledger" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("counted by the engine")).ToBeVisibleAsync();
    }

    private async Task<IPage> SignUpAsync(World world)
    {
        var page = await browser.OpenAsync(world.Server);
        page.SetDefaultTimeout(60_000);
        await page.GotoAsync("/join");
        await page.FillAsync("input[name=name]", "dora");
        await page.FillAsync("input[name=email]", "dora@example.org");
        await page.FillAsync("input[name=password]", Password);
        await page.Locator("main form .button--primary").ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync("/");
        return page;
    }
}
