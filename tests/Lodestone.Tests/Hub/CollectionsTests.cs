using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

public sealed class CollectionsTests
{
    [Fact]
    public async Task A_collection_is_made_ordered_noted_and_found_by_any_of_its_slugs()
    {
        await using var world = await World.CreateAsync();
        var (alice, nobody) = (world.As(world.Alice), world.AsNobody());
        await alice.CreateRepoAsync("alice/compass");
        await alice.CreateRepoAsync("alice/points", type: "dataset");

        var made = await PostAsync(alice, "/api/collections", new { title = "My cool stuff!", description = "Things", item = new { id = "alice/compass", type = "model" } });
        var slug = made["slug"]!.GetValue<string>();
        var nested = (await PostAsync(alice, "/api/collections", new { title = "Nested", @namespace = "acme" }))["slug"]!.GetValue<string>();
        await PostAsync(alice, $"/api/collections/{slug}/items", new { item = new { id = "alice/points", type = "dataset" }, note = "All <b>points</b>" });
        var full = await PostAsync(alice, $"/api/collections/{slug}/items", new { item = new { id = nested, type = "collection" } });
        var items = full["items"]!.AsArray();
        using var moved = await alice.PatchAsJsonAsync($"/api/collections/{slug}/items/{items[0]!["_id"]}", new { note = "The model", position = 1 });
        await PostAsync(alice, $"/api/collections/{slug}/items/batch", new[] { new { action = "update", _id = items[2]!["_id"]!.GetValue<string>(), data = new { position = 0 } } });
        var renamed = await (await alice.PatchAsJsonAsync($"/api/collections/{slug}", new { title = "Other stuff", theme = "pink", @private = false })).OkAsync();
        (await alice.PostAsync($"/api/collections/{slug}/upvote", null)).EnsureSuccessStatusCode();
        var seen = await nobody.JsonAsync($"/api/collections/{slug}");
        var listed = (await nobody.JsonAsync("/api/collections?owner=alice&item=models/alice/compass&sort=upvotes")).AsArray().Single()!;
        using var removed = await alice.DeleteAsync($"/api/collections/{slug}/items/{items[1]!["_id"]}");

        Assert.StartsWith("alice/my-cool-stuff-", slug, StringComparison.Ordinal);
        Assert.Equal(["model", "dataset", "collection"], items.Select(i => i!["type"]!.GetValue<string>()));
        Assert.Equal("""{"html":"All &lt;b&gt;points&lt;/b&gt;","text":"All <b>points</b>"}""", JsonNode.Parse(items[1]!["note"]!.ToString())!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal(HttpStatusCode.OK, moved.StatusCode);
        Assert.Equal(slug[^24..], renamed["data"]!["slug"]!.GetValue<string>()[^24..]);
        Assert.Equal(
            ["slug", "title", "description", "owner", "items", "lastUpdated", "position", "private", "theme", "upvotes", "isUpvotedByUser", "shareUrl", "gating"],
            seen.AsObject().Select(p => p.Key));
        Assert.Equal((nested, "alice/points", "alice/compass"), (seen["items"]![0]!["slug"]!.GetValue<string>(), seen["items"]![1]!["id"]!.GetValue<string>(), seen["items"]![2]!["id"]!.GetValue<string>()));
        Assert.Equal(("Other stuff", "pink", 1L), (seen["title"]!.GetValue<string>(), seen["theme"]!.GetValue<string>(), seen["upvotes"]!.GetValue<long>()));
        Assert.False(listed.AsObject().ContainsKey("position"));
        Assert.Equal(HttpStatusCode.OK, removed.StatusCode);
        Assert.Equal(2, (await nobody.JsonAsync($"/api/collections/x/other-{slug[^24..]}"))["items"]!.AsArray().Count);
        await alice.PostAsJsonAsync("/api/repos/move", new { fromRepo = "alice/compass", toRepo = "alice/needle" });
        Assert.Equal("alice/needle", (await nobody.JsonAsync($"/api/collections/{slug}"))["items"]![1]!["id"]!.GetValue<string>());
        (await alice.DeleteAsync($"/api/collections/{slug}")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.NotFound, (await alice.DeleteAsync($"/api/collections/{slug}")).StatusCode);
    }

    [Fact]
    public async Task What_is_private_is_absent_to_others_in_collections_and_out_of_them()
    {
        await using var world = await World.CreateAsync();
        var (alice, bob, carol) = (world.As(world.Alice), world.As(world.Bob), world.As(world.Carol));
        await alice.CreateRepoAsync("acme/secret", isPrivate: true);
        var open = (await PostAsync(alice, "/api/collections", new { title = "Open", @namespace = "acme", item = new { id = "acme/secret", type = "model" } }))["slug"]!.GetValue<string>();
        var hidden = (await PostAsync(alice, "/api/collections", new { title = "Hidden", @namespace = "acme", @private = true }))["slug"]!.GetValue<string>();
        await PostAsync(alice, $"/api/collections/{open}/items", new { item = new { id = hidden[^24..], type = "collection" } });

        var statuses = new List<int>
        {
            (int)(await carol.GetAsync($"/api/collections/{hidden}")).StatusCode,
            (int)(await carol.PostAsJsonAsync($"/api/collections/{hidden}/items", new { item = new { id = "x/y", type = "model" } })).StatusCode,
            (int)(await carol.PatchAsJsonAsync($"/api/collections/{open}", new { title = "Mine" })).StatusCode,
            (int)(await carol.DeleteAsync($"/api/collections/{open}")).StatusCode,
            (int)(await world.AsNobody().DeleteAsync($"/api/collections/{open}")).StatusCode,
            (int)(await bob.PostAsync($"/api/collections/{open}/upvote", null)).StatusCode,
            (int)(await carol.PostAsJsonAsync("/api/collections", new { title = "Mine", @namespace = "acme" })).StatusCode,
            (int)(await carol.PostAsJsonAsync("/api/collections", new { title = "Mine", item = new { id = "acme/secret", type = "model" } })).StatusCode,
            (int)(await alice.PostAsJsonAsync($"/api/collections/{open}/items", new { item = new { id = "acme/secret", type = "model" } })).StatusCode,
            (int)(await alice.PostAsJsonAsync($"/api/collections/{open}/items", new { item = new { id = "acme/secret", type = "dataset" } })).StatusCode,
            (int)(await alice.PostAsJsonAsync("/api/collections", new { title = " open ", @namespace = "acme" })).StatusCode,
            (int)(await alice.PostAsJsonAsync("/api/collections", new { title = new string('x', 61) })).StatusCode,
            (int)(await alice.PatchAsJsonAsync($"/api/collections/{open}", new { theme = "mauve" })).StatusCode,
            (int)(await alice.DeleteAsync($"/api/collections/{open}/items/{new string('0', 24)}")).StatusCode,
        };

        Assert.Equal([404, 404, 403, 403, 401, 403, 403, 404, 409, 404, 409, 400, 400, 404], statuses);
        Assert.Equal(["acme/secret", hidden], (await bob.JsonAsync($"/api/collections/{open}"))["items"]!.AsArray().Select(i => (i!["slug"] ?? i["id"])!.GetValue<string>()));
        Assert.Empty((await carol.JsonAsync($"/api/collections/{open}"))["items"]!.AsArray());
        Assert.Equal(["Hidden", "Open"], (await bob.JsonAsync("/api/collections")).AsArray().Select(c => c!["title"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Equal(["Open"], (await carol.JsonAsync("/api/collections?q=o")).AsArray().Select(c => c!["title"]!.GetValue<string>()));
        Assert.Empty((await carol.JsonAsync("/api/collections?item=models/acme/secret")).AsArray());
    }

    [Fact]
    public async Task Lists_are_paged()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        for (var i = 0; i < 5; i++)
        {
            await PostAsync(alice, "/api/collections", new { title = $"Number {i}" });
            world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var titles = new List<string>();
        for (var next = "/api/collections?limit=2&owner=alice"; next is not null;)
        {
            using var page = await alice.GetAsync(next);
            titles.AddRange((await page.OkAsync()).AsArray().Select(c => c!["title"]!.GetValue<string>()));
            next = page.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
        }

        Assert.Equal(["Number 4", "Number 3", "Number 2", "Number 1", "Number 0"], titles);
    }

    private static async Task<JsonNode> PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(path, body);
        return await answer.OkAsync();
    }
}
