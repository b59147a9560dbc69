using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>
/// Files that are named by a hash of 64 hex digits and never change: <c>blobs/ab/cd/abcd…</c>. Beside them is <c>incoming</c>,
/// where they are until they are whole. A file's last write time says when somebody last brought it, which is what keeps
/// <see cref="Discard"/> from taking a file that is being uploaded again: whoever finds it there sets the time, and whoever
/// discards it looks at the time after it has taken the file away.
/// </summary>
public sealed class HashFolder
{
    private const int NameLength = 64;
    private const string Discarded = "discarded-";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private readonly string _root;
    private readonly TimeProvider _clock;

    // One places or takes away at a time: what has one name may have been written in several ways, and the first one stays.
    private readonly Lock _moving = new();

    /// <param name="name">Of the folder in the data folder.</param>
    public HashFolder(StorageOptions options, string name, TimeProvider clock)
    {
        _root = Path.Combine(options.DataDirectory, name);
        _clock = clock;
        Incoming = Path.Combine(_root, "incoming");
        Directory.CreateDirectory(Incoming);
    }

    /// <summary>Where files are written before they are placed. Whoever writes one holds it open for itself alone.</summary>
    public string Incoming { get; }

    public string PathOf(string hash) => Path.Combine(_root, hash[..2], hash[2..4], hash);

    /// <summary>A name for a new file that is not whole yet.</summary>
    public string NewAside() => Path.Combine(Incoming, Guid.CreateVersion7(_clock.GetUtcNow()).ToString("N"));

    /// <summary>Gives a complete, synced file its name. It is durable when this returns.</summary>
    /// <returns>False when there was a file of the name: that one stays.</returns>
    public bool Place(string aside, string hash)
    {
        var target = PathOf(hash);
        var folder = Path.GetDirectoryName(target)!; // PathOf always has one
        bool isNew;
        lock (_moving)
        {
            isNew = !TryTouch(target);
            if (isNew)
            {
                Directory.CreateDirectory(folder);
                File.SetLastWriteTimeUtc(aside, _clock.GetUtcNow().UtcDateTime);
                File.Move(aside, target, overwrite: true);
            }
        }

        if (!isNew)
        {
            File.Delete(aside);
        }

        DirectorySync.Flush(folder); // in both cases: whoever placed the same file may not have come so far
        DirectorySync.Flush(Path.GetDirectoryName(folder)!);
        return isNew;
    }

    /// <summary>Deletes a file unless somebody brought it again since <paramref name="unusedSince"/>.</summary>
    /// <returns>Whether it is gone by our doing.</returns>
    public bool Discard(string hash, DateTimeOffset unusedSince)
    {
        var (target, taken) = (PathOf(hash), Path.Combine(Incoming, Discarded + hash));
        lock (_moving)
        {
            try
            {
                File.Move(target, taken, overwrite: true);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return false;
            }

            if (File.GetLastWriteTimeUtc(taken) > unusedSince.UtcDateTime)
            {
                File.Move(taken, target, overwrite: true);
                return false;
            }

            File.Delete(taken);
            return true;
        }
    }

    /// <summary>Everything placed, read as it is asked for. What comes or goes meanwhile may be missed.</summary>
    public IEnumerable<HashedFile> List() =>
        Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories)
            .Where(path => !path.StartsWith(Incoming, StringComparison.Ordinal))
            .Select(path => new FileInfo(path))
            .Where(file => file.Exists && IsName(file.Name))
            .Select(file => new HashedFile(file.Name, file.Length));

    /// <summary>Clears what a process that was killed left: half files that nobody writes any more. A file caught on its way out goes back.</summary>
    public void Recover()
    {
        foreach (var path in Directory.EnumerateFiles(Incoming))
        {
            var name = Path.GetFileName(path);
            if (name.StartsWith(Discarded, StringComparison.Ordinal) && IsName(name.AsSpan(Discarded.Length)))
            {
                var target = PathOf(name[Discarded.Length..]);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!); // PathOf always has one
                File.Move(path, target, overwrite: true);
            }
            else
            {
                DeleteUnheld(path);
            }
        }
    }

    /// <summary>A new file of a known size, its room taken at once so that a full disk refuses before any byte moves.</summary>
    /// <exception cref="Refusal"><c>storage_full</c>.</exception>
    public static SafeFileHandle CreateFile(string path, long size)
    {
        try
        {
            return File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.Asynchronous, size);
        }
        catch (IOException) when (size > 0 && new DriveInfo(Path.GetDirectoryName(path) ?? path).AvailableFreeSpace < size)
        {
            throw new Refusal(
                RefusalCode.StorageFull,
                string.Create(CultureInfo.InvariantCulture, $"The server's disk has no room for {size} bytes. Nothing was stored; ask its operator to make room."));
        }
    }

    private static bool IsName(ReadOnlySpan<char> name) => name.Length == NameLength && !name.ContainsAnyExcept(HexDigits);

    private bool TryTouch(string target)
    {
        try
        {
            File.SetLastWriteTimeUtc(target, _clock.GetUtcNow().UtcDateTime);
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    // Whoever receives a file holds it exclusively, which a killed process gives up.
    private static void DeleteUnheld(string path)
    {
        try
        {
            using var held = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            File.Delete(path);
        }
        catch (IOException)
        {
            // It is being written by another process, or gone.
        }
    }
}

/// <param name="Hash">64 lower-case hex digits.</param>
/// <param name="Size">Bytes.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct HashedFile(string Hash, long Size);
