using System.Collections.Concurrent;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Repositories as they were read some seconds ago, for what is asked for in thousands: files, ranges, commits. Only what says
/// where a repository is and who may do what may be taken from them, not counts. A change of that counts from the next request on
/// this server (<see cref="Forget"/>) and within five seconds on others.
/// </summary>
internal sealed class ReposLately(AccessChanges changes, TimeProvider clock)
{
    private const int Most = 10_000;

    private static readonly TimeSpan Age = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(RepoType Type, string PathLower), Remembered> _known = new();

    // Rises with every change. What was read before a change is not remembered after it.
    private long _generation;

    /// <summary>Whoever sees the repository is for the caller to check.</summary>
    public async ValueTask<Repo?> FindAsync(RepoType type, string pathLower, Func<Task<Repo?>> read)
    {
        var (now, generation) = (clock.GetUtcNow(), Volatile.Read(ref _generation));
        if (_known.TryGetValue((type, pathLower), out var remembered) && remembered.Generation == generation && now < remembered.Until)
        {
            return remembered.Repo;
        }

        var found = await read();
        if (found is not null)
        {
            Remember((type, pathLower), new Remembered(found, now + Age, generation)); // only what is there: guessing does not fill the memory
        }

        return found;
    }

    /// <summary>To be called after every change of a place, an owner or a visibility, and after a deletion.</summary>
    public void Forget()
    {
        Interlocked.Increment(ref _generation);
        _known.Clear();
        changes.Note();
    }

    private void Remember((RepoType Type, string PathLower) place, Remembered repo)
    {
        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        _known[place] = repo;
    }

    private sealed record Remembered(Repo Repo, DateTimeOffset Until, long Generation);
}
