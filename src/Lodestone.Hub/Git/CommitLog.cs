using System.Collections.Concurrent;

namespace Lodestone.Hub;

internal readonly record struct LoggedCommit(ObjectId Id, GitCommit Commit);

/// <summary>The history of a commit, newest first by the committer's date as <c>git log</c> has it, read as it is asked for.</summary>
internal sealed class CommitLog(ObjectDatabase objects)
{
    private const int MaxCounts = 64;
    private readonly ConcurrentDictionary<ObjectId, int> _counts = new();

    public IEnumerable<LoggedCommit> From(ObjectId head)
    {
        var seen = new HashSet<ObjectId> { head };
        var open = new PriorityQueue<LoggedCommit, (long Age, int Turn)>();
        Enqueue(head);
        while (open.TryDequeue(out var next, out _))
        {
            yield return next;
            foreach (var parent in next.Commit.Parents.Where(seen.Add))
            {
                Enqueue(parent);
            }
        }

        void Enqueue(ObjectId id)
        {
            var commit = objects.Commit(id);
            open.Enqueue(new LoggedCommit(id, commit), (-commit.Committer.When.ToUnixTimeSeconds(), seen.Count));
        }
    }

    /// <summary>How many commits <see cref="From"/> gives. The first count of a long history takes a while; it is remembered.</summary>
    public int Count(ObjectId head, CancellationToken cancel)
    {
        if (_counts.TryGetValue(head, out var known))
        {
            return known;
        }

        var count = CountAfresh(head, cancel);
        if (_counts.Count >= MaxCounts)
        {
            _counts.Clear();
        }

        _counts[head] = count;
        return count;
    }

    /// <summary>Whether a commit is the head or one of its ancestors.</summary>
    public bool Contains(ObjectId head, ObjectId commit, CancellationToken cancel)
    {
        foreach (var logged in From(head))
        {
            cancel.ThrowIfCancellationRequested();
            if (logged.Id == commit)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A straight line that ends in a counted commit needs no walk beyond it: the usual case, one commit more than last time.</summary>
    private int CountAfresh(ObjectId head, CancellationToken cancel)
    {
        var line = 0;
        for (var id = head; ; line++)
        {
            cancel.ThrowIfCancellationRequested();
            if (_counts.TryGetValue(id, out var known))
            {
                return line + known;
            }

            switch (objects.Commit(id).Parents)
            {
                case []:
                    return line + 1;
                case [var parent]:
                    id = parent;
                    break;
                default:
                    return line + CountMerged(id, cancel);
            }
        }
    }

    private int CountMerged(ObjectId head, CancellationToken cancel)
    {
        var count = 0;
        foreach (var _ in From(head))
        {
            cancel.ThrowIfCancellationRequested();
            count++;
        }

        return count;
    }
}
