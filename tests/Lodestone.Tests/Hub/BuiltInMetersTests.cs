using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Hub;

/// <summary>What the hub stores and sends, as billing's meters know it.</summary>
public sealed class BuiltInMetersTests
{
    private const string Day = "from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z&window=day";

    [Fact]
    public async Task Of_a_day_the_most_that_was_stored_and_all_that_was_sent_is_metered_once()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("acme/compass");
        await alice.CommitAsync("acme/compass", ("README.md", new string('r', 1000)));
        var repo = await world.UseAsync<HubDb, Guid>(db => db.Repos.Select(r => r.Id).SingleAsync());
        await StoreAsync(world, repo, 3000);
        await RunAsync<StorageSampling>(world);
        await RunAsync<StorageSampling>(world);
        Assert.Equal("3000", await ValueAsync(alice, "storage.bytes"));

        await StoreAsync(world, repo, 1500);
        await RunAsync<StorageSampling>(world);
        await world.UseAsync<HubDb, int>(db => db.WriteAsync(inner => db.LfsObjects.Where(o => o.Size == 3000).ExecuteDeleteAsync(inner), CancellationToken.None));
        await RunAsync<StorageSampling>(world);
        Assert.Equal(("4500", "4500"), (await ValueAsync(alice, "storage.bytes"), await ValueAsync(alice, "storage.byte_days")));

        Assert.Null(await ValueAsync(alice, "egress.bytes"));
        await SentAsync(world, alice, 1000);
        await RunAsync<EgressMetering>(world);
        await RunAsync<EgressMetering>(world);
        Assert.Equal("1000", await ValueAsync(alice, "egress.bytes"));
        await SentAsync(world, alice, 2000);
        await RunAsync<EgressMetering>(world);
        Assert.Equal("2000", await ValueAsync(alice, "egress.bytes"));
    }

    [Fact]
    public async Task Each_change_of_a_members_role_is_metered_with_the_role_before()
    {
        await using var world = await World.CreateAsync();

        await world.UseAsync<IdentityDb, bool>(async db =>
        {
            db.Publish(new MembershipChanged(world.Acme.Id, world.Carol.Id, null, NamespaceRole.Read, world.Server.Clock.GetUtcNow()));
            return await db.SaveChangesAsync() > 0;
        });

        await Eventually.TrueAsync(async () => (await world.As(world.Alice).JsonAsync("/api/v1/meter/events?subject=acme&type=seat.change"))["events"]!.AsArray()
            .Any(e => e!["data"]!["from"]!.GetValue<string>() == "none" && e["data"]!["to"]!.GetValue<string>() == "read"));
    }

    private static Task<bool> StoreAsync(World world, Guid repoId, long size) => world.UseAsync<HubDb, bool>(async db =>
    {
        db.LfsObjects.Add(new LfsObject(repoId, new string((char)('a' + (size / 1500)), 64), size, world.Server.Clock.GetUtcNow()));
        return await db.SaveChangesAsync() > 0;
    });

    private static Task<bool> RunAsync<T>(World world)
        where T : ITaskHandler => world.UseAsync<T, bool>(async handler =>
    {
        await handler.RunAsync(null!, CancellationToken.None); // they look at no task
        return true;
    });

    private static async Task SentAsync(World world, HttpClient client, long total)
    {
        await client.GetByteArrayAsync("/acme/compass/resolve/main/README.md");
        await Eventually.TrueAsync(async () =>
        {
            world.Server.Clock.Advance(TimeSpan.FromSeconds(5));
            return await world.UseAsync<HubDb, long>(db => db.Traffic.SumAsync(t => t.Bytes)) >= total;
        });
    }

    private static async Task<string?> ValueAsync(HttpClient client, string meter) =>
        (await client.JsonAsync($"/api/v1/meters/{meter}/query?account=acme&{Day}"))["rows"]!.AsArray().SingleOrDefault()?["value"]!.GetValue<string>();
}
