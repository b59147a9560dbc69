using System.Diagnostics;
using System.Globalization;

namespace Lodestone.Tests.Hub;

/// <summary>
/// Random histories of repositories whose large files share chunks, come whole or cut, and are reclaimed, compacted and converted
/// between and beside each other.
/// </summary>
public sealed class KeepingHistoriesTests(ITestOutputHelper output)
{
    private const int AtOnce = 100;

    /// <summary>
    /// How many; by <c>scripts/fuzz-xet-histories</c> as many as fit into some seconds. On PostgreSQL every one of their thousands of
    /// statements is a round trip, and what differs there, locks and SQL, shows in fewer.
    /// </summary>
    private static readonly int Histories = Environment.GetEnvironmentVariable("LODESTONE_TEST_POSTGRES") is { Length: > 0 } ? 400 : 2000;

    private static readonly int? Seconds = Number("LODESTONE_FUZZ_SECONDS");

    private static readonly int Seed = Number("LODESTONE_FUZZ_SEED") ?? 1;

    [Fact]
    public async Task Whatever_is_reachable_is_byte_exact_by_every_route_and_nothing_else_stays()
    {
        await using var world = await KeepingWorld.CreateAsync(new Random(Seed));
        var clock = Stopwatch.StartNew();

        var done = 0;
        for (; Seconds is { } limit ? clock.Elapsed.TotalSeconds < limit : done < Histories; done += AtOnce)
        {
            await world.LiveAsync(AtOnce, string.Create(CultureInfo.InvariantCulture, $"histories {done} and following of seed {Seed}"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done} histories in {clock.Elapsed.TotalSeconds:F0} s"));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
