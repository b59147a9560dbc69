using System.Net;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Identity.OAuth;

/// <summary>Refresh tokens, devices, giving tokens back, and everything that ends them.</summary>
public sealed class GrantsTests(OauthStage stage) : IClassFixture<OauthStage>
{
    private const string DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

    [Fact]
    public async Task A_refresh_token_is_replaced_each_time_and_an_old_one_ends_the_whole_sign_in()
    {
        var first = await stage.SignInAsync(stage.AliceInBrowser, "openid read-repos");
        var (_, second) = await stage.RefreshAsync((string)first["refresh_token"]!);
        var (status, third) = await stage.RefreshAsync((string)second["refresh_token"]!);
        var other = await stage.SignInAsync(stage.AliceInBrowser, "openid");
        Assert.Equal((HttpStatusCode.OK, "openid read-repos"), (status, (string?)third["scope"]));
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync((string)third["access_token"]!));

        var (reused, body) = await stage.RefreshAsync((string)first["refresh_token"]!);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (reused, (string?)body["error"]));
        foreach (var tokens in new[] { first, second, third })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await stage.StatusAsync((string)tokens["access_token"]!));
            Assert.Equal("invalid_grant", (string?)(await stage.RefreshAsync((string)tokens["refresh_token"]!)).Body["error"]);
        }

        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync((string)other["access_token"]!));
    }

    [Fact]
    public async Task Of_two_who_refresh_at_once_at_most_one_is_given_tokens()
    {
        var refresh = (string)(await stage.SignInAsync(stage.BobInBrowser, "openid"))["refresh_token"]!;

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => stage.RefreshAsync(refresh)));

        Assert.InRange(answers.Count(a => a.Status is HttpStatusCode.OK), 0, 1);
        Assert.Equal("invalid_grant", (string?)(await stage.RefreshAsync(refresh)).Body["error"]);
    }

    [Fact]
    public async Task A_refresh_token_is_good_for_its_own_app_and_for_thirty_days()
    {
        var refresh = (string)(await stage.SignInAsync(stage.BobInBrowser, "openid"))["refresh_token"]!;

        var foreign = await stage.RefreshAsync(refresh, "either");
        var nameless = await stage.PostAsync("/oauth/token", ("grant_type", "refresh_token"), ("refresh_token", refresh));
        await stage.EndAsync(db => db.OauthTokens.ExecuteUpdateAsync(t => t.SetProperty(x => x.RefreshExpiresAt, stage.World.Server.Clock.GetUtcNow())));
        var late = await stage.RefreshAsync(refresh);

        Assert.Equal(("invalid_grant", "invalid_client", "invalid_grant"), ((string?)foreign.Body["error"], (string?)nameless.Body["error"], (string?)late.Body["error"]));
    }

    [Fact]
    public async Task An_access_token_ends_after_its_time()
    {
        var token = (string)(await stage.SignInAsync(stage.BobInBrowser, "openid"))["access_token"]!;
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync(token));

        await stage.EndAsync(db => db.OauthTokens.ExecuteUpdateAsync(t => t.SetProperty(x => x.ExpiresAt, stage.World.Server.Clock.GetUtcNow())));

        Assert.Equal(HttpStatusCode.Unauthorized, await stage.StatusAsync(token));
    }

    [Fact]
    public async Task An_app_gives_back_its_own_tokens_and_no_others()
    {
        var tokens = await stage.SignInAsync(stage.BobInBrowser, "openid");
        var (access, refresh) = ((string)tokens["access_token"]!, (string)tokens["refresh_token"]!);

        var foreign = await stage.PostAsync("/oauth/revoke", ("token", refresh), ("client_id", "either"));
        var unknown = await stage.PostAsync("/oauth/revoke", ("token", "hf_oauth_0000"), ("client_id", "compass"));
        var nameless = await stage.PostAsync("/oauth/revoke", ("token", refresh));
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync(access));
        var own = await stage.PostAsync("/oauth/revoke", ("token", refresh), ("client_id", "compass"), ("token_type_hint", "refresh_token"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.OK), (foreign.Status, unknown.Status, nameless.Status, own.Status));
        Assert.Equal(HttpStatusCode.Unauthorized, await stage.StatusAsync(access));
    }

    [Theory]
    [InlineData("grant_type=password&username=alice&password=x", "unsupported_grant_type")]
    [InlineData("grant_type=client_credentials", "unsupported_grant_type")]
    [InlineData("code=x", "invalid_request")]
    [InlineData("grant_type=authorization_code&redirect_uri=x", "invalid_request")]
    [InlineData("grant_type=authorization_code&grant_type=refresh_token&code=x", "invalid_request")]
    [InlineData("grant_type=refresh_token&refresh_token=x&client_id=nobody", "invalid_client")]
    [InlineData("grant_type=authorization_code&code=%00&redirect_uri=x", "invalid_request")]
    public async Task What_is_asked_wrongly_is_told_in_the_words_of_the_standard(string form, string error)
    {
        using var body = new StringContent(form, System.Text.Encoding.ASCII, "application/x-www-form-urlencoded");
        using var answer = await stage.Nobody.PostAsync("/oauth/token", body);

        var told = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal(error, (string?)told["error"]);
        Assert.NotNull((string?)told["error_description"]);
        Assert.Equal(error is "invalid_client" ? HttpStatusCode.Unauthorized : HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task The_command_line_signs_in_by_a_code_that_a_person_types()
    {
        var (_, device) = await stage.PostAsync("/oauth/device", ("client_id", OauthStage.CommandLine));
        Assert.Matches("^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$", (string?)device["user_code"]);
        Assert.Equal((5, 900), ((int)device["interval"]!, (int)device["expires_in"]!));
        Assert.Equal("authorization_pending", await PollAsync(device));
        using var browser = stage.World.Server.Browsing("alice-in-a-browser");
        var typing = await browser.OpenAsync("/oauth/activate");
        Assert.NotNull(typing.Document.QuerySelector("input[name=user_code]"));

        var question = await browser.OpenAsync(new Uri((string)device["verification_uri_complete"]!).PathAndQuery);
        Assert.Contains((string)device["user_code"]!, question.Text(".consent__code"), StringComparison.Ordinal);
        Assert.Contains("Manage repositories", question.Text(".scopes"), StringComparison.Ordinal);
        var done = await browser.SendAsync(question, "decide", ("decision", "allow"));

        Assert.Contains("is signed in as alice", done.Html, StringComparison.Ordinal);
        var (status, tokens) = await stage.PostAsync("/oauth/token", ("grant_type", DeviceGrant), ("device_code", (string)device["device_code"]!), ("client_id", OauthStage.CommandLine));
        Assert.Equal(HttpStatusCode.OK, status);
        using var program = stage.World.Server.With((string)tokens["access_token"]!);
        var who = JsonNode.Parse(await program.GetStringAsync("/api/whoami-v2"))!;
        Assert.Equal(("alice", "oauth"), ((string?)who["name"], (string?)who["auth"]!["type"]));
        Assert.Null(who["auth"]!["accessToken"]);
        Assert.Equal("invalid_grant", await PollAsync(device));
        Assert.Equal(HttpStatusCode.OK, (await stage.RefreshAsync((string)tokens["refresh_token"]!, OauthStage.CommandLine)).Status);
    }

    [Fact]
    public async Task A_device_that_asks_too_often_is_slowed_down_and_hears_a_no()
    {
        var (_, device) = await stage.PostAsync("/oauth/device", ("client_id", "compass"), ("scope", "openid"));
        var clock = stage.World.Server.Clock;
        Assert.Equal("authorization_pending", await PollAsync(device, "compass"));

        Assert.Equal("slow_down", await PollAsync(device, "compass"));
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("slow_down", await PollAsync(device, "compass"));
        clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal("authorization_pending", await PollAsync(device, "compass"));
        using var browser = stage.World.Server.Browsing("alice-in-a-browser");
        var question = await browser.OpenAsync($"/oauth/activate?user_code={((string)device["user_code"]!).ToLowerInvariant().Replace('-', ' ')}");
        await browser.SendAsync(question, "decide", ("decision", "deny"));

        Assert.Equal("access_denied", await PollAsync(device, "compass"));
        Assert.Equal("invalid_grant", await PollAsync(device, "either"));
    }

    [Fact]
    public async Task A_devices_code_ends_after_a_quarter_of_an_hour_and_wrong_ones_are_counted()
    {
        var (_, device) = await stage.PostAsync("/oauth/device", ("client_id", "compass"));
        await stage.EndAsync(db => db.OauthDevices.ExecuteUpdateAsync(d => d.SetProperty(x => x.ExpiresAt, stage.World.Server.Clock.GetUtcNow())));
        using var browser = stage.World.Server.Browsing("bob-in-a-browser");

        Assert.Equal("expired_token", await PollAsync(device, "compass"));
        var late = await browser.OpenAsync($"/oauth/activate?user_code={device["user_code"]}");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, late.Status);
        Assert.Contains("No device waits", late.Text(".field__error"), StringComparison.Ordinal);
        var status = late.Status;
        for (var i = 0; i < 12 && status is not HttpStatusCode.TooManyRequests; i++)
        {
            status = (await browser.OpenAsync("/oauth/activate?user_code=BBBB-BBBB")).Status;
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, status);
    }

    [Fact]
    public async Task Wrong_values_from_one_address_are_slowed_down()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Anonymous();
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 61; i++)
        {
            using var form = new FormUrlEncodedContent([new("grant_type", "authorization_code"), new("code", $"guess{i}"), new("redirect_uri", "x")]);
            using var answer = await client.PostAsync("/oauth/token", form);
            statuses.Add(answer.StatusCode);
        }

        using var devices = new FormUrlEncodedContent([new("client_id", OauthStage.CommandLine)]);
        Assert.Equal(Enumerable.Repeat(HttpStatusCode.BadRequest, 60).Append(HttpStatusCode.TooManyRequests), statuses);
        server.Clock.Advance(TimeSpan.FromMinutes(1));
        using var later = await client.PostAsync("/oauth/token", new FormUrlEncodedContent([new("grant_type", "authorization_code"), new("code", "guess"), new("redirect_uri", "x")]));
        Assert.Equal(HttpStatusCode.BadRequest, later.StatusCode);
        for (var i = 0; i < 30; i++)
        {
            (await client.PostAsync("/oauth/device", devices)).EnsureSuccessStatusCode().Dispose();
        }

        using var tooMany = await client.PostAsync("/oauth/device", devices);
        Assert.Equal((HttpStatusCode.TooManyRequests, "slow_down"), (tooMany.StatusCode, (string?)(await OauthStage.BodyAsync(tooMany))["error"]));
    }

    [Fact]
    public async Task A_changed_password_ends_what_apps_hold_but_not_what_they_were_allowed()
    {
        const string Password = "correct horse battery";
        await stage.World.Server.JoinAsync("dora", Password);
        using var pages = await stage.World.Server.SignedInAsync("dora", Password);
        using var browser = stage.World.Server.Anonymous();
        browser.DefaultRequestHeaders.Add("Cookie", pages.Cookies.GetCookieHeader(stage.World.Server.Url));
        var tokens = await stage.SignInAsync(browser, "openid");
        var code = await OauthStage.CodeAsync(browser, "openid");

        await pages.SendAsync(await pages.OpenAsync("/settings/profile"), "password", ("current", Password), ("password", "another horse battery"));

        Assert.Equal(HttpStatusCode.Unauthorized, await stage.StatusAsync((string)tokens["access_token"]!));
        Assert.Equal("invalid_grant", (string?)(await stage.RefreshAsync((string)tokens["refresh_token"]!)).Body["error"]);
        Assert.Equal("invalid_grant", (string?)(await stage.ExchangeAsync(code)).Body["error"]);
        Assert.Contains("Compass", (await pages.OpenAsync("/settings/applications")).Html, StringComparison.Ordinal);
    }

    private async Task<string?> PollAsync(JsonNode device, string clientId = OauthStage.CommandLine) =>
        (string?)(await stage.PostAsync("/oauth/token", ("grant_type", DeviceGrant), ("device_code", (string)device["device_code"]!), ("client_id", clientId))).Body["error"];
}
