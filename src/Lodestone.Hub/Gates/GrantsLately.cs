using System.Collections.Concurrent;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Acceptances that were found some seconds ago, by repository and caller: a file is fetched in thousands of ranges. Whether they
/// still let the caller in is decided anew each time. A change counts from the next request on this server
/// (<see cref="Forget"/>) and within five seconds on others; that there is none is never remembered.
/// </summary>
internal sealed class GrantsLately(AccessChanges changes, TimeProvider clock)
{
    private const int Most = 10_000;

    private static readonly TimeSpan Age = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(Guid RepoId, Guid CallerId), Remembered> _known = new();

    // Rises with every change. What was read before a change is not remembered after it.
    private long _generation;

    public async ValueTask<IReadOnlyList<Acceptance>> FindAsync(Guid repoId, Guid callerId, Func<Task<IReadOnlyList<Acceptance>>> read)
    {
        var (now, generation) = (clock.GetUtcNow(), Volatile.Read(ref _generation));
        if (_known.TryGetValue((repoId, callerId), out var remembered) && remembered.Generation == generation && now < remembered.Until)
        {
            return remembered.Accepted;
        }

        var found = await read();
        if (found.Count > 0)
        {
            if (_known.Count >= Most)
            {
                _known.Clear();
            }

            _known[(repoId, callerId)] = new Remembered(found, now + Age, generation);
        }

        return found;
    }

    /// <summary>To be called after every change of a gate or of somebody's place at one.</summary>
    public void Forget()
    {
        Interlocked.Increment(ref _generation);
        _known.Clear();
        changes.Note();
    }

    private sealed record Remembered(IReadOnlyList<Acceptance> Accepted, DateTimeOffset Until, long Generation);
}
