using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git.Histories;

/// <summary>
/// Random histories come out as libgit2 says they must. <c>scripts/fuzz-histories</c> lives other ones for as long as one likes:
/// it names a first seed and a number of minutes in the environment.
/// </summary>
[NoDatabase]
public sealed class RandomHistoriesTests(ITestOutputHelper output)
{
    private const int InTheSuite = 2000;
    private const string Memory = "/dev/shm"; // where there is one: nothing here is about the disk, and every step of a history syncs it

    [Fact]
    public async Task Two_thousand_random_histories_come_out_as_they_must()
    {
        var first = Number("LODESTONE_FUZZ_SEED") ?? 1;
        var minutes = Number("LODESTONE_FUZZ_MINUTES");
        var root = Path.Combine(Directory.Exists(Memory) ? Memory : Path.GetTempPath(), $"lodestone-histories-{Environment.ProcessId}");
        var clock = Stopwatch.StartNew();
        var failures = new ConcurrentBag<string>();
        var lived = 0;
        try
        {
            var seeds = Enumerable.Range(0, int.MaxValue - first).TakeWhile(i => minutes is { } m ? clock.Elapsed < TimeSpan.FromMinutes(m) : i < InTheSuite).Select(i => first + i);
            await Parallel.ForEachAsync(seeds, async (seed, _) =>
            {
                Interlocked.Increment(ref lived);
                if (await FailureAsync(seed, root) is { } failure)
                {
                    failures.Add(failure);
                }
            });
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{lived} histories in {clock.Elapsed.TotalSeconds:F0} s"));
        Assert.Empty(failures.Take(5));
    }

    private static async Task<string?> FailureAsync(int seed, string root)
    {
        using var history = new RandomHistory(seed, root);
        try
        {
            await history.LiveAsync();
            if (seed % 50 == 0)
            {
                await GitRepository.Open(history.OurPath, new ObjectCache(0)).AssertSoundAsync();
            }

            return null;
        }
        catch (Exception failure)
        {
            return $"seed {seed}: {failure}";
        }
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
