using Lodestone.Tests;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Lodestone.BrowserTests.Browser))]

namespace Lodestone.BrowserTests;

/// <summary>One Chromium for the whole run. Each test opens a context of its own: no cookies, no cache.</summary>
public sealed class Browser : IAsyncLifetime
{
    // Without these, Chromium calls its maker at every start.
    private static readonly string[] Quiet =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _chromium;

    public async ValueTask InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout(60_000); // a model may have to be loaded first, on a machine that does other work
        _playwright = await Playwright.CreateAsync();
        _chromium = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Executable(), Args = Quiet });
    }

    /// <param name="server">The server whose pages are opened by path.</param>
    /// <param name="dark">Asks for the dark scheme.</param>
    /// <param name="width">Pixels; 390 is a telephone.</param>
    /// <param name="script">Off to see what a reader without script sees.</param>
    public async Task<IPage> OpenAsync(TestServer server, bool dark = false, int width = 1280, bool script = true)
    {
        var context = await _chromium!.NewContextAsync(new BrowserNewContextOptions // launched before the first test
        {
            BaseURL = server.Url.ToString(),
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            JavaScriptEnabled = script,
        });
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_chromium is not null)
        {
            await _chromium.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    private static string Executable() =>
        new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("Chromium is not installed. ./test installs it.");
}
