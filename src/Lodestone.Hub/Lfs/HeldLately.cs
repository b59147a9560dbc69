using System.Collections.Concurrent;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Hub;

/// <summary>
/// Which files repositories were seen to hold some seconds ago: clients read a file in thousands of ranges, and asking the
/// database for each would cost more than sending it. What this server takes away is forgotten at once; what another one takes
/// away is served that much longer.
/// </summary>
internal sealed class HeldLately(IServiceScopeFactory scopes, AccessChanges changes, TimeProvider clock)
{
    private const int Most = 10_000;

    private static readonly TimeSpan Age = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(Guid RepoId, Sha256Digest Digest), (HeldFile File, DateTimeOffset At)> _seen = [];

    public async ValueTask<bool> HoldsAsync(Guid repoId, Sha256Digest digest, CancellationToken cancel) => await FindAsync(repoId, digest, cancel) is not null;

    /// <returns>Null when the repository does not hold the file.</returns>
    /// <exception cref="Refusal"><c>forbidden</c>: the repository is taken down.</exception>
    public async ValueTask<HeldFile?> FindAsync(Guid repoId, Sha256Digest digest, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (_seen.TryGetValue((repoId, digest), out var seen) && now - seen.At < Age)
        {
            return seen.File;
        }

        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDb>();
        if (await db.FindHeldAsync(repoId, digest, cancel) is not { } found)
        {
            return null;
        }

        if (await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId && r.DisabledAt != null, cancel) is { } disabled)
        {
            throw HubRefusals.Disabled(disabled); // links outlive what was served when they were made
        }

        if (_seen.Count >= Most)
        {
            _seen.Clear();
        }

        _seen[(repoId, digest)] = (found, now);
        return found;
    }

    public void Forget(Guid repoId)
    {
        foreach (var key in _seen.Keys.Where(k => k.RepoId == repoId))
        {
            _seen.TryRemove(key, out _);
        }

        changes.Note();
    }
}

internal sealed class ForgetDeletedRepo(HeldLately lately) : IEventHandler<RepoDeleted>
{
    public Task HandleAsync(Guid eventId, RepoDeleted happened, CancellationToken cancel)
    {
        lately.Forget(happened.RepoId);
        return Task.CompletedTask;
    }
}
