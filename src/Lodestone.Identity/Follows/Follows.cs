using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Who follows whom. Following twice is the same as following once.</summary>
public sealed class Follows
{
    private readonly IdentityDb _db;
    private readonly TimeProvider _clock;

    internal Follows(IdentityDb db, TimeProvider clock)
    {
        _db = db;
        _clock = clock;
    }

    /// <summary>The namespaces that a user follows.</summary>
    public async Task<IReadOnlyList<Guid>> OfAsync(Guid userId, CancellationToken cancel) =>
        await _db.Follows.Where(f => f.FollowerId == userId).Select(f => f.FollowedId).ToListAsync(cancel);

    /// <summary>How many follow each of the namespaces, and whether the reader does.</summary>
    public async Task<IReadOnlyDictionary<Guid, Following>> ToAsync(Caller reader, IReadOnlyCollection<Guid> ids, CancellationToken cancel)
    {
        var counts = await _db.Follows.Where(f => ids.Contains(f.FollowedId)).GroupBy(f => f.FollowedId).ToDictionaryAsync(g => g.Key, g => g.Count(), cancel);
        var own = await _db.Follows.Where(f => f.FollowerId == reader.Id && ids.Contains(f.FollowedId)).Select(f => f.FollowedId).ToListAsync(cancel);
        return ids.Distinct().ToDictionary(id => id, id => new Following(counts.GetValueOrDefault(id), own.Contains(id)));
    }

    /// <exception cref="Refusal"><c>unprocessable</c>: nobody follows themselves.</exception>
    public async Task FollowAsync(Caller caller, Guid namespaceId, CancellationToken cancel)
    {
        if (caller.MayChange().Id == namespaceId)
        {
            throw new Refusal(RefusalCode.Unprocessable, "You cannot follow yourself.");
        }

        _db.Follows.Add(new Follow(caller.Id, namespaceId, _clock.GetUtcNow()));
        await _db.TrySaveAsync(cancel); // false: already so
    }

    public Task UnfollowAsync(Caller caller, Guid namespaceId, CancellationToken cancel)
    {
        var followerId = caller.MayChange().Id;
        return _db.WriteAsync(inner => _db.Follows.Where(f => f.FollowerId == followerId && f.FollowedId == namespaceId).ExecuteDeleteAsync(inner), cancel);
    }
}

/// <param name="Followers">How many follow it.</param>
/// <param name="IsOwn">The reader is among them.</param>
public readonly record struct Following(int Followers, bool IsOwn);

internal sealed record Follow(Guid FollowerId, Guid FollowedId, DateTimeOffset CreatedAt);
