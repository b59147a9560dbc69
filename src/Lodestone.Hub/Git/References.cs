using System.Text;

namespace Lodestone.Hub;

/// <param name="Name">Full, such as <c>refs/heads/main</c>.</param>
/// <param name="Target">A commit, or an annotated tag.</param>
internal sealed record GitReference(string Name, ObjectId Target);

/// <summary>Reads a repository's references: a file each, or lines of <c>packed-refs</c>. Nothing is cached: git may move them too.</summary>
/// <param name="folder">The repository.</param>
internal sealed class References(string folder)
{
    private const int MaxSymbolic = 5;
    private const string Symbolic = "ref: ";

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
        if (!File.Exists(PathOf(name)))
        {
            return null;
        }

        Span<byte> content = stackalloc byte[1100];
        try
        {
            // No sharing lock: whoever publishes renames over the file while we read.
            using var file = File.OpenHandle(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            content = content[..RandomAccess.Read(file, content, 0)];
            return Encoding.UTF8.GetString(content.TrimEnd(" \n\r\t"u8));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return null; // deleted, or replaced by a folder, a moment ago
        }
    }
}
