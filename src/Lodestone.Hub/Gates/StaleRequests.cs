using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Lodestone.Hub;

/// <summary>Ends requests that no owner has answered for 90 days; whoever asked may ask again.</summary>
internal sealed class StaleRequests(HubDb db, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.stale_requests";

    public static readonly TimeSpan Every = TimeSpan.FromDays(1);

    private const int AtOnce = 500;

    private static readonly TimeSpan Patience = TimeSpan.FromDays(90);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        while (await db.WriteAsync(ExpireAsync, cancel) == AtOnce)
        {
            db.ChangeTracker.Clear();
        }

        return clock.GetUtcNow() + Every;
    }

    private async Task<int> ExpireAsync(CancellationToken cancel)
    {
        var (now, oldest) = (clock.GetUtcNow(), clock.GetUtcNow() - Patience);
        var stale = await db.AccessRequests.Where(a => a.State == AccessState.Pending && a.AskedAt < oldest).OrderBy(a => a.AskedAt).Take(AtOnce).Select(a => new { a.Id, a.RepoId }).ToListAsync(cancel);
        foreach (var (id, repoId) in stale.Select(s => (s.Id, s.RepoId)))
        {
            var group = await db.LockGateAsync(repoId, cancel); // the owner may be answering just now
            if (await db.AccessRequests.SingleOrDefaultAsync(a => a.Id == id && a.State == AccessState.Pending, cancel) is not { } request)
            {
                continue;
            }

            request.Decide(AccessState.Expired, null, null, now);
            await db.SpreadAsync(request, group, clock, cancel);
            await db.SaveChangesAsync(cancel); // so that the others of its group are found expired
            db.Publish(new AccessChanged(request.RepoId, request.SubjectId, request.State.ToWire(), Guid.Empty));
        }

        await db.SaveChangesAsync(cancel);
        return stale.Count;
    }
}

/// <summary>Has stale requests looked for from the first start on.</summary>
internal sealed class GateCare(Tasks tasks, TimeProvider clock) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        tasks.ScheduleAsync(StaleRequests.Kind, "all", clock.GetUtcNow() + StaleRequests.Every, new { }, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
