using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Tests.Gateway.Remote;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Gateway.Limiting;

/// <summary>Keys that may do less than their owner.</summary>
public sealed class KeysTests(RemoteWorld world) : IClassFixture<RemoteWorld>
{
    private const string Password = "wander-by-compass-9";

    [Fact]
    public async Task A_key_calls_the_models_that_it_names_and_is_told_of_no_others()
    {
        var (good, tools) = (await world.SellAsync("good"), await world.SellAsync("tools"));
        var (_, key) = await MakeAsync(new { name = "one model", models = new[] { good } });
        var (_, acme) = await MakeAsync(new { name = "one owner", models = new[] { "acme/*" } });
        var (_, elsewhere) = await MakeAsync(new { name = "another owner", models = new[] { "dana/*" } });

        using var called = await CallAsync(key, good);
        using var refused = await CallAsync(key, tools);
        using var ofAcme = await CallAsync(acme, tools);
        using var ofNobody = await CallAsync(elsewhere, good);
        var listed = await world.World.Server.With(key).GetFromJsonAsync<JsonElement>("/v1/models");
        using var wrong = await world.Alice.PostAsJsonAsync("/api/v1/keys", new { name = "wrong", models = new[] { "everything" } });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.OK, HttpStatusCode.Forbidden), (called.StatusCode, refused.StatusCode, ofAcme.StatusCode, ofNobody.StatusCode));
        var error = await GatewayWorld.ErrorAsync(refused);
        Assert.Equal(("model_not_allowed", "model"), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        Assert.Equal([good], listed.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
    }

    [Fact]
    public async Task A_key_has_exactly_its_requests_of_a_minute_and_shares_them_with_the_one_that_replaces_it()
    {
        var model = await world.SellAsync("crlf");
        var (id, key) = await MakeAsync(new { name = "three a minute", requestsPerMinute = 3, tokensPerMinute = 1_000_000 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => CallAsync(key, model)));
        using var rotated = await world.Alice.PostAsJsonAsync($"/api/v1/keys/{id}/rotation", new { overlapHours = 1 });
        var fresh = (await rotated.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("value").GetString()!; // made
        using var byNew = await CallAsync(fresh, model);
        using var byOwner = await GatewayWorld.CallAsync(world.Alice, Body(model));
        world.World.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        using var later = await CallAsync(fresh, model);

        Assert.Equal(3, answers.Count(a => a.StatusCode is HttpStatusCode.OK));
        Assert.Equal("3", answers[0].Headers.GetValues("x-ratelimit-limit-requests").Single());
        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.OK, HttpStatusCode.OK), (byNew.StatusCode, byOwner.StatusCode, later.StatusCode));
        Assert.Equal("2", later.Headers.GetValues("x-ratelimit-remaining-requests").Single());
        Array.ForEach(answers, a => a.Dispose());
    }

    [Fact]
    public async Task A_key_that_has_used_its_tokens_waits()
    {
        var model = await world.SellAsync("no-usage");
        var (_, key) = await MakeAsync(new { name = "ten tokens", tokensPerMinute = 10 });

        using var first = await CallAsync(key, model);
        using var second = await CallAsync(key, model);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (first.StatusCode, second.StatusCode));
    }

    [Fact]
    public async Task A_key_is_good_until_its_end_and_from_its_addresses_and_a_replaced_one_for_as_long_as_was_said()
    {
        var model = await world.SellAsync("good");
        var (_, brief) = await MakeAsync(new { name = "brief", expiresAt = world.World.Server.Clock.GetUtcNow().AddHours(1) });
        var (farId, far) = await MakeAsync(new { name = "far away", addresses = new[] { "10.0.0.0/8", "2001:db8::1" } });
        var (oldId, old) = await MakeAsync(new { name = "to be replaced" });

        using var before = await CallAsync(brief, model);
        using var fromHere = await CallAsync(far, model);
        using var changed = await world.Alice.PutAsJsonAsync($"/api/v1/keys/{farId}", new { addresses = new[] { "127.0.0.1" } });
        using var allowed = await CallAsync(far, model);
        using var rotated = await world.Alice.PostAsJsonAsync($"/api/v1/keys/{oldId}/rotation", new { overlapHours = 2 });
        var fresh = (await rotated.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("value").GetString()!; // made
        using var overlapping = await CallAsync(old, model);
        world.World.Server.Clock.Advance(TimeSpan.FromHours(3));
        using var after = await CallAsync(brief, model);
        using var ended = await CallAsync(old, model);
        using var replaced = await CallAsync(fresh, model);
        using var bobs = await world.World.As(world.World.Bob).DeleteAsync($"/api/v1/keys/{farId}");
        using var revoked = await world.Alice.DeleteAsync($"/api/v1/keys/{farId}");
        using var gone = await CallAsync(far, model);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (before.StatusCode, after.StatusCode));
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK, HttpStatusCode.OK), (fromHere.StatusCode, changed.StatusCode, allowed.StatusCode));
        Assert.Equal("address_not_allowed", (await GatewayWorld.ErrorAsync(fromHere)).GetProperty("code").GetString());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.OK), (overlapping.StatusCode, ended.StatusCode, replaced.StatusCode));
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.NoContent, HttpStatusCode.Unauthorized), (bobs.StatusCode, revoked.StatusCode, gone.StatusCode));
        using var asKey = await world.World.Server.With(fresh).PostAsJsonAsync("/api/v1/keys", new { name = "by a key" });
        Assert.Equal(HttpStatusCode.Forbidden, asKey.StatusCode);
    }

    [Fact]
    public async Task The_page_makes_changes_replaces_and_revokes_keys_without_script()
    {
        await world.World.Server.JoinAsync("frank", Password);
        using var frank = await world.World.Server.SignedInAsync("frank", Password);
        using var nobody = new PageClient(world.World.Server);

        var empty = await frank.OpenAsync("/inference/keys");
        var wrong = await frank.SendAsync(empty, "save", ("name", "shop"), ("models", "acme/*"), ("addresses", "next door"));
        var made = await frank.SendAsync(empty, "save", ("name", "shop"), ("models", "acme/*, acme/good"), ("requestsPerMinute", "60"), ("expiresAt", "2027-01-01"));
        var link = made.Document.QuerySelector("a[href*='/inference/keys?key=']")!.GetAttribute("href")!;
        await frank.SendAsync(await frank.OpenAsync(link), "save", ("requestsPerMinute", "90"));
        var changed = await frank.OpenAsync("/inference/keys");
        var replaced = await frank.SendAsync(await frank.OpenAsync(link), "rotate", ("overlapHours", "5"));
        var revoked = await frank.SendAsync(await frank.OpenAsync(link), "revoke");

        Assert.Contains("No keys yet", empty.Html, StringComparison.Ordinal);
        Assert.Contains("is no address", wrong.Html, StringComparison.Ordinal);
        Assert.StartsWith("hf_", made.Text("#new-key"), StringComparison.Ordinal);
        Assert.Contains("90", changed.Text("tbody"), StringComparison.Ordinal);
        Assert.NotEqual(made.Text("#new-key"), replaced.Text("#new-key"));
        Assert.Equal(2, replaced.Document.QuerySelectorAll("tbody tr").Length);
        Assert.Equal(HttpStatusCode.Found, revoked.Status);
        Assert.Equal(HttpStatusCode.Found, (await nobody.OpenAsync("/inference/keys")).Status);
    }

    private async Task<(string Id, string Value)> MakeAsync(object wanted)
    {
        using var made = await world.Alice.PostAsJsonAsync("/api/v1/keys", wanted);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        var body = await made.Content.ReadFromJsonAsync<JsonElement>();
        return (body.GetProperty("key").GetProperty("id").GetString()!, body.GetProperty("value").GetString()!); // always there
    }

    private async Task<HttpResponseMessage> CallAsync(string key, string model)
    {
        using var client = world.World.Server.With(key);
        var answer = await GatewayWorld.CallAsync(client, Body(model));
        await answer.Content.LoadIntoBufferAsync();
        return answer;
    }

    private static JsonObject Body(string model) => new()
    {
        ["model"] = model, ["max_tokens"] = 50, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Where is north?" }),
    };
}
