using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>All of the upkeep of what is stored, one after the other: reclaim, compaction, and a count of what is stored for whom.</summary>
public sealed class Sweeps
{
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(90);

    private readonly HubDb _db;
    private readonly Reclaim _reclaim;
    private readonly Compaction _compaction;
    private readonly StorageCounting _counting;
    private readonly Tasks _tasks;
    private readonly TimeProvider _clock;

    internal Sweeps(HubDb db, Reclaim reclaim, Compaction compaction, StorageCounting counting, Tasks tasks, TimeProvider clock) =>
        (_db, _reclaim, _compaction, _counting, _tasks, _clock) = (db, reclaim, compaction, counting, tasks, clock);

    /// <param name="isDryRun">Changes nothing and says what would be.</param>
    public async Task<ReclaimReport> RunAsync(bool isDryRun, CancellationToken cancel)
    {
        var report = await _reclaim.RunAsync(isDryRun, cancel);
        await _compaction.RunAsync(report, cancel);
        report.Server = await _counting.CountAllAsync(isSaved: !isDryRun, cancel);
        return report;
    }

    /// <summary>The one of a day.</summary>
    internal async Task RunDailyAsync(CancellationToken cancel)
    {
        var sweep = NewSweep(isDryRun: false);
        sweep.End(await RunAsync(isDryRun: false, cancel), _clock.GetUtcNow());
        await _db.Sweeps.Where(s => s.AskedAt < sweep.AskedAt - Remembered).ExecuteDeleteAsync(cancel);
        _db.Sweeps.Add(sweep);
        await _db.SaveChangesAsync(cancel);
    }

    /// <summary>Has one done in the background.</summary>
    internal async Task<Sweep> AskAsync(bool isDryRun, CancellationToken cancel)
    {
        var sweep = NewSweep(isDryRun);
        _db.Sweeps.Add(sweep);
        await _db.SaveChangesAsync(cancel);
        await _tasks.ScheduleAsync(AskedSweep.Kind, sweep.Id.ToString(), sweep.AskedAt, new { }, cancel);
        return sweep;
    }

    internal async Task RunAskedAsync(Guid sweepId, CancellationToken cancel)
    {
        if (await _db.Sweeps.AsNoTracking().SingleOrDefaultAsync(s => s.Id == sweepId, cancel) is not { EndedAt: null } sweep)
        {
            return; // done before
        }

        sweep.End(await RunAsync(sweep.IsDryRun, cancel), _clock.GetUtcNow());
        _db.ChangeTracker.Clear();
        _db.Sweeps.Update(sweep);
        await _db.SaveChangesAsync(cancel);
    }

    /// <summary>The newest first.</summary>
    internal async Task<IReadOnlyList<Sweep>> LastAsync(int limit, CancellationToken cancel) =>
        await _db.Sweeps.AsNoTracking().OrderByDescending(s => s.AskedAt).ThenByDescending(s => s.Id).Take(limit).ToListAsync(cancel);

    private Sweep NewSweep(bool isDryRun)
    {
        var now = _clock.GetUtcNow();
        return new Sweep { Id = Guid.CreateVersion7(now), IsDryRun = isDryRun, AskedAt = now };
    }
}
