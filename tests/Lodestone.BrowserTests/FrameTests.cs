using Lodestone.Tests;

namespace Lodestone.BrowserTests;

public sealed class FrameTests(Browser browser)
{
    [Fact]
    public async Task A_missing_page_says_what_to_do_next()
    {
        await using var server = await TestServer.StartAsync();
        var page = await browser.OpenAsync(server);

        var answer = await page.GotoAsync("/no/such/thing/at/all");

        Assert.Equal(404, answer?.Status);
        Assert.Equal("There is nothing here", await page.Locator("h1").InnerTextAsync());
        Assert.True(await page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "Browse models" }).IsVisibleAsync());
    }
}
