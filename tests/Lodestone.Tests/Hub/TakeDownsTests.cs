using System.Net;
using System.Net.Http.Json;
using System.Text;
using Lodestone.Tests.Hub.Pages;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub;

public sealed class TakeDownsTests
{
    private const string Disabled = "Access to this resource is disabled.";

    // Every door through which something of a repository goes out.
    private static readonly (string Method, string Path, string? Body)[] Doors =
    [
        ("GET", "/api/models/alice/atlas", null),
        ("GET", "/api/models/alice/atlas/revision/main", null),
        ("GET", "/api/models/alice/atlas/tree/main", null),
        ("POST", "/api/models/alice/atlas/paths-info/main", """{"paths":["a.txt"]}"""),
        ("GET", "/api/models/alice/atlas/refs", null),
        ("GET", "/api/models/alice/atlas/commits/main", null),
        ("GET", "/api/models/alice/atlas/compare/main..main", null),
        ("GET", "/api/models/alice/atlas/lfs-files", null),
        ("GET", "/api/models/alice/atlas/xet-read-token/main", null),
        ("POST", "/api/models/alice/atlas/duplicate", """{"repository":"alice/copy"}"""),
        ("POST", "/api/models/alice/atlas/commit/main", """{"key":"header","value":{"summary":"x"}}"""),
        ("PUT", "/api/models/alice/atlas/settings", """{"private":true}"""),
        ("GET", "/alice/atlas/resolve/main/a.txt", null),
        ("HEAD", "/alice/atlas/resolve/main/a.txt", null),
        ("GET", "/alice/atlas/raw/main/a.txt", null),
        ("GET", "/alice/atlas.git/info/refs?service=git-upload-pack", null),
        ("POST", "/alice/atlas.git/info/lfs/objects/batch", """{"operation":"download","objects":[]}"""),
        ("GET", "/alice/atlas", null),
        ("GET", "/alice/atlas/tree/main", null),
    ];

    [Fact]
    public async Task What_is_taken_down_is_closed_at_every_door_to_everybody_until_it_is_put_back()
    {
        await using var world = await World.CreateAsync();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/atlas");
        var large = LfsCalls.Bytes(2_000_000);
        await alice.HoldAsync("alice/atlas", large);
        await alice.CommitAsync("alice/atlas", [HubCalls.FileLine("a.txt", "a"u8.ToArray()), LfsCalls.FileLine("model.safetensors", large)]);
        var link = (await LfsCalls.ObjectAsync(alice, "alice/atlas", "download", LfsCalls.Digest(large), large.Length))["actions"]!["download"]!["href"]!.GetValue<string>();
        var xet = (await alice.JsonAsync("/api/models/alice/atlas/xet-read-token/main"))["accessToken"]!.GetValue<string>();
        Assert.Equal(large, await world.AsNobody().GetByteArrayAsync(link));

        using var placed = await carol.PostAsJsonAsync("/api/v1/takedowns", new { repo = "alice/atlas", reason = "It holds somebody's data." });
        Assert.Equal("It holds somebody's data.", (string?)(await placed.OkAsync())["reason"]);

        foreach (var client in new[] { alice, world.As(world.Bob), carol, world.AsNobody() })
        {
            foreach (var (method, path, body) in Doors.Where(d => d.Method is "GET" or "HEAD" || client != world.AsNobody()))
            {
                await CheckClosedAsync(client, method, path, body);
            }
        }

        await CheckClosedAsync(world.AsNobody(), "GET", link, body: null);
        using var chunks = world.Server.With(xet);
        await CheckClosedAsync(chunks, "GET", $"/xet/v1/reconstructions/{new string('0', 64)}", body: null);
        Assert.DoesNotContain("alice/atlas", await world.As(world.Bob).GetStringAsync("/api/models"), StringComparison.Ordinal);
        Assert.True((await alice.JsonAsync("/api/models?author=alice"))[0]!["disabled"]?.GetValue<bool>() ?? true);
        Assert.Contains("It holds somebody's data.", (await alice.PageAsync("/alice/atlas", HttpStatusCode.Forbidden)).TextOf("blockquote"), StringComparison.Ordinal);

        using var lifted = await carol.DeleteAsync("/api/v1/takedowns/models/alice/atlas");
        Assert.Equal(HttpStatusCode.NoContent, lifted.StatusCode);
        Assert.Equal("a", await world.AsNobody().GetStringAsync("/alice/atlas/resolve/main/a.txt"));
        Assert.Equal(large, await world.AsNobody().GetByteArrayAsync(link));
    }

    [Fact]
    public async Task What_is_private_stays_unknown_to_strangers_when_it_is_taken_down()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/secret", isPrivate: true);
        (await world.As(world.Carol).PostAsJsonAsync("/api/v1/takedowns", new { repo = "alice/secret", reason = "Reported." })).EnsureSuccessStatusCode().Dispose();

        using var stranger = await world.As(world.Bob).GetAsync("/api/models/alice/secret");
        using var owner = await world.As(world.Alice).GetAsync("/api/models/alice/secret");

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Forbidden), (stranger.StatusCode, owner.StatusCode));
    }

    [Fact]
    public async Task An_administrator_takes_down_and_puts_back_on_a_page()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/atlas");
        await world.UseAsync<Lodestone.Identity.Accounts, Guid>(accounts => accounts.CreateUserAsync(
            new Lodestone.Identity.NewUser { Name = "dora", Email = "dora@example.org", Password = "correct horse battery", IsAdministrator = true }, CancellationToken.None));
        using var dora = await world.Server.SignedInAsync("dora", "correct horse battery");
        var page = await dora.OpenAsync("/admin/takedowns");

        var silent = await dora.SendAsync(page, "place", ("repo", "alice/atlas"), ("reason", " "));
        var missing = await dora.SendAsync(page, "place", ("repo", "alice/none"), ("reason", "Reported."));
        await dora.SendAsync(page, "place", ("repo", "Alice/Atlas"), ("reason", "Reported."));
        var listed = await dora.OpenAsync("/admin/takedowns");
        await dora.SendAsync(listed, "lift", ("which", "model alice/atlas"));

        Assert.Contains("Say why", silent.Text(".field__error"), StringComparison.Ordinal);
        Assert.Contains("no repository alice/none", missing.Text(".field__error"), StringComparison.Ordinal);
        Assert.Contains("alice/atlas", listed.Text("td"), StringComparison.Ordinal);
        Assert.Contains("Nothing is taken down", (await dora.OpenAsync("/admin/takedowns")).Html, StringComparison.Ordinal);
    }

    private static async Task CheckClosedAsync(HttpClient client, string method, string path, string? body)
    {
        var type = path.Contains("/commit/", StringComparison.Ordinal) ? "application/x-ndjson" : "application/json";
        using var message = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, type) };
        using var answer = await client.SendAsync(message);
        Assert.True(answer.StatusCode is HttpStatusCode.Forbidden, $"{method} {path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        if (path.StartsWith("/api/models", StringComparison.Ordinal) || path.Contains("/resolve/", StringComparison.Ordinal))
        {
            Assert.Equal(Disabled, answer.Headers.GetValues("X-Error-Message").Single());
            Assert.False(answer.Headers.Contains("X-Error-Code"));
        }
    }
}
