using System.Globalization;

namespace Lodestone.Core;

/// <summary>
/// Where blobs are on disk: <c>blobs/ab/cd/abcd…</c>, and beside them <c>incoming</c>, where they are until they are whole. A
/// blob's last write time says when somebody last brought its bytes, which is what keeps <see cref="Discard"/> from taking a
/// blob that is being uploaded again: whoever finds it there sets the time, and whoever discards it looks at the time after
/// it has taken the blob away.
/// </summary>
internal sealed class BlobFolder
{
    private const string Discarded = "discarded-";

    private readonly string _root;
    private readonly TimeProvider _clock;

    public BlobFolder(StorageOptions options, TimeProvider clock)
    {
        _root = Path.Combine(options.DataDirectory, "blobs");
        _clock = clock;
        Incoming = Path.Combine(_root, "incoming");
        Directory.CreateDirectory(Incoming);
    }

    public string Incoming { get; }

    public string PathOf(Sha256Digest digest) => Path.Combine(_root, digest.Hex[..2], digest.Hex[2..4], digest.Hex);

    /// <summary>Makes a complete, synced file the blob. It is durable when this returns.</summary>
    public void Place(string aside, Sha256Digest digest)
    {
        var target = PathOf(digest);
        var folder = Path.GetDirectoryName(target)!; // PathOf always has one
        if (TryTouch(target))
        {
            File.Delete(aside); // the same bytes are there
        }
        else
        {
            Directory.CreateDirectory(folder);
            File.SetLastWriteTimeUtc(aside, _clock.GetUtcNow().UtcDateTime);
            File.Move(aside, target, overwrite: true);
        }

        DirectorySync.Flush(folder); // in both cases: whoever placed the same bytes may not have come so far
        DirectorySync.Flush(Path.GetDirectoryName(folder)!);
    }

    /// <summary>Deletes a blob unless somebody brought its bytes since <paramref name="unusedSince"/>.</summary>
    /// <returns>Whether it is gone by our doing.</returns>
    public bool Discard(Sha256Digest digest, DateTimeOffset unusedSince)
    {
        var (target, taken) = (PathOf(digest), Path.Combine(Incoming, Discarded + digest.Hex));
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

    public IEnumerable<Blob> List() =>
        Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories)
            .Where(path => !path.StartsWith(Incoming, StringComparison.Ordinal))
            .Select(path => new FileInfo(path))
            .Where(file => file.Exists && Sha256Digest.TryParse(file.Name, out _))
            .Select(file => new Blob(Sha256Digest.Parse(file.Name), file.Length));

    /// <summary>Clears what a process that was killed left: half files that nobody writes any more. A blob caught on its way out goes back.</summary>
    public void Recover()
    {
        foreach (var path in Directory.EnumerateFiles(Incoming))
        {
            var name = Path.GetFileName(path);
            if (name.StartsWith(Discarded, StringComparison.Ordinal) && Sha256Digest.TryParse(name[Discarded.Length..], out var digest))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(PathOf(digest))!); // PathOf always has one
                File.Move(path, PathOf(digest), overwrite: true);
            }
            else
            {
                DeleteUnheld(path);
            }
        }
    }

    /// <summary>A new file of a known size, its room taken at once so that a full disk refuses before any byte moves.</summary>
    /// <exception cref="Refusal"><c>storage_full</c>.</exception>
    public static Microsoft.Win32.SafeHandles.SafeFileHandle CreateFile(string path, long size)
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
