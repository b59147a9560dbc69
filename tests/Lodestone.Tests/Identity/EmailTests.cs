using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Tests.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Identity;

public sealed partial class EmailTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";
    private const string Settings = "/settings/profile";

    private readonly MailSink _sink = new();
    private World _world = null!; // set before any test runs

    public async ValueTask InitializeAsync() => _world = await World.CreateAsync(services => services.AddSingleton<IMail>(_sink));

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Joining_mails_a_link_that_works_once_and_only_for_whoever_joined()
    {
        using var dana = await JoinAsync("dana");
        await _sink.CountAsync(1);
        var link = LinkIn(_sink.All[0]);
        await _world.Server.JoinAsync("eve", Password);
        using var eve = await _world.Server.SignedInAsync("eve", Password);
        using var stranger = new PageClient(_world.Server);

        var before = await dana.OpenAsync(Settings);
        var asked = await stranger.OpenAsync(link);
        var taken = await eve.OpenAsync(link);
        var question = await dana.OpenAsync(link);
        var confirmed = await dana.SendAsync(question, "confirm");
        var after = await dana.OpenAsync(Settings);
        var again = await dana.OpenAsync(link);
        var twice = await dana.SendAsync(question, "confirm");

        Assert.Equal(("dana@example.org", "Confirm your address for dana"), (_sink.All[0].To, _sink.All[0].Subject));
        Assert.Contains("not confirmed", before.Html, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Redirect, true), (asked.Status, asked.Location!.ToString().Contains("/login?", StringComparison.Ordinal)));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (taken.Status, again.Status));
        Assert.DoesNotContain("dana", taken.Html, StringComparison.Ordinal);
        Assert.Contains("Is dana@example.org your address?", Spaces().Replace(question.Text("form p"), " "), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Redirect, true), (confirmed.Status, confirmed.Location!.ToString().EndsWith(Settings, StringComparison.Ordinal)));
        Assert.Contains("dana@example.org is confirmed", after.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("not confirmed", after.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, twice.Status);
        Assert.Single(_sink.All);
    }

    [Fact]
    public async Task A_newer_link_ends_the_older_a_day_ends_each_and_few_are_sent_in_a_day()
    {
        using var dana = await JoinAsync("dana");
        await _sink.CountAsync(1);

        var tooSoon = await AskAsync(dana);
        Advance(TimeSpan.FromMinutes(1));
        await AskAsync(dana);
        await _sink.CountAsync(2);
        var (older, newer) = (await dana.OpenAsync(LinkIn(_sink.All[0])), await dana.OpenAsync(LinkIn(_sink.All[1])));
        for (var sent = 3; sent <= 5; sent++)
        {
            Advance(TimeSpan.FromMinutes(1));
            await AskAsync(dana);
            await _sink.CountAsync(sent);
        }

        Advance(TimeSpan.FromMinutes(1));
        var tooMany = await AskAsync(dana);
        await _world.Server.JoinAsync("eve", Password);
        using var eve = await _world.Server.SignedInAsync("eve", Password);
        await ChangeAsync(eve, "dana@example.org", Password); // the same address has had its five
        Advance(TimeSpan.FromDays(1) - TimeSpan.FromMinutes(4));
        var expired = await dana.OpenAsync(LinkIn(_sink.All[1]));
        var nextDay = await AskAsync(dana);
        await _sink.CountAsync(6);

        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromMinutes(1)), (tooSoon.Status, tooSoon.RetryAfter));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.OK), (older.Status, newer.Status));
        Assert.Equal(HttpStatusCode.TooManyRequests, tooMany.Status);
        Assert.Contains("ask again in 24 hours", tooMany.Html, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Redirect), (expired.Status, nextDay.Status));
        Assert.All(_sink.All, m => Assert.Contains("for the account dana", m.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_address_asks_for_the_password_and_counts_for_nothing_until_it_is_confirmed()
    {
        var (alice, danaId) = (_world.As(_world.Alice), await _world.Server.JoinAsync("dana", Password));
        using var dana = await _world.Server.SignedInAsync("dana", Password);
        await alice.CreateRepoAsync("alice/gated");
        (await alice.PutAsJsonAsync("/api/v1/gates/models/alice/gated", new { mode = "manual", domains = new[] { "globex.com" }, domainRule = "require" })).EnsureSuccessStatusCode();
        using var client = _world.Server.With(await _world.UseAsync<Accounts, string>(a => a.IssueTokenAsync(danaId, new NewToken("x", TokenScope.Write), CancellationToken.None)));

        var wrong = await ChangeAsync(dana, "dana@globex.com", "not her password");
        var malformed = await ChangeAsync(dana, "globex.com", Password);
        var changed = await ChangeAsync(dana, "Dana@Globex.com", Password);
        await LinksAsync(1);
        using var refused = await client.PostAsJsonAsync("/alice/gated/ask-access", new { });
        await dana.SendAsync(await dana.OpenAsync(LinkIn(_sink.All[0])), "confirm");
        using var asked = await client.PostAsJsonAsync("/alice/gated/ask-access", new { });
        var pending = await alice.GetStringAsync("/api/models/alice/gated/user-access-request/pending");
        await _world.Server.JoinAsync("eve", Password);
        using var eve = await _world.Server.SignedInAsync("eve", Password);
        await ChangeAsync(eve, "dana@globex.com", Password);
        var second = await eve.SendAsync(await eve.OpenAsync((await LinksAsync(2))[1]), "confirm");
        await ChangeAsync(dana, "dana@example.org", Password);
        var back = await dana.OpenAsync(Settings);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, HttpStatusCode.UnprocessableEntity, HttpStatusCode.Redirect), (wrong.Status, malformed.Status, changed.Status));
        Assert.Contains("This is not your current password.", wrong.Html, StringComparison.Ordinal);
        Assert.Equal("Dana@Globex.com", _sink.All[0].To);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("\"dana\"", pending, StringComparison.Ordinal);
        Assert.Contains("Another account has shown that this address is its own", second.Html, StringComparison.Ordinal);
        Assert.Contains("not confirmed", back.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_mail_server_the_page_says_so_and_an_administrator_vouches()
    {
        await using var server = await TestServer.StartAsync();
        using var dana = new PageClient(server);
        await dana.SendAsync(await dana.OpenAsync("/join"), "join", ("name", "dana"), ("email", "dana@example.org"), ("password", Password));

        var before = await dana.OpenAsync(Settings);
        await using var scope = server.Services.CreateAsyncScope();
        var address = await scope.ServiceProvider.GetRequiredService<Accounts>().VerifyEmailAsync("Dana", CancellationToken.None);
        var after = await dana.OpenAsync(Settings);

        Assert.Contains("This server sends no mail", before.Html, StringComparison.Ordinal);
        Assert.Contains("lodestone user verify dana", before.Html, StringComparison.Ordinal);
        Assert.Equal("dana@example.org", address);
        Assert.DoesNotContain("not confirmed", after.Html, StringComparison.Ordinal);
        Assert.Empty(await scope.ServiceProvider.GetRequiredService<IdentityDb>().EmailLinks.ToListAsync());
    }

    /// <summary>Those that were mailed, as soon as there are so many.</summary>
    private async Task<IReadOnlyList<string>> LinksAsync(int count)
    {
        var mails = () => _sink.All.Where(m => m.Subject.StartsWith("Confirm", StringComparison.Ordinal)).Select(LinkIn).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(mails().Count == count));
        return mails();
    }

    private async Task<PageClient> JoinAsync(string name)
    {
        var browser = new PageClient(_world.Server);
        var answer = await browser.SendAsync(await browser.OpenAsync("/join"), "join", ("name", name), ("email", $"{name}@example.org"), ("password", Password));
        Assert.Equal(HttpStatusCode.Redirect, answer.Status);
        return browser;
    }

    private static async Task<Page> AskAsync(PageClient browser) => await browser.SendAsync(await browser.OpenAsync(Settings), "link");

    private static async Task<Page> ChangeAsync(PageClient browser, string email, string password) =>
        await browser.SendAsync(await browser.OpenAsync(Settings), "email", ("email", email), ("proof", password));

    private void Advance(TimeSpan by) => _world.Server.Clock.Advance(by);

    private static string LinkIn(Mail mail) => Link().Match(mail.Text).Value is { Length: > 0 } link ? link : throw new InvalidOperationException($"No link in: {mail.Text}");

    [GeneratedRegex("/settings/email/confirm\\?token=[0-9A-Za-z]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Spaces();
}
