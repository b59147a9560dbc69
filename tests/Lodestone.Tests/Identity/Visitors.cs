using System.Net;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Identity;

/// <summary>People with passwords, and browsers in which they are signed in.</summary>
internal static class Visitors
{
    public static async Task<Guid> JoinAsync(this TestServer server, string name, string password)
    {
        await using var scope = server.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<Accounts>()
            .CreateUserAsync(new NewUser { Name = name, Email = $"{name}@example.org", Password = password }, CancellationToken.None);
    }

    public static async Task<PageClient> SignedInAsync(this TestServer server, string name, string password)
    {
        var browser = new PageClient(server);
        var answer = await browser.SendAsync(await browser.OpenAsync("/login"), "login", ("account", name), ("password", password));
        Assert.Equal(HttpStatusCode.Redirect, answer.Status);
        return browser;
    }

    /// <summary>A browser with the cookie of a session, such as a seed file has.</summary>
    public static PageClient Browsing(this TestServer server, string session)
    {
        var browser = new PageClient(server);
        browser.Cookies.Add(server.Url, new Cookie("token", session));
        return browser;
    }

    /// <summary>In place of waiting: a clock that jumps for weeks would have every timer of the server fire for each second of them.</summary>
    public static async Task EndSessionsAtAsync(this TestServer server, DateTimeOffset end)
    {
        await using var scope = server.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IdentityDb>().Sessions.ExecuteUpdateAsync(s => s.SetProperty(x => x.ExpiresAt, end));
        scope.ServiceProvider.GetRequiredService<Credentials>().Forget();
    }

    public static async Task<DateTimeOffset> SessionEndAsync(this TestServer server)
    {
        await using var scope = server.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IdentityDb>().Sessions.Select(s => s.ExpiresAt).SingleAsync();
    }
}
