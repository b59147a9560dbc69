using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lodestone.Tests.Identity;

public sealed class SecrecyTests
{
    [Fact]
    public async Task Passwords_tokens_and_sessions_are_neither_logged_nor_stored_as_they_are()
    {
        const string Password = "correct horse battery";
        using var logged = new Logged();
        await using var server = await TestServer.StartAsync(services => services.AddLogging(l => l.AddProvider(logged).SetMinimumLevel(LogLevel.Trace)));
        await server.JoinAsync("dora", Password);
        using var browser = await server.SignedInAsync("dora", Password);
        var token = (await browser.SendAsync(await browser.OpenAsync("/settings/tokens"), "create", ("name", "laptop"), ("role", "write"))).Text("#new-token");
        using var program = server.With(token);
        await program.GetStringAsync("/api/whoami-v2");
        using var wrong = server.With(token + "x");
        await wrong.GetAsync("/api/whoami-v2");
        var session = browser.Cookies.GetCookies(server.Url)["token"]!.Value; // signed in above

        Assert.Equal(Directory.EnumerateFiles(server.DataDirectory, "*.db").Any(), await IsInDatabaseAsync(server, "laptop")); // what is stored would be found
        Assert.Contains(logged.Lines, l => l.Contains("was issued", StringComparison.Ordinal));
        foreach (var secret in new[] { Password, token, session })
        {
            Assert.DoesNotContain(logged.Lines, l => l.Contains(secret, StringComparison.Ordinal));
            Assert.False(await IsInDatabaseAsync(server, secret));
        }
    }

    // On SQLite the database is these files; on PostgreSQL there are none, and the same code stores the same values.
    private static async Task<bool> IsInDatabaseAsync(TestServer server, string secret)
    {
        foreach (var file in Directory.EnumerateFiles(server.DataDirectory, "*.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            if ((await reader.ReadToEndAsync()).Contains(secret, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private sealed class Logged : ILoggerProvider, ILogger
    {
        public ConcurrentBag<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception) + exception);

        public void Dispose() => Lines.Clear();
    }
}
