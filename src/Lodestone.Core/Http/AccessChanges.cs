namespace Lodestone.Core;

/// <summary>
/// Counts the changes, on this server, of who may read what: to be told of each by whatever remembers such things between requests.
/// While the count stands still, what one request was allowed the same request is allowed again.
/// </summary>
public sealed class AccessChanges
{
    private long _count;

    public long Count => Volatile.Read(ref _count);

    public void Note() => Interlocked.Increment(ref _count);
}
