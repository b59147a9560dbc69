using System.Security.Cryptography;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Lodestone.Hub;

/// <summary>What clients are hashed with: replaced after 30 days, so that nobody's hash leads further back.</summary>
internal sealed class TrafficSalts(HubDb db, TimeProvider clock)
{
    private const int Length = 32;

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    public async Task<byte[]> CurrentAsync(CancellationToken cancel)
    {
        var since = clock.GetUtcNow() - Lifetime;
        if (await FindAsync(since, cancel) is { } salt)
        {
            return salt.Secret;
        }

        await db.TrafficSalts.Where(s => s.CreatedAt <= since).ExecuteDeleteAsync(cancel);
        db.TrafficSalts.Add(new TrafficSalt(Guid.CreateVersion7(clock.GetUtcNow()), RandomNumberGenerator.GetBytes(Length), clock.GetUtcNow()));
        await db.SaveChangesAsync(cancel);
        return (await FindAsync(since, cancel) ?? throw new InvalidOperationException("The salt that was just written is gone.")).Secret;
    }

    // Of two that were made at once all servers use the same.
    private Task<TrafficSalt?> FindAsync(DateTimeOffset since, CancellationToken cancel) =>
        db.TrafficSalts.AsNoTracking().Where(s => s.CreatedAt > since).OrderBy(s => s.Id).FirstOrDefaultAsync(cancel);
}

/// <summary>Lets go what is no longer needed to count, and takes days that are more than 30 ago out of the downloads that lists show.</summary>
internal sealed class TrafficCare(HubDb db, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.traffic";

    public static readonly TimeSpan Every = TimeSpan.FromHours(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var (dayAgo, today) = (now.AddHours(-24), now.ToUnixTimeSeconds() / 86_400);
        await db.WriteAsync(
            async inner =>
            {
                await db.FetchedParts.Where(p => p.BeganAt <= dayAgo).ExecuteDeleteAsync(inner);
                await db.FetchedSets.Where(s => s.CountedAt <= dayAgo).ExecuteDeleteAsync(inner);
                return await db.TrafficClients.Where(c => c.Day <= today - Metrics.Month).ExecuteDeleteAsync(inner);
            },
            cancel);
        await db.WriteAsync(
            inner => db.Database.ExecuteSqlAsync(
                $"""
                update hub_repo set downloads = coalesce((select sum(t.downloads) from hub_traffic t where t.repo_id = hub_repo.id and t.client_class = 'person' and t.day > {today - Metrics.Month}), 0)
                where downloads <> coalesce((select sum(t.downloads) from hub_traffic t where t.repo_id = hub_repo.id and t.client_class = 'person' and t.day > {today - Metrics.Month}), 0)
                """,
                inner),
            cancel);
        return now + Every;
    }
}

/// <summary>Has billing know every quarter of an hour what was sent of whose repositories: from what was counted, so that no byte waits for it.</summary>
internal sealed class EgressMetering(HubDb db, Metered metered, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.egress";

    public static readonly TimeSpan Every = TimeSpan.FromMinutes(15);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        foreach (var day in new[] { today.AddDays(-1), today }) // the last minutes of a day are counted in the next
        {
            await metered.SentAsync(day, await SentAsync(day, cancel), cancel);
        }

        return now + Every;
    }

    private Task<Dictionary<Guid, long>> SentAsync(DateOnly day, CancellationToken cancel)
    {
        var number = (long)(day.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber);
        return db.Traffic.AsNoTracking().Where(t => t.Day == number && t.Bytes > 0).Join(db.Repos, t => t.RepoId, r => r.Id, (t, r) => new { r.OwnerId, t.Bytes })
            .GroupBy(t => t.OwnerId).Select(g => new { g.Key, Bytes = g.Sum(t => t.Bytes) }).ToDictionaryAsync(g => g.Key, g => g.Bytes, cancel);
    }
}

/// <summary>Has it done from the first start on.</summary>
internal sealed class TrafficStart(Tasks tasks, TimeProvider clock) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await tasks.ScheduleAsync(TrafficCare.Kind, "all", clock.GetUtcNow() + TrafficCare.Every, new { }, cancellationToken);
        await tasks.ScheduleAsync(EgressMetering.Kind, "all", clock.GetUtcNow() + EgressMetering.Every, new { }, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
