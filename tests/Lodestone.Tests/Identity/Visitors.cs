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

    public static async Task<bool> SessionsEndAfterAsync(this TestServer server, DateTimeOffset instant)
    {
        await using var scope = server.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IdentityDb>().Sessions.AllAsync(s => s.ExpiresAt > instant);
    }
}
