using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub.Webhooks;

public sealed class WebhooksTests
{
    private const string Secret = "between us";

    [Fact]
    public async Task A_receiver_that_was_down_for_an_hour_gets_each_delivery_once_and_in_order_and_what_is_replayed()
    {
        await using var world = await CreateAsync();
        using var receiver = Receiver.Start();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/one");
        await alice.CreateRepoAsync("alice/two");
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1)); // what was before a webhook is not told
        var id = await HookAsync(alice, receiver.Url, "user", "alice");
        receiver.GoDown();
        for (var i = 0; i < 3; i++)
        {
            await alice.CommitAsync("alice/one", ($"{i}.txt", "one"));
            await alice.CommitAsync("alice/two", ($"{i}.txt", "two"));
        }

        await Eventually.TrueAsync(async () => (await LogAsync(alice, id)).Count == 6);
        var delays = new List<TimeSpan>();
        for (var end = world.Server.Clock.GetUtcNow() + TimeSpan.FromHours(1); world.Server.Clock.GetUtcNow() < end;)
        {
            await Eventually.TrueAsync(async () => (await HeadsAsync(alice, id)).All(due => due > world.Server.Clock.GetUtcNow()));
            delays.Add((await HeadsAsync(alice, id)).Min() - world.Server.Clock.GetUtcNow());
            world.Server.Clock.Advance(delays[^1]);
        }

        receiver.ComeUp();
        await receiver.CountAsync(6);
        await Eventually.TrueAsync(async () => (await LogAsync(alice, id)).All(d => d["state"]!.GetValue<string>() is "delivered"));

        Assert.Equal(6, receiver.All.Select(r => r.Headers["X-Lodestone-Delivery"]).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(6, receiver.All.Count);
        Assert.Equal(delays.Order(), delays);
        Assert.True(delays.Count >= 5, string.Join(' ', delays));
        foreach (var told in new[] { receiver.About("alice/one"), receiver.About("alice/two") })
        {
            Assert.Equal(["repo.content update", "repo.content update", "repo.content update"], told.Select(t => t.Scope));
            Assert.Equal(told.Take(2).Select(NewSha), told.Skip(1).Select(OldSha));
            Assert.All(told, t => Assert.Equal(NewSha(t), t.Body["repo"]!["headSha"]!.GetValue<string>()));
        }

        Assert.All(receiver.All, r => Assert.True(IsSigned(r)));

        (await alice.PostAsync($"/api/settings/webhooks/{id}/replay/{receiver.All[0].Headers["X-Lodestone-Delivery"]}", null)).EnsureSuccessStatusCode();
        await receiver.CountAsync(7);

        Assert.Equal(receiver.All[0].Text, receiver.All[6].Text);
        Assert.NotEqual(receiver.All[0].Headers["X-Lodestone-Delivery"], receiver.All[6].Headers["X-Lodestone-Delivery"]);
        Assert.True(IsSigned(receiver.All[6]));
        await Eventually.TrueAsync(async () => (await LogAsync(alice, id)).Count(d => d["isReplay"]!.GetValue<bool>() && d["state"]!.GetValue<string>() is "delivered") == 1);
    }

    [Fact]
    public async Task Everything_that_happens_to_a_repository_is_told_as_receivers_know_it()
    {
        await using var world = await CreateAsync();
        using var receiver = Receiver.Start();
        var alice = world.As(world.Alice);
        var id = await HookAsync(alice, receiver.Url, "user", "alice");

        await alice.CreateRepoAsync("alice/compass");
        var commit = await alice.CommitAsync("alice/compass", ("a.txt", "a"));
        await PostAsync(alice, "/api/models/alice/compass/branch/dev", "{}");
        await PostAsync(alice, "/api/models/alice/compass/tag/main", """{"tag":"v1","message":"One"}""");
        await PostAsync(alice, "/api/models/alice/compass/super-squash/dev", """{"message":"x"}""");
        (await alice.DeleteAsync("/api/models/alice/compass/tag/v1")).EnsureSuccessStatusCode();
        (await alice.PostCommitAsync("/api/models/alice/compass/commit/main?create_pr=1", HubCalls.Line("header", new { summary = "x" }), HubCalls.FileLine("b.txt", "b"u8.ToArray()))).EnsureSuccessStatusCode();
        (await alice.PutAsJsonAsync("/api/models/alice/compass/settings", new { @private = true })).EnsureSuccessStatusCode();
        await PostAsync(alice, "/api/repos/move", """{"fromRepo":"alice/compass","toRepo":"acme/needle"}""");
        using var gone = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/repos/delete") { Content = JsonContent.Create(new { name = "needle", organization = "acme" }) });
        gone.EnsureSuccessStatusCode();
        await receiver.CountAsync(9);

        Assert.Equal(
            [
                "repo create", "repo.content update refs/heads/main", "repo.content update refs/heads/dev", "repo.content update refs/tags/v1", "repo.content update refs/heads/dev",
                "repo.content update refs/tags/v1", "repo.content update refs/pr/1", "repo.config update", "repo move",
            ],
            receiver.All.Select(r => $"{r.Scope} {r.Body["updatedRefs"]?[0]!["ref"]}".TrimEnd()));
        var (made, pushed, branch, deleted, hidden, moved) = (receiver.All[0], receiver.All[1], receiver.All[2], receiver.All[5], receiver.All[7], receiver.All[8]);
        Assert.Equal(["event", "repo", "webhook"], made.Body.AsObject().Select(p => p.Key));
        Assert.Equal($$"""{"id":"{{id}}","version":3}""", made.Body["webhook"]!.ToJsonString());
        var repo = made.Body["repo"]!.AsObject();
        Assert.Equal(["type", "name", "id", "private", "url", "owner", "headSha"], repo.Select(p => p.Key));
        Assert.Equal($"{world.Server.Url}alice/compass", repo["url"]!["web"]!.GetValue<string>());
        Assert.Equal($"{world.Server.Url}api/models/alice/compass", repo["url"]!["api"]!.GetValue<string>());
        Assert.Equal(PublicId.ToHub(world.Alice.Id), repo["owner"]!["id"]!.GetValue<string>());
        Assert.Equal((commit, made.Body["repo"]!["headSha"]!.GetValue<string>()), (NewSha(pushed), OldSha(pushed)));
        Assert.Null(branch.Body["updatedRefs"]![0]!["oldSha"]);
        Assert.True(branch.Body["updatedRefs"]![0]!.AsObject().ContainsKey("oldSha"));
        Assert.Null(deleted.Body["updatedRefs"]![0]!["newSha"]);
        Assert.Equal("""{"private":true}""", hidden.Body["updatedConfig"]!.ToJsonString());
        Assert.Equal($$$"""{"name":"acme/needle","owner":{"id":"{{{PublicId.ToHub(world.Acme.Id)}}}"}}""", moved.Body["movedTo"]!.ToJsonString());
        Assert.Equal("alice/compass", moved.Body["repo"]!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_one_may_not_see_is_not_told_and_webhooks_of_others_are_not_there()
    {
        await using var world = await CreateAsync();
        using var hers = Receiver.Start();
        using var his = Receiver.Start();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        var id = await HookAsync(alice, hers.Url, "model", "Alice/Secret");
        await HookAsync(carol, his.Url, "model", "alice/secret");

        await alice.CommitAsync("alice/secret", ("a.txt", "a"));
        await hers.CountAsync(1);
        (await alice.PutAsJsonAsync("/api/models/alice/secret/settings", new { @private = false })).EnsureSuccessStatusCode();
        await his.CountAsync(1);
        var log = (await LogAsync(alice, id))[0]["id"];
        var denied = new List<HttpStatusCode>();
        foreach (var client in new[] { carol, world.As(world.Bob), world.AsNobody() })
        {
            denied.Add((await client.GetAsync($"/api/settings/webhooks/{id}")).StatusCode);
            denied.Add((await client.GetAsync($"/api/settings/webhooks/{id}/deliveries")).StatusCode);
            denied.Add((await client.PostAsync($"/api/settings/webhooks/{id}/replay/{log}", null)).StatusCode);
            denied.Add((await client.DeleteAsync($"/api/settings/webhooks/{id}")).StatusCode);
        }

        Assert.Equal(["repo.config update"], his.All.Select(r => r.Scope));
        Assert.Equal(
            [404, 404, 404, 404, 404, 404, 403, 403, 401, 401, 401, 401],
            denied.Select(d => (int)d));
        await hers.CountAsync(2);
    }

    [Fact]
    public async Task Clients_manage_webhooks_and_secrets_are_shown_to_whoever_sets_them()
    {
        await using var world = await CreateAsync();
        var carol = world.As(world.Carol);
        object watched = new[] { new { type = "user", name = "julien-c" }, new { type = "org", name = "HuggingFaceH4" } };

        var made = (await PostAsync(carol, "/api/settings/webhooks", new { url = "https://example.com/a", watched, domains = new[] { "repo", "discussions" }, secret = Secret }))["webhook"]!;
        var id = made["id"]!.GetValue<string>();
        var one = (await carol.JsonAsync($"/api/settings/webhooks/{id}"))["webhook"]!;
        var changed = (await PostAsync(carol, $"/api/settings/webhooks/{id}", new { url = "https://example.com/b", watched = new[] { new { type = "model", name = "a/b" } } }))["webhook"]!;
        var disabled = (await PostAsync(carol, $"/api/settings/webhooks/{id}/disable", null))["webhook"]!;
        var list = (await carol.JsonAsync("/api/settings/webhooks")).AsArray();
        var stored = await world.UseAsync<HubDb, string?>(db => db.Webhooks.Select(w => w.Secret).SingleAsync());
        var enabled = (await PostAsync(carol, $"/api/settings/webhooks/{id}/enable", null))["webhook"]!;
        (await carol.DeleteAsync($"/api/settings/webhooks/{id}")).EnsureSuccessStatusCode();

        Assert.Equal(
            $$"""{"id":"{{id}}","url":"https://example.com/a","watched":[{"type":"user","name":"julien-c"},{"type":"org","name":"HuggingFaceH4"}],"domains":["repo","discussion"],"secret":"between us","disabled":false}""",
            made.ToJsonString());
        Assert.Null(one["secret"]);
        Assert.Equal(("https://example.com/b", """[{"type":"model","name":"a/b"}]"""), (changed["url"]!.GetValue<string>(), changed["watched"]!.ToJsonString()));
        Assert.True(disabled["disabled"]!.GetValue<bool>());
        Assert.Equal("""["repo","discussion"]""", list.Single()!["domains"]!.ToJsonString());
        Assert.Null(list.Single()!["secret"]);
        Assert.DoesNotContain(Secret, stored, StringComparison.Ordinal);
        Assert.False(enabled["disabled"]!.GetValue<bool>());
        Assert.Equal(HttpStatusCode.NotFound, (await carol.GetAsync($"/api/settings/webhooks/{id}")).StatusCode);
    }

    [Fact]
    public async Task A_webhook_that_takes_nothing_for_days_is_suspended_until_it_is_enabled_again()
    {
        await using var world = await CreateAsync();
        using var receiver = Receiver.Start();
        receiver.Status = 500;
        var alice = world.As(world.Alice);
        var id = await HookAsync(alice, receiver.Url, "user", "alice");
        await alice.CreateRepoAsync("alice/compass");
        await receiver.CountAsync(1);
        await Eventually.TrueAsync(async () => (await LogAsync(alice, id)).All(d => d["tries"]!.GetValue<long>() > 0)); // its row is written after its answer

        await world.UseAsync<HubDb, int>(db => db.Database.ExecuteSqlAsync($"update hub_webhook set failing_since = {Stored(db, world.Server.Clock.GetUtcNow() - WebhookSending.Patience)}"));
        world.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(async () => (await alice.JsonAsync($"/api/settings/webhooks/{id}"))["webhook"]!["disabled"]!.ToJsonString() is "\"suspended-after-failure\"");
        await alice.CommitAsync("alice/compass", ("unheard.txt", "a"));
        await Eventually.TrueAsync(() => world.UseAsync<HubDb, bool>(db => db.RepoEvents.AllAsync(e => e.IsSentOn))); // announced while nobody listens
        receiver.Status = 200;
        var before = receiver.All.Count;
        await PostAsync(alice, $"/api/settings/webhooks/{id}/enable", null);
        await receiver.CountAsync(before + 1);
        await alice.CommitAsync("alice/compass", ("heard.txt", "a"));
        await receiver.CountAsync(before + 2);

        Assert.Equal(["repo create", "repo.content update"], receiver.All.Skip(before).Select(r => r.Scope));
    }

    [Theory]
    [InlineData("http://127.0.0.1/x")]
    [InlineData("http://2130706433/x")]
    [InlineData("http://0177.0.0.1/x")]
    [InlineData("http://0x7f.1/x")]
    [InlineData("http://[::1]/x")]
    [InlineData("http://[::ffff:10.0.0.1]/x")]
    [InlineData("http://[64:ff9b::a00:1]/x")]
    [InlineData("http://[fd00:ec2::254]/x")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://name:password@example.com/x")]
    [InlineData("ftp://example.com/x")]
    [InlineData("example.com")]
    public void An_address_that_must_not_be_called_is_refused_when_it_is_given(string url)
    {
        using var calls = new OutgoingCalls(new OutgoingOptions(), Dns.GetHostAddressesAsync);

        Assert.Equal(422, Assert.Throws<Refusal>(() => calls.Check(url, "url")).Code.Status);
    }

    private static Task<World> CreateAsync() => World.CreateAsync(services => services.AddSingleton(new OutgoingOptions { AllowedRanges = ["127.0.0.0/8"] }));

    private static object Stored(HubDb db, DateTimeOffset at) => db.Database.IsNpgsql() ? at : Instants.ToMicroseconds(at);

    private static async Task<string> HookAsync(HttpClient client, string url, string type, string name)
    {
        var made = await PostAsync(client, "/api/settings/webhooks", new { url, watched = new[] { new { type, name } }, domains = new[] { "repo" }, secret = Secret });
        return made["webhook"]!["id"]!.GetValue<string>();
    }

    private static async Task<JsonNode> PostAsync(HttpClient client, string path, object? body)
    {
        using var answer = await client.PostAsync(path, body switch
        {
            null => null,
            string json => new StringContent(json, Encoding.UTF8, "application/json"),
            _ => JsonContent.Create(body),
        });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode}: {text}");
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    private static async Task<IReadOnlyList<JsonNode>> LogAsync(HttpClient client, string id) =>
        [.. (await client.JsonAsync($"/api/settings/webhooks/{id}/deliveries")).AsArray().Select(d => d!)];

    /// <summary>When the first that waits of each repository is due.</summary>
    private static async Task<IReadOnlyList<DateTimeOffset>> HeadsAsync(HttpClient client, string id) =>
        [.. (await LogAsync(client, id)).Where(d => d["state"]!.GetValue<string>() is "waiting").GroupBy(d => d["subject"]!.GetValue<string>())
            .Select(g => g.Max(d => DateTimeOffset.Parse(d["nextTryAt"]!.GetValue<string>(), CultureInfo.InvariantCulture)))]; // those behind it were due at once

    private static string? NewSha(Received received) => received.Body["updatedRefs"]![0]!["newSha"]?.GetValue<string>();

    private static string? OldSha(Received received) => received.Body["updatedRefs"]![0]!["oldSha"]?.GetValue<string>();

    /// <summary>As a receiver checks it.</summary>
    private static bool IsSigned(Received received)
    {
        var parts = received.Headers["X-Lodestone-Signature"].Split(',').Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        var expected = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{parts["t"]}.{received.Text}")));
        return received.Headers["X-Webhook-Secret"] == Secret && parts["v1"] == expected;
    }
}
