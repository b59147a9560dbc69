using System.Net;
using Lodestone.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Identity;

public sealed class FirstAdministratorTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task The_link_makes_one_administrator_and_is_void_afterwards()
    {
        await using var server = await TestServer.StartAsync();
        var link = await LinkAsync(server);
        using var browser = new PageClient(server);
        using var stranger = new PageClient(server);
        var kept = await stranger.OpenAsync(link!.PathAndQuery);

        var made = await browser.SendAsync(await browser.OpenAsync(link.PathAndQuery), "setup", ("name", "carol"), ("email", "carol@example.org"), ("password", Password));
        var reopened = await stranger.OpenAsync(link.PathAndQuery);
        var resent = await stranger.SendAsync(kept, "setup", ("name", "mallory"), ("email", "mallory@example.org"), ("password", Password));

        Assert.Equal(HttpStatusCode.Redirect, made.Status);
        Assert.Contains("carol", (await browser.OpenAsync("/settings/profile")).Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, reopened.Status);
        Assert.Equal(HttpStatusCode.NotFound, resent.Status);
        Assert.Null(await LinkAsync(server));
    }

    [Fact]
    public async Task Of_many_who_use_the_link_at_once_one_becomes_administrator()
    {
        await using var server = await TestServer.StartAsync();
        var link = await LinkAsync(server);
        var browsers = Enumerable.Range(0, 5).Select(_ => new PageClient(server)).ToList();
        var pages = await Task.WhenAll(browsers.Select(b => b.OpenAsync(link!.PathAndQuery)));

        var answers = await Task.WhenAll(browsers.Select((b, i) =>
            b.SendAsync(pages[i], "setup", ("name", $"person{i}"), ("email", $"person{i}@example.org"), ("password", Password))));

        Assert.Single(answers, a => a.Status is HttpStatusCode.Redirect);
        Assert.Equal(4, answers.Count(a => a.Status is HttpStatusCode.NotFound));
        browsers.ForEach(b => b.Dispose());
    }

    [Fact]
    public async Task What_does_not_fit_leaves_the_link_open()
    {
        await using var server = await TestServer.StartAsync();
        var link = await LinkAsync(server);
        using var browser = new PageClient(server);

        var refused = await browser.SendAsync(await browser.OpenAsync(link!.PathAndQuery), "setup", ("name", "carol"), ("email", "carol@example.org"), ("password", "short"));
        var made = await browser.SendAsync(refused, "setup", ("password", Password));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Equal(HttpStatusCode.Redirect, made.Status);
    }

    [Fact]
    public async Task A_new_link_voids_the_one_before()
    {
        await using var server = await TestServer.StartAsync();
        var old = await LinkAsync(server);
        var fresh = await LinkAsync(server);
        using var browser = new PageClient(server);

        Assert.Equal(HttpStatusCode.NotFound, (await browser.OpenAsync(old!.PathAndQuery)).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.OpenAsync(fresh!.PathAndQuery)).Status);
    }

    private static async Task<Uri?> LinkAsync(TestServer server)
    {
        await using var scope = server.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<FirstAdministrator>().LinkAsync(server.Url, CancellationToken.None);
    }
}
