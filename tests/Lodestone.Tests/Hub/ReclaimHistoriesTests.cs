using System.Globalization;

namespace Lodestone.Tests.Hub;

/// <summary>Random histories of many repositories that share large files, with reclaims between and beside them.</summary>
public sealed class ReclaimHistoriesTests
{
    private const int AtOnce = 100;

    /// <summary>How many; more by <c>scripts/fuzz-reclaim</c>.</summary>
    private static readonly int Histories = int.Parse(Environment.GetEnvironmentVariable("LODESTONE_HISTORIES") ?? "2000", CultureInfo.InvariantCulture);

    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("LODESTONE_SEED") ?? "1", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Reclaim_never_takes_a_byte_that_a_reference_reaches_and_leaves_none_that_nothing_does()
    {
        await using var hub = await ReclaimWorld.CreateAsync(new Random(Seed));

        for (var done = 0; done < Histories; done += AtOnce)
        {
            await hub.LiveAsync(Math.Min(AtOnce, Histories - done), $"histories {done} and following of seed {Seed}");
        }
    }
}
