using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Several references changed together, under git's locks. First all locks are taken (in order of name, so that two transactions
/// never wait for each other), then the old values are compared, then the new ones are written and renamed into place. A crash in
/// the middle of the renames leaves some references new and some old, as it does with git; each single one is whole.
/// </summary>
internal sealed class RefTransaction : IDisposable
{
    private readonly References _references;
    private readonly List<(RefUpdate Update, LockFile Lock)> _locked = [];
    private LockFile? _packedRefs;

    private RefTransaction(References references) => _references = references;

    /// <summary>Takes the locks.</summary>
    public static async Task<RefTransaction> Begin(References references, IReadOnlyList<RefUpdate> updates, CancellationToken cancel)
    {
        var transaction = new RefTransaction(references);
        try
        {
            foreach (var update in updates.OrderBy(u => u.Name, StringComparer.Ordinal))
            {
                transaction._locked.Add((update, await LockFile.Acquire(references.PathOf(update.Name), cancel)));
            }

            if (updates.Any(u => u.New is null))
            {
                transaction._packedRefs = await LockFile.Acquire(references.PackedRefsPath, cancel);
            }

            return transaction;
        }
        catch
        {
            transaction.Dispose();
            throw;
        }
    }

    /// <summary>The first reference that is not as expected, or null.</summary>
    public Conflict? FindConflict()
    {
        foreach (var (update, _) in _locked)
        {
            var actual = _references.Find(update.Name);
            if (actual != update.Old)
            {
                return new Conflict(update.Name, actual);
            }
        }

        return null;
    }

    /// <summary>Writes the new values beside the old ones. Nobody sees them yet.</summary>
    public void Prepare(bool isDurable)
    {
        foreach (var (update, @lock) in _locked)
        {
            if (update.New is { } target && update.New != update.Old)
            {
                @lock.Write($"{target}\n", isDurable);
            }
        }
    }

    /// <summary>Puts the prepared values in place of those that were there. Durable once their folders are.</summary>
    public void Move()
    {
        foreach (var (update, @lock) in _locked)
        {
            Apply(update, @lock);
        }
    }

    /// <summary>Puts the prepared values in place, durably.</summary>
    public void Commit()
    {
        var deleted = _locked.Where(l => l.Update.New is null).Select(l => l.Update.Name).ToHashSet(StringComparer.Ordinal);
        var changed = _locked.Where(l => l.Update.New != l.Update.Old).Select(l => _references.PathOf(l.Update.Name)).ToList();
        var known = changed.Where(File.Exists).Select(Path.GetDirectoryName).ToHashSet(StringComparer.Ordinal); // made durable with what is in them
        Unpack(deleted);
        Move();
        foreach (var folder in changed.Select(Path.GetDirectoryName).Distinct(StringComparer.Ordinal))
        {
            SyncUpToRefs(folder, known);
        }
    }

    public void Dispose()
    {
        _packedRefs?.Dispose();
        foreach (var (update, @lock) in _locked)
        {
            @lock.Dispose();
            RemoveEmptyParents(update.Name);
        }

        _locked.Clear();
    }

    private void Apply(RefUpdate update, LockFile @lock)
    {
        var path = _references.PathOf(update.Name);
        if (update.New is null)
        {
            File.Delete(path);
        }
        else if (update.New != update.Old)
        {
            RemoveEmptyFolders(path);
            @lock.Commit();
        }

        _references.Forget(update.Name);
    }

    /// <summary>Packed lines go first: with its file alone deleted, a reference would come back with the packed value.</summary>
    private void Unpack(HashSet<string> names)
    {
        if (_packedRefs is not null && PackedRefs.Without(_references.PackedRefsPath, names) is { } kept)
        {
            _packedRefs.Write(kept, isDurable: true);
            _packedRefs.Commit();
            DirectorySync.Flush(_references.Folder);
        }
    }

    // Where the folder may itself be new, every name on the way down is made durable.
    private void SyncUpToRefs(string? folder, HashSet<string?> known)
    {
        var refs = _references.PathOf("refs");
        for (; folder is not null && folder.Length >= refs.Length; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(folder))
            {
                DirectorySync.Flush(folder);
            }

            if (known.Contains(folder))
            {
                return;
            }
        }
    }

    private static void RemoveEmptyFolders(string path)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        foreach (var inner in Directory.EnumerateDirectories(path))
        {
            RemoveEmptyFolders(inner);
        }

        Directory.Delete(path);
    }

    /// <summary>Folders of <c>refs/heads/a/b</c> that its lock or its deletion left empty; not <c>refs/heads</c> itself.</summary>
    private void RemoveEmptyParents(string name)
    {
        try
        {
            for (var parent = Path.GetDirectoryName(name); parent?.Count(c => c == '/') >= 2; parent = Path.GetDirectoryName(parent))
            {
                Directory.Delete(_references.PathOf(parent));
            }
        }
        catch (IOException)
        {
            // Not empty, or gone already.
        }
    }
}
