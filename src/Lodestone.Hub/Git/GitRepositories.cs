namespace Lodestone.Hub;

/// <summary>
/// The repositories that this process has open, so that requests share their packs, caches and turn to publish. The least
/// recently used are forgotten; whoever still holds one may go on, since lock files guard references in any case.
/// </summary>
/// <param name="capacity">How many to keep open. Each takes a file handle for every pack that was read.</param>
/// <param name="settling">Of what is published to them.</param>
internal sealed class GitRepositories(ObjectCache cache, int capacity, Settling? settling = null)
{
    // Guards both lists.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<GitRepository>> _open = new(StringComparer.Ordinal);
    private readonly LinkedList<GitRepository> _byUse = [];

    /// <exception cref="DirectoryNotFoundException">There is no repository.</exception>
    public GitRepository Open(string path)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(path, out var node))
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
                return node.Value;
            }
        }

        return Keep(GitRepository.Open(path, cache, settling));
    }

    /// <summary>To be called when a repository is deleted or moved.</summary>
    public void Forget(string path)
    {
        lock (_lock)
        {
            if (_open.Remove(path, out var node))
            {
                _byUse.Remove(node);
            }
        }
    }

    private GitRepository Keep(GitRepository opened)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(opened.Path, out var first))
            {
                return first.Value; // another request was faster
            }

            _open.Add(opened.Path, _byUse.AddFirst(opened));
            if (_open.Count > capacity && _byUse.Last is { } last)
            {
                _byUse.RemoveLast();
                _open.Remove(last.Value.Path);
            }

            return opened;
        }
    }
}
