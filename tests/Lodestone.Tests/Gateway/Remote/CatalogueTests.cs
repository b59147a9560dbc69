using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Gateway;
using Lodestone.Tests.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Gateway.Remote;

/// <summary>Models that are sold by API: remote ones and closed ones.</summary>
public sealed class CatalogueTests(RemoteWorld world) : IClassFixture<RemoteWorld>
{
    [Fact]
    public async Task A_key_is_stored_encrypted_sent_to_its_back_end_and_shown_to_nobody()
    {
        var model = await world.SellAsync("good");

        using var answer = await world.Gateway.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = model }));
        var seen = await world.Alice.JsonAsync($"/api/v1/catalogue/{model}");
        var asked = world.Backend.Of("good")[^1];
        var stored = await world.World.UseAsync<GatewayDb, string?>(db => db.Backends.Where(b => b.Model == "good").Select(b => b.SealedKey).FirstAsync());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal($"Bearer {RemoteWorld.Key}", asked.Authorization);
        Assert.Equal(("chat/completions", 500, true), (asked.Path, asked.Body["max_tokens"]!.GetValue<int>(), asked.Body["stream"]!.GetValue<bool>()));
        Assert.True(seen["backends"]![0]!["hasKey"]!.GetValue<bool>());
        Assert.DoesNotContain(RemoteWorld.Key, seen.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(RemoteWorld.Key, stored!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_who_administers_the_seller_changes_an_entry_and_sees_its_back_ends()
    {
        var model = await world.SellAsync("good");
        var (bob, carol) = (world.World.As(world.World.Bob), world.World.As(world.World.Carol));

        using var nobody = await world.World.AsNobody().PutAsJsonAsync("/api/v1/catalogue/acme/new", new { kind = "remote" });
        using var reader = await bob.PutAsJsonAsync($"/api/v1/catalogue/{model}", new { description = "mine" });
        using var making = await bob.PutAsJsonAsync("/api/v1/catalogue/acme/new", new { kind = "remote" });
        using var deleting = await bob.DeleteAsync($"/api/v1/catalogue/{model}");
        using var operating = await carol.PutAsJsonAsync($"/api/v1/catalogue/{model}", new { description = "Points north." });
        var seen = await bob.JsonAsync($"/api/v1/catalogue/{model}");

        Assert.Equal([401, 403, 403, 403, 200], new[] { nobody, reader, making, deleting, operating }.Select(a => (int)a.StatusCode));
        Assert.Null(seen["backends"]);
        Assert.Equal("Points north.", seen["description"]!.GetValue<string>());
        Assert.Single((await carol.JsonAsync($"/api/v1/catalogue/{model}"))["backends"]!.AsArray());
    }

    [Fact]
    public async Task An_entry_that_is_not_public_is_there_only_for_the_sellers_people()
    {
        await world.PutAsync("acme/inside", [new JsonObject { ["url"] = $"{world.Backend.Url}v1", ["model"] = "good" }]);
        await world.PriceAsync("acme/inside", "1", "1");
        using var hidden = await world.Alice.PutAsJsonAsync("/api/v1/catalogue/acme/inside", new { isPublic = false });
        var carol = await world.World.UseAsync<Lodestone.Identity.Accounts, string>(async accounts =>
        {
            var id = await accounts.CreateUserAsync(new() { Name = "dora", FullName = "Dora", Email = "dora@example.org", EmailVerified = true }, CancellationToken.None);
            return await accounts.IssueTokenAsync(id, new("tests", TokenScope.Read | TokenScope.Inference), CancellationToken.None);
        });
        using var stranger = world.World.Server.With(carol);
        var body = GatewayWorld.Body(new JsonObject { ["model"] = "acme/inside" });

        using var refused = await GatewayWorld.CallAsync(stranger, body);
        using var unseen = await stranger.GetAsync("/api/v1/catalogue/acme/inside");
        using var member = await GatewayWorld.CallAsync(world.World.As(world.World.Bob), body);

        Assert.Equal("model_not_found", (await GatewayWorld.ErrorAsync(refused)).GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.NotFound, unseen.StatusCode);
        Assert.Equal(HttpStatusCode.OK, member.StatusCode);
        Assert.DoesNotContain("acme/inside", (await stranger.JsonAsync("/v1/models")).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_model_is_called_by_everybody_and_read_by_nobody_else()
    {
        await world.Gateway.PublishAsync("acme/weights", await File.ReadAllBytesAsync(DemoModel.Chat), isPrivate: true);
        using var put = await world.Alice.PutAsJsonAsync("/api/v1/catalogue/acme/closed", new { kind = "closed", repo = "acme/weights", isPublic = true, dataPolicy = "Nothing is kept." });
        await put.OkAsync();
        await world.PriceAsync("acme/closed", "10", "20");
        var carol = world.World.As(world.World.Carol);

        using var answer = await GatewayWorld.CallAsync(carol, GatewayWorld.Body(new JsonObject { ["model"] = "acme/closed" }));
        using var byRepo = await GatewayWorld.CallAsync(carol, GatewayWorld.Body(new JsonObject { ["model"] = "acme/weights" }));
        using var file = await carol.GetAsync("/acme/weights/resolve/main/compass-Q8_0.gguf");
        using var open = await world.Alice.PutAsJsonAsync("/api/v1/catalogue/acme/open", new { kind = "closed", repo = GatewayWorld.Model });

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var call = await world.Gateway.SettledAsync(answer);
        Assert.Equal(("acme/closed", "closed"), (call.ProductName, call.Revision));
        Assert.Equal("model_not_found", (await GatewayWorld.ErrorAsync(byRepo)).GetProperty("code").GetString());
        Assert.NotEqual(HttpStatusCode.OK, file.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, open.StatusCode); // everybody may read it
        Assert.DoesNotContain("weights", (await carol.JsonAsync("/api/v1/catalogue/acme/closed")).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_is_retired_says_so_before_and_after()
    {
        await world.PutAsync("acme/old", [new JsonObject { ["url"] = $"{world.Backend.Url}v1", ["model"] = "good" }]);
        await world.PriceAsync("acme/old", "1", "1");
        var end = world.World.Server.Clock.GetUtcNow() + TimeSpan.FromDays(1);
        using var announced = await world.Alice.PutAsJsonAsync("/api/v1/catalogue/acme/old", new { retiresAt = end });
        var before = await world.Alice.JsonAsync("/v1/models/acme/old");
        using var past = await world.Alice.PutAsJsonAsync("/api/v1/catalogue/acme/old", new { retiresAt = end - TimeSpan.FromDays(2) });

        using var refused = await world.Gateway.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = "acme/old" }));

        Assert.StartsWith(end.ToString("yyyy-MM-dd", null), before["deprecation"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("model_retired", (await GatewayWorld.ErrorAsync(refused)).GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("""{"kind":"open"}""", "kind")]
    [InlineData("""{"kind":"remote"}""", "contextLength")]
    [InlineData("""{"kind":"remote","contextLength":0}""", "contextLength")]
    [InlineData("""{"kind":"remote","contextLength":10,"maxOutput":11}""", "maxOutput")]
    [InlineData("""{"kind":"remote","contextLength":10,"features":["flying"]}""", "features")]
    [InlineData("""{"kind":"remote","contextLength":10,"backends":[{"url":"file:///etc/passwd","model":"m"}]}""", "backends[0].url")]
    [InlineData("""{"kind":"remote","contextLength":10,"backends":[{"url":"http://10.0.0.1/v1","model":"m"}]}""", "backends[0].url")]
    [InlineData("""{"kind":"remote","contextLength":10,"backends":[{"url":"http://[::ffff:169.254.169.254]/v1","model":"m"}]}""", "backends[0].url")]
    [InlineData("""{"kind":"remote","contextLength":10,"backends":[{"url":"https://u:p@example.org/v1","model":"m"}]}""", "backends[0].url")]
    [InlineData("""{"kind":"remote","contextLength":10,"backends":[{"url":"https://example.org/v1?x=1","model":"m"}]}""", "backends[0].url")]
    [InlineData("""{"kind":"remote","contextLength":10,"backends":[{"url":"https://example.org/v1"}]}""", "backends[0].model")]
    [InlineData("""{"kind":"remote","contextLength":10,"backends":[{"url":"https://example.org/v1","model":"m","weight":-1}]}""", "backends[0].weight")]
    [InlineData("""{"kind":"remote","contextLength":10,"backends":[{"url":"https://example.org/v1","model":"m","key":"two words"}]}""", "backends[0].key")]
    [InlineData("""{"kind":"closed","repo":"acme/nothing"}""", "repo")]
    public async Task What_cannot_be_sold_is_refused_by_the_name_of_what_is_wrong(string wanted, string field)
    {
        using var put = await world.Alice.PutAsync("/api/v1/catalogue/acme/wrong", JsonContent.Create(JsonNode.Parse(wanted)));

        var refusal = await put.Content.ReadAsStringAsync();
        Assert.True(put.StatusCode is HttpStatusCode.UnprocessableEntity && refusal.Length > 0, refusal);
        Assert.Null((await world.Alice.JsonAsync("/api/v1/catalogue"))["models"]!.AsArray().FirstOrDefault(m => m!["model"]!.GetValue<string>() == "acme/wrong"));
        Assert.NotEmpty(field);
    }

    [Fact]
    public async Task A_stored_key_does_not_follow_to_another_address()
    {
        await world.PutAsync("acme/keyed", [new JsonObject { ["url"] = $"{world.Backend.Url}v1", ["model"] = "good", ["key"] = "sk-stays" }]);
        var id = (await world.Alice.JsonAsync("/api/v1/catalogue/acme/keyed"))["backends"]![0]!["id"]!.GetValue<string>();

        using var moved = await world.Alice.PutAsJsonAsync("/api/v1/catalogue/acme/keyed", new { backends = new[] { new { id, url = "https://example.org/v1", model = "good" } } });
        using var renamed = await world.Alice.PutAsJsonAsync("/api/v1/catalogue/acme/keyed", new { backends = new[] { new { id, url = $"{world.Backend.Url}v1", model = "better" } } });

        Assert.Equal([422, 200], new[] { moved, renamed }.Select(a => (int)a.StatusCode));
        Assert.True((await renamed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("backends")[0].GetProperty("hasKey").GetBoolean());
    }

    [Fact]
    public async Task A_back_end_that_keeps_failing_is_left_alone_and_tried_again_later()
    {
        var model = await world.SellAsync("broken");
        var body = GatewayWorld.Body(new JsonObject { ["model"] = model });
        for (var i = 0; i < 3; i++)
        {
            using var failed = await world.Gateway.CallAsync(body);
            Assert.Equal(HttpStatusCode.BadGateway, failed.StatusCode);
        }

        using var resting = await world.Gateway.CallAsync(body);
        var asked = world.Backend.Of("broken").Count;
        world.World.Server.Clock.Advance(TimeSpan.FromSeconds(11));
        using var tried = await world.Gateway.CallAsync(body);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "10"), (resting.StatusCode, resting.Headers.GetValues("Retry-After").Single()));
        Assert.Equal("backend_unavailable", (await GatewayWorld.ErrorAsync(resting)).GetProperty("code").GetString());
        Assert.Equal((3, HttpStatusCode.BadGateway), (asked, tried.StatusCode));
        Assert.Equal("resting", (await world.Alice.JsonAsync($"/api/v1/catalogue/{model}"))["backends"]![0]!["state"]!.GetValue<string>());
        Assert.DoesNotContain(await world.Gateway.SettledAsync(), c => c.ProductName == model);
    }
}
