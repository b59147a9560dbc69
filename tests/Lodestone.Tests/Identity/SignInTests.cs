using System.Net;

namespace Lodestone.Tests.Identity;

public sealed class SignInTests
{
    private const string Password = "correct horse battery";

    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_person_joins_signs_out_and_signs_in_again()
    {
        await using var server = await TestServer.StartAsync();
        using var browser = new PageClient(server);

        var joined = await browser.SendAsync(await browser.OpenAsync("/join"), "join", ("name", "Dora"), ("email", "dora@example.org"), ("password", Password));
        var profile = await browser.OpenAsync("/settings/profile");
        var left = await browser.SendAsync(profile, "/logout");
        var turnedAway = await browser.OpenAsync("/settings/profile");
        var back = await browser.SendAsync(await browser.OpenAsync(turnedAway.Location!.ToString()), "login", ("account", "DORA@example.org"), ("password", Password));

        Assert.Equal(HttpStatusCode.Redirect, joined.Status);
        Assert.Contains("dora@example.org", profile.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, left.Status);
        Assert.Equal("/login?returnUrl=%2Fsettings%2Fprofile", PathOf(turnedAway.Location));
        Assert.Equal("/settings/profile", PathOf(back.Location));
    }

    [Fact]
    public async Task The_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites()
    {
        await using var server = await TestServer.StartAsync();
        using var browser = new PageClient(server);

        var joined = await browser.SendAsync(await browser.OpenAsync("/join"), "join", ("name", "dora"), ("email", "dora@example.org"), ("password", Password));

        var cookie = Assert.Single(joined.SetCookies, c => c.StartsWith("token=", StringComparison.Ordinal));
        Assert.Matches("^token=[0-9A-Za-z]{34}; max-age=2592000; path=/; samesite=lax; httponly$", cookie);
    }

    [Fact]
    public async Task A_visit_moves_the_end_of_the_session_to_thirty_days_from_then()
    {
        await using var server = await TestServer.StartAsync();
        await server.JoinAsync("dora", Password);
        using var browser = await server.SignedInAsync("dora", Password);
        var fresh = await browser.OpenAsync("/settings/profile");
        await server.EndSessionsAtAsync(Now + TimeSpan.FromDays(1)); // as after 29 days away

        var visit = await browser.OpenAsync("/settings/profile");
        await Eventually.TrueAsync(async () =>
        {
            server.Clock.Advance(TimeSpan.FromMinutes(1)); // more than once, should the loop not have begun yet
            return await server.SessionEndAsync() > Now + TimeSpan.FromDays(29);
        });

        Assert.DoesNotContain(fresh.SetCookies, c => c.StartsWith("token=", StringComparison.Ordinal));
        Assert.Contains(visit.SetCookies, c => c.StartsWith("token=", StringComparison.Ordinal));
        Assert.Equal(Now + TimeSpan.FromDays(30), await server.SessionEndAsync());
    }

    [Fact]
    public async Task A_session_that_has_ended_is_nobodys()
    {
        await using var server = await TestServer.StartAsync();
        await server.JoinAsync("dora", Password);
        using var browser = await server.SignedInAsync("dora", Password);

        await server.EndSessionsAtAsync(Now);

        Assert.Equal(HttpStatusCode.Redirect, (await browser.OpenAsync("/settings/profile")).Status);
    }

    [Theory]
    [InlineData("x", "dora@example.org", Password, "must have 2 to 42 characters")]
    [InlineData("do ra", "dora@example.org", Password, "only letters, digits")]
    [InlineData("settings", "dora@example.org", Password, "is reserved")]
    [InlineData("app.css", "dora@example.org", Password, "is reserved")]
    [InlineData("_dora", "dora@example.org", Password, "is reserved")]
    [InlineData("dora", "nowhere", Password, "such as ada@example.org")]
    [InlineData("dora", "dora@example.org", "short", "10 to 200 characters")]
    public async Task What_does_not_fit_is_said_at_the_field_and_the_rest_is_kept(string name, string email, string password, string said)
    {
        await using var server = await TestServer.StartAsync();
        using var browser = new PageClient(server);

        var answer = await browser.SendAsync(await browser.OpenAsync("/join"), "join", ("name", name), ("email", email), ("password", password));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        Assert.Contains(said, answer.Text(".field__error"), StringComparison.Ordinal);
        Assert.Equal(name, answer.Value("name"));
        Assert.Equal(email, answer.Value("email"));
        Assert.Equal("", answer.Value("password"));
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_name_are_refused_alike()
    {
        await using var server = await TestServer.StartAsync();
        using var browser = new PageClient(server);
        await server.JoinAsync("dora", Password);
        var login = await browser.OpenAsync("/login");

        var wrong = await browser.SendAsync(login, "login", ("account", "dora"), ("password", "wrong password"));
        var unknown = await browser.SendAsync(login, "login", ("account", "nobody"), ("password", "wrong password"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.Status);
        Assert.Equal(wrong.Text(".alert"), unknown.Text(".alert"));
        Assert.Equal("dora", wrong.Value("account"));
    }

    [Fact]
    public async Task Guessing_has_to_wait_longer_and_longer()
    {
        await using var server = await TestServer.StartAsync();
        using var browser = new PageClient(server);
        await server.JoinAsync("dora", Password);
        var login = await browser.OpenAsync("/login");
        Task<Page> Try(string password) => browser.SendAsync(login, "login", ("account", "Dora"), ("password", password));

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Try("wrong password")).Status);
        }

        var held = await Try(Password);
        server.Clock.Advance(TimeSpan.FromSeconds(10));
        var wrongAgain = await Try("wrong password");
        var heldLonger = await Try(Password);
        server.Clock.Advance(TimeSpan.FromSeconds(20));
        var right = await Try(Password);

        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(10)), (held.Status, held.RetryAfter));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrongAgain.Status);
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(20)), (heldLonger.Status, heldLonger.RetryAfter));
        Assert.Equal(HttpStatusCode.Redirect, right.Status);
    }

    [Theory]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("/models?sort=likes", "/models?sort=likes")]
    public async Task After_signing_in_one_stays_on_this_server(string returnUrl, string expected)
    {
        await using var server = await TestServer.StartAsync();
        using var browser = new PageClient(server);
        await server.JoinAsync("dora", Password);

        var login = await browser.OpenAsync("/login?returnUrl=" + Uri.EscapeDataString(returnUrl));
        var answer = await browser.SendAsync(login, "login", ("account", "dora"), ("password", Password), ("returnUrl", returnUrl));

        Assert.Equal(expected, PathOf(answer.Location));
    }

    [Fact]
    public async Task Of_many_who_join_with_one_name_at_once_one_gets_it()
    {
        await using var server = await TestServer.StartAsync();
        var browsers = Enumerable.Range(0, 6).Select(_ => new PageClient(server)).ToList();
        var pages = await Task.WhenAll(browsers.Select(b => b.OpenAsync("/join")));

        var answers = await Task.WhenAll(browsers.Select((b, i) =>
            b.SendAsync(pages[i], "join", ("name", i % 2 == 0 ? "dora" : "DORA"), ("email", $"dora{i}@example.org"), ("password", Password))));

        Assert.Single(answers, a => a.Status is HttpStatusCode.Redirect);
        Assert.All(answers.Where(a => a.Status is not HttpStatusCode.Redirect), a => Assert.Contains("is taken", a.Text(".field__error"), StringComparison.Ordinal));
        browsers.ForEach(b => b.Dispose());
    }

    [Fact]
    public async Task A_new_password_ends_the_other_sessions()
    {
        await using var server = await TestServer.StartAsync();
        await server.JoinAsync("dora", Password);
        using var here = await server.SignedInAsync("dora", Password);
        using var elsewhere = await server.SignedInAsync("dora", Password);

        var wrong = await here.SendAsync(await here.OpenAsync("/settings/profile"), "password", ("current", "not this one"), ("password", "another good phrase"));
        var right = await here.SendAsync(await here.OpenAsync("/settings/profile"), "password", ("current", Password), ("password", "another good phrase"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.Status);
        Assert.Equal(HttpStatusCode.Redirect, right.Status);
        Assert.Equal(HttpStatusCode.OK, (await here.OpenAsync("/settings/profile")).Status);
        Assert.Equal(HttpStatusCode.Redirect, (await elsewhere.OpenAsync("/settings/profile")).Status);
        using var again = await server.SignedInAsync("dora", "another good phrase");
    }

    private static string PathOf(Uri? location) => location is null ? "" : location.IsAbsoluteUri ? location.PathAndQuery : location.ToString();
}
