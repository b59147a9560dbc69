using System.Net;
using System.Net.Http.Json;
using Lodestone.Identity;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub;

/// <summary>Who may see what is stored, and how.</summary>
public sealed class StorageReportTests
{
    private const string Password = "correct horse battery";

    private static readonly byte[] Content = LfsCalls.Bytes(3000, seed: 1);

    [Theory]
    [InlineData("alice", "/api/v1/storage/alice", 200)]
    [InlineData("alice", "/api/v1/storage/alice/models/open", 200)]
    [InlineData("alice", "/api/v1/storage/Alice/models/OPEN", 200)]
    [InlineData("alice", "/api/v1/storage/alice/models/nothing", 404)]
    [InlineData("alice", "/api/v1/storage/alice/datasets/open", 404)]
    [InlineData("bob", "/api/v1/storage/alice", 404)]
    [InlineData("bob", "/api/v1/storage/alice/models/open", 404)] // though it is public: what it shares tells of others
    [InlineData("carol", "/api/v1/storage/alice/models/open", 200)]
    [InlineData("carol", "/api/v1/storage/alice/models/secret", 200)]
    [InlineData("alice", "/api/v1/storage", 403)]
    [InlineData("alice", "/api/v1/sweeps", 403)]
    [InlineData("carol", "/api/v1/storage", 200)]
    [InlineData("carol", "/api/v1/sweeps", 200)]
    public async Task Members_see_their_namespace_and_administrators_everything(string who, string url, int status)
    {
        await using var world = await SetAsync();

        using var answer = await world.As(who switch { "alice" => world.Alice, "bob" => world.Bob, _ => world.Carol }).GetAsync(url);

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_report_says_what_is_stored_for_a_namespace_and_its_repositories()
    {
        await using var world = await SetAsync();
        var alice = world.As(world.Alice);

        var whole = (await alice.JsonAsync("/api/v1/storage/alice"))["report"]!;
        var one = await alice.JsonAsync("/api/v1/storage/alice/models/open");

        Assert.Equal([2, 6000, 3000, 3000, 0, 0], new[] { "files", "logical", "stored", "shared", "waiting", "due" }.Select(f => whole[f]!.GetValue<long>()));
        Assert.Equal("alice/open", one["name"]!.GetValue<string>());
        Assert.Equal([1, 3000, 3000, 3000], new[] { "files", "logical", "stored", "shared" }.Select(f => one["report"]![f]!.GetValue<long>()));
    }

    [Fact]
    public async Task An_administrator_has_a_sweep_done_and_sees_what_it_found()
    {
        await using var world = await SetAsync();
        var carol = world.As(world.Carol);

        using var asked = await carol.PostAsJsonAsync("/api/v1/sweeps", new { isDryRun = true });
        using var refused = await world.As(world.Alice).PostAsJsonAsync("/api/v1/sweeps", new { isDryRun = true });
        await Eventually.TrueAsync(async () => (await carol.JsonAsync("/api/v1/sweeps"))[0]!["report"] is not null);
        var dry = (await carol.JsonAsync("/api/v1/sweeps"))[0]!;
        (await carol.PostAsJsonAsync("/api/v1/sweeps", new { isDryRun = false })).EnsureSuccessStatusCode().Dispose();
        await Eventually.TrueAsync(async () => (await carol.JsonAsync("/api/v1/storage"))["report"] is not null);
        var server = await carol.JsonAsync("/api/v1/storage");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Forbidden), (asked.StatusCode, refused.StatusCode));
        Assert.Equal((true, 1, 3000), (dry["isDryRun"]!.GetValue<bool>(), dry["report"]!["blobs"]!["files"]!.GetValue<long>(), dry["report"]!["blobs"]!["bytes"]!.GetValue<long>()));
        Assert.Equal(3000, server["report"]!["stored"]!.GetValue<long>());
        Assert.Equal(["alice"], server["namespaces"]!.AsArray().Select(n => n!["name"]!.GetValue<string>()));
    }

    [Fact]
    public async Task The_page_shows_administrators_what_is_stored_and_has_sweeps_done()
    {
        await using var world = await SetAsync();
        await world.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(
            new NewUser { Name = "erin", Email = "erin@example.org", Password = Password, IsAdministrator = true }, CancellationToken.None));
        using var erin = await world.Server.SignedInAsync("erin", Password);

        var empty = await erin.OpenAsync("/admin/storage");
        var sent = await erin.SendAsync(empty, "sweep", ("how", "now"));
        Page? done = null;
        await Eventually.TrueAsync(async () => (done = await erin.OpenAsync("/admin/storage")).Document.QuerySelector(".tiles") is not null);

        Assert.Contains("Nothing was swept yet", empty.Html, StringComparison.Ordinal);
        Assert.EndsWith("/admin/storage", sent.Location?.ToString(), StringComparison.Ordinal);
        Assert.Equal("alice", done!.Text("tbody th a")); // set when the condition came true
        Assert.Contains("On disk", done.Text(".tiles"), StringComparison.Ordinal);
        using var refused = await world.As(world.Alice).GetAsync("/admin/storage");
        using var stranger = await world.AsNobody().GetAsync("/admin/storage");
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Redirect), (refused.StatusCode, stranger.StatusCode));
        Assert.Contains("href=\"/admin/storage\"", done.Html, StringComparison.Ordinal);
    }

    /// <summary>Alice has a public and a private model with the same file.</summary>
    private static async Task<World> SetAsync()
    {
        var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        foreach (var (id, isPrivate) in new[] { ("alice/open", false), ("alice/secret", true) })
        {
            await alice.CreateRepoAsync(id, isPrivate);
            await alice.HoldAsync(id, Content);
            await alice.CommitAsync(id, [LfsCalls.FileLine("model.bin", Content)]);
        }

        return world;
    }
}
