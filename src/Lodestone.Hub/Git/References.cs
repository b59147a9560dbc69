using System.Collections.Concurrent;
using System.Text;

namespace Lodestone.Hub;

/// <param name="Name">Full, such as <c>refs/heads/main</c>.</param>
/// <param name="Target">A commit, or an annotated tag.</param>
internal sealed record GitReference(string Name, ObjectId Target);

/// <summary>
/// Reads a repository's references: a file each, or lines of <c>packed-refs</c>. Git may move them too, so a file is asked each time
/// when it was last written; what it held is remembered for a second at most, and not where it may have been written twice in
/// one tick of the file system's clock.
/// </summary>
/// <param name="folder">The repository.</param>
internal sealed class References(string folder)
{
    private const int MaxSymbolic = 5;
    private const int MostKnown = 1000;
    private const string Symbolic = "ref: ";

    private static readonly TimeProvider FileClock = TimeProvider.System; // what files are stamped with
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    private long _generation;

    public string Folder => folder;

    public string PackedRefsPath => Path.Combine(folder, "packed-refs");

    /// <summary>The branch that <c>HEAD</c> names, whether it exists or not; null if HEAD is a bare id.</summary>
    public string? Head => ReadLoose("HEAD") is { } head && head.StartsWith(Symbolic, StringComparison.Ordinal) ? head[Symbolic.Length..] : null;

    /// <summary>References under a prefix, by name in git's order.</summary>
    public IReadOnlyList<GitReference> List(string prefix = "refs/")
    {
        // Loose before packed: git writes packed-refs before it deletes the files.
        var found = new Dictionary<string, ObjectId>(StringComparer.Ordinal);
        foreach (var name in LooseNames())
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && Find(name) is { } target)
            {
                found[name] = target;
            }
        }

        foreach (var reference in PackedRefs.Read(PackedRefsPath).Where(r => r.Name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            found.TryAdd(reference.Name, reference.Target);
        }

        var list = found.Select(r => new GitReference(r.Key, r.Value)).ToArray();
        Array.Sort(list, (a, b) => GitName.Compare(a.Name, false, b.Name, false));
        return list;
    }

    /// <param name="name">A full name, or <c>HEAD</c>.</param>
    /// <returns>What it points to, symbolic references followed; null if it does not exist.</returns>
    public ObjectId? Find(string name)
    {
        for (var depth = 0; depth < MaxSymbolic && (name == "HEAD" || RefName.IsValid(name)); depth++)
        {
            if (ReadLoose(name) is not { } loose)
            {
                return FindPacked(name);
            }

            if (!loose.StartsWith(Symbolic, StringComparison.Ordinal))
            {
                return ObjectId.TryParse(loose, out var target) ? target : throw new CorruptRepositoryException($"The reference {name} is malformed.");
            }

            name = loose[Symbolic.Length..];
        }

        return null;
    }

    public string PathOf(string name) => Path.Combine(folder, name);

    /// <summary>Rises with every change that this process makes.</summary>
    public long Generation => Volatile.Read(ref _generation);

    /// <summary>To be called when the reference has changed.</summary>
    public void Forget(string name)
    {
        _known.TryRemove(name, out _);
        Interlocked.Increment(ref _generation);
    }

    private ObjectId? FindPacked(string name) => PackedRefs.Read(PackedRefsPath).FirstOrDefault(r => r.Name == name)?.Target;

    private IEnumerable<string> LooseNames()
    {
        var files = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.None };
        return Directory.EnumerateFiles(Path.Combine(folder, "refs"), "*", files)
            .Select(f => Path.GetRelativePath(folder, f))
            .Where(RefName.IsValid);
    }

    private string? ReadLoose(string name)
    {
        // Most names asked for have no file, and an exception for each would cost more than all the rest.
        var file = new FileInfo(PathOf(name));
        if (!file.Exists)
        {
            return null;
        }

        var (writtenAt, now) = (file.LastWriteTimeUtc, FileClock.GetUtcNow().UtcDateTime);
        if (_known.TryGetValue(name, out var known) && known.WrittenAt == writtenAt && now - known.ReadAt < Age)
        {
            return known.Content;
        }

        var content = Read(file.FullName);
        if (content is not null && now - writtenAt > Tick)
        {
            Remember(name, new Known(content, writtenAt, now));
        }

        return content;
    }

    private static string? Read(string path)
    {
        Span<byte> content = stackalloc byte[1100];
        try
        {
            // No sharing lock: whoever publishes renames over the file while we read.
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            content = content[..RandomAccess.Read(file, content, 0)];
            return Encoding.UTF8.GetString(content.TrimEnd(" \n\r\t"u8));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return null; // deleted, or replaced by a folder, a moment ago
        }
    }

    private void Remember(string name, Known known)
    {
        if (_known.Count >= MostKnown)
        {
            _known.Clear();
        }

        _known[name] = known;
    }

    private sealed record Known(string Content, DateTime WrittenAt, DateTime ReadAt);
}
