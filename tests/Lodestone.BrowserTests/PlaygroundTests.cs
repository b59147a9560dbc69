using Lodestone.Billing;
using Lodestone.Identity;
using Lodestone.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Lodestone.BrowserTests;

public sealed class PlaygroundTests(Browser browser)
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task An_answer_streams_into_the_page_without_moving_it()
    {
        await using var world = await StartAsync("1");
        var page = await SignInAsync(world);
        await WatchLayoutAsync(page);

        await AskAsync(page, "What is a compass?");
        await Assertions.Expect(page.Locator("[data-fact=cost]")).ToContainTextAsync("$");

        Assert.NotEmpty(await page.Locator(".turn:not(.turn--user) .turn__text").InnerTextAsync());
        Assert.Matches("^[0-9]+ tokens$", await page.Locator("[data-fact=prompt]").InnerTextAsync());
        Assert.Matches("^[0-9]+ ms$", await page.Locator("[data-fact=first]").InnerTextAsync());
        Assert.Equal(0, await page.EvaluateAsync<double>("window.moved"));
        Assert.True(await page.Locator("textarea[name=message]").EvaluateAsync<bool>("e => e === document.activeElement"));
        await ShootAsync(page, "playground");
    }

    [Fact]
    public async Task Who_cannot_pay_is_offered_to_top_up_on_a_small_screen_too()
    {
        await using var world = await StartAsync("0");
        var page = await SignInAsync(world, width: 390);

        await AskAsync(page, "What is a compass?");

        await Assertions.Expect(page.Locator(".chat .alert a")).ToHaveTextAsync("Top up");
        Assert.Equal("What is a compass?", await page.InputValueAsync("textarea[name=message]"));
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        await ShootAsync(page, "playground-narrow");
    }

    private static async Task<World> StartAsync(string freePerDay)
    {
        var world = await World.CreateAsync(services => services.AddSingleton(new BillingOptions { FreePerDay = freePerDay }));
        await world.PublishAsync("acme/compass", await File.ReadAllBytesAsync(DemoModel.Chat));
        await world.PriceAsync("acme/compass", "10", "20");
        await world.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(
            new NewUser { Name = "dora", FullName = "Dora", Email = "dora@example.org", Password = Password }, CancellationToken.None));
        return world;
    }

    private async Task<IPage> SignInAsync(World world, int width = 1280)
    {
        var page = await browser.OpenAsync(world.Server, width: width);
        page.SetDefaultTimeout(60_000);
        await page.GotoAsync("/login?returnUrl=%2Fplayground%2Facme%2Fcompass");
        await page.FillAsync("input[name=account]", "dora");
        await page.FillAsync("input[name=password]", Password);
        await page.PressAsync("input[name=password]", "Enter");
        await Assertions.Expect(page).ToHaveURLAsync("/playground/acme/compass");
        return page;
    }

    private static async Task AskAsync(IPage page, string question)
    {
        await page.FillAsync("textarea[name=message]", question);
        await page.PressAsync("textarea[name=message]", "Enter");
    }

    // What a person brings about by typing is no shift; what happens by itself afterwards is.
    private static async Task WatchLayoutAsync(IPage page) => await page.EvaluateAsync(
        """
        () => {
          window.moved = 0;
          new PerformanceObserver((list) => list.getEntries().forEach((e) => { window.moved += e.hadRecentInput ? 0 : e.value; })).observe({ type: "layout-shift" });
        }
        """);

    // Looked at by people; not compared.
    private static async Task ShootAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("LODESTONE_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
        }
    }
}
