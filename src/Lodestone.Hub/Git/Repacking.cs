using System.Globalization;
using Lodestone.Core;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Every commit and push adds a pack, and looking for an object means looking into each: a leased task has git combine them, so that
/// each pack has at least twice the objects of the next smaller one, and bring its indexes of packs and commits up to date. Requests
/// go on meanwhile: objects are never dropped, only moved to another pack.
/// </summary>
internal sealed partial class Repacking(RepoStore store, Tasks tasks, TimeProvider clock, ILogger<Repacking> log) : ITaskHandler
{
    public const string Kind = "hub.repack";

    /// <summary>Packs from which on a repository is worth the work.</summary>
    public const int MostPacks = 50;

    private const int AskEvery = 10;

    // A burst of commits is over by then, and one run does for all of it what would have taken several, in its way.
    private static readonly TimeSpan Gathering = TimeSpan.FromSeconds(5);

    private static readonly string[] Modestly = ["-c", "pack.threads=1", "-c", "pack.windowMemory=128m", "-c", "core.bigFileThreshold=16m"];

    /// <summary>To be called when something was published.</summary>
    public Task ConsiderAsync(Guid repoId, GitRepository git)
    {
        // Not at every commit from there on: the task may be about to run.
        var packs = git.Objects.PackCount;
        return packs >= MostPacks && packs % AskEvery == 0
            ? tasks.ScheduleAsync(Kind, repoId.ToString("N", CultureInfo.InvariantCulture), clock.GetUtcNow() + Gathering, new { }, CancellationToken.None)
            : Task.CompletedTask;
    }

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        if (store.TryOpen(Guid.ParseExact(task.Key, "N")) is { } git)
        {
            Leftovers.Sweep(git.Path);
            var before = git.Objects.Rescan();
            await RepackAsync(git, cancel);
            var after = git.Objects.Rescan();
            Repacked(log, git.Path, before, after);
        }

        return null;
    }

    public static async Task RepackAsync(GitRepository git, CancellationToken cancel)
    {
        await RunAsync(git, [.. Modestly, "repack", "--geometric=2", "-d", "-q", "--write-midx"], cancel);
        await RunAsync(git, ["commit-graph", "write", "--reachable", "--split", "--no-progress"], cancel);
    }

    private static async Task RunAsync(GitRepository repository, string[] arguments, CancellationToken cancel)
    {
        using var git = GitProcess.Start(repository, arguments);
        var complaining = git.ReadComplaintAsync(cancel);
        await git.Output.CopyToAsync(Stream.Null, cancel);
        var exitCode = await git.EndAsync(cancel);
        var complaint = await complaining;
        if (exitCode != 0)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"git {string.Join(' ', arguments)} ended with {exitCode}: {complaint}"));
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Repacked {Repository}: {Before} packs are {After}")]
    private static partial void Repacked(ILogger log, string repository, int before, int after);
}
