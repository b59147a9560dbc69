using System.Net.Http.Json;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class ReclaimTests
{
    private static readonly byte[] Shared = LfsCalls.Bytes(3000, seed: 1);
    private static readonly byte[] Own = LfsCalls.Bytes(1000, seed: 2);

    [Fact]
    public async Task Deleting_a_model_frees_after_the_wait_what_no_other_model_has()
    {
        await using var world = await StartAsync();
        var alice = await TwoModelsAsync(world);
        using var deleted = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/repos/delete") { Content = JsonContent.Create(new { name = "first", organization = "alice" }) });
        deleted.EnsureSuccessStatusCode();

        var pending = await ReclaimAsync(world);
        world.Server.Clock.Advance(TimeSpan.FromHours(6));
        var early = await ReclaimAsync(world);
        world.Server.Clock.Advance(TimeSpan.FromHours(7));
        var dry = await ReclaimAsync(world, isDryRun: true);
        var kept = Blobs(world).Count;
        var freed = await ReclaimAsync(world);

        Assert.Equal([(1, 1000), (1, 1000), (0, 0)], new[] { pending, early, freed }.Select(r => (r.Waiting.Files, r.Waiting.Bytes)));
        Assert.Equal([(0, 0), (0, 0), (1, 1000), (1, 1000)], new[] { pending, early, dry, freed }.Select(r => (r.Freed.Files, r.Freed.Bytes)));
        Assert.Equal((2, 1), (kept, Blobs(world).Count));
        Assert.Equal(Shared, await world.AsNobody().GetByteArrayAsync("/alice/second/resolve/main/shared.bin"));
    }

    [Fact]
    public async Task What_no_reference_reaches_is_let_go_of_and_freed_after_one_wait()
    {
        await using var world = await StartAsync();
        var alice = await TwoModelsAsync(world);
        await alice.CommitAsync("alice/first", ("own.bin", null));
        (await alice.PostAsync("/api/models/alice/first/branch/old", JsonContent.Create(new { startingPoint = "main" }))).EnsureSuccessStatusCode().Dispose();

        var reached = await ReclaimAsync(world); // history still names it
        await SquashAsync(world);
        var marked = await ReclaimAsync(world);
        world.Server.Clock.Advance(TimeSpan.FromHours(13));
        var dry = await ReclaimAsync(world, isDryRun: true);
        var freed = await ReclaimAsync(world);

        Assert.Equal([0, 1, 1, 1], new[] { reached, marked, dry, freed }.Select(r => r.Unreferenced.Files));
        Assert.Equal([0, 0, 1, 1], new[] { reached, marked, dry, freed }.Select(r => r.Released.Files));
        Assert.Equal([0, 0, 1000, 1000], new[] { reached, marked, dry, freed }.Select(r => r.Freed.Bytes));
        Assert.Single(Blobs(world));
        Assert.Single((await alice.JsonAsync("/api/models/alice/first/lfs-files")).AsArray());
    }

    [Fact]
    public async Task A_client_that_was_told_the_file_is_here_has_days_to_commit_it()
    {
        await using var world = await StartAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/first");
        await alice.HoldAsync("alice/first", Own);
        await ReclaimAsync(world);
        world.Server.Clock.Advance(TimeSpan.FromHours(13));

        Assert.Null((await LfsCalls.ObjectAsync(alice, "alice/first", "upload", LfsCalls.Digest(Own), Own.Length))["actions"]);
        await ReclaimAsync(world);
        await alice.CommitAsync("alice/first", [LfsCalls.FileLine("own.bin", Own)]);
        world.Server.Clock.Advance(TimeSpan.FromHours(13));
        await ReclaimAsync(world);

        Assert.Equal(Own, await world.AsNobody().GetByteArrayAsync("/alice/first/resolve/main/own.bin"));
    }

    [Fact]
    public async Task A_blob_that_is_uploaded_again_while_it_waits_stays()
    {
        await using var world = await StartAsync();
        var alice = world.As(world.Alice);
        var blobs = world.Server.Services.GetRequiredService<IBlobStore>();
        await alice.CreateRepoAsync("alice/first");
        await alice.CreateRepoAsync("alice/second");
        await alice.HoldAsync("alice/first", Own);
        using var deleted = await alice.DeleteAsync($"/api/models/alice/first/lfs-files/{LfsCalls.Digest(Own)}");
        await ReclaimAsync(world);
        world.Server.Clock.Advance(TimeSpan.FromHours(13));

        // As an upload that has placed its bytes and not yet written down who holds them.
        await blobs.WriteAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream(Own)), null, null, CancellationToken.None);
        var report = await ReclaimAsync(world);
        await alice.HoldAsync("alice/second", Own);
        await alice.CommitAsync("alice/second", [LfsCalls.FileLine("own.bin", Own)]);
        await ReclaimAsync(world);

        Assert.Equal(0, report.Freed.Files);
        Assert.Equal(Own, await world.AsNobody().GetByteArrayAsync("/alice/second/resolve/main/own.bin"));
    }

    [Fact]
    public async Task The_server_reclaims_by_itself_and_drops_uploads_left_for_a_day()
    {
        await using var world = await World.CreateAsync(services => services.AddSingleton(new HubOptions { MultipartThreshold = 0, PartSize = 500 }));
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/first");
        await LfsCalls.PutPartAsync(alice, await LfsCalls.UploadInPartsAsync(alice, "alice/first", Shared), Shared, 1);
        await alice.HoldAsync("alice/first", Own);

        await Eventually.TrueAsync(() => AdvancedAsync(world, () => Task.FromResult(!Incoming(world).Any())));
        await Eventually.TrueAsync(() => AdvancedAsync(world, () => Task.FromResult(Blobs(world).Count == 0)));

        Assert.Empty((await alice.JsonAsync("/api/models/alice/first/lfs-files")).AsArray());
    }

    /// <summary>With a wait shorter than a day, so that the server's own daily reclaim stays out of it.</summary>
    private static Task<World> StartAsync() => World.CreateAsync(services => services.AddSingleton(new HubOptions { ReclaimAfter = TimeSpan.FromHours(12) }));

    private static async Task<bool> AdvancedAsync(World world, Func<Task<bool>> isDone)
    {
        world.Server.Clock.Advance(TimeSpan.FromHours(25));
        await Task.Yield();
        return await isDone();
    }

    /// <summary>First has both files on main, second one of them.</summary>
    private static async Task<HttpClient> TwoModelsAsync(World world)
    {
        var alice = world.As(world.Alice);
        foreach (var id in (string[])["alice/first", "alice/second"])
        {
            await alice.CreateRepoAsync(id);
            await alice.HoldAsync(id, Shared);
            await alice.CommitAsync(id, [LfsCalls.FileLine("shared.bin", Shared)]);
        }

        await alice.HoldAsync("alice/first", Own);
        await alice.CommitAsync("alice/first", [LfsCalls.FileLine("own.bin", Own)]);
        return alice;
    }

    /// <summary>Main loses its history: a branch without one is put in its place.</summary>
    private static async Task SquashAsync(World world)
    {
        var alice = world.As(world.Alice);
        (await alice.DeleteAsync("/api/models/alice/first/branch/old")).EnsureSuccessStatusCode().Dispose();
        (await alice.PostAsJsonAsync("/api/models/alice/first/branch/main", new { emptyBranch = true, overwrite = true })).EnsureSuccessStatusCode().Dispose();
        await alice.CommitAsync("alice/first", [LfsCalls.FileLine("shared.bin", Shared)]);
    }

    private static Task<ReclaimReport> ReclaimAsync(World world, bool isDryRun = false) =>
        world.UseAsync<Reclaim, ReclaimReport>(reclaim => reclaim.RunAsync(isDryRun, CancellationToken.None));

    private static IReadOnlyList<Blob> Blobs(World world) => [.. world.Server.Services.GetRequiredService<IBlobStore>().List()];

    private static IEnumerable<string> Incoming(World world) =>
        Directory.EnumerateFiles(Path.Combine(world.Server.DataDirectory, "blobs/incoming"), "*", SearchOption.AllDirectories);
}
