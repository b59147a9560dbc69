using System.Text;

namespace Lodestone.Compute;

/// <summary>
/// A private folder for the workers' sockets. It is a short path of its own, because a Unix socket's path has at most
/// 107 bytes and a data directory may lie deep. Folders that servers left behind when they were killed are removed.
/// </summary>
internal sealed class SocketDirectory : IDisposable
{
    private const string Prefix = "lodestone-";
    private const string LockFile = "lock";
    private const int LongestPath = 107;

    private readonly string _path;
    private readonly FileStream _lock;
    private int _count;

    public SocketDirectory()
    {
        RemoveStale();
        _path = Directory.CreateTempSubdirectory(Prefix).FullName; // only we may enter it
        _lock = Lock(Path.Combine(_path, LockFile));
    }

    /// <summary>A path that no other worker has or had.</summary>
    public string Next()
    {
        var path = Path.Combine(_path, $"{Interlocked.Increment(ref _count)}.sock");
        return Encoding.UTF8.GetByteCount(path) <= LongestPath
            ? path
            : throw new InvalidOperationException($"The folder for temporary files has too long a path for sockets: {path}. Set TMPDIR to a shorter one.");
    }

    public void Dispose()
    {
        _lock.Dispose();
        try
        {
            Directory.Delete(_path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another server that starts just now found it unlocked, and removed it.
        }
    }

    // The lock goes with its process, however that ends. A folder whose lock can be had belongs to nobody.
    private static void RemoveStale()
    {
        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            var file = Path.Combine(folder, LockFile);
            if (!File.Exists(file))
            {
                continue; // not ours, or so new that its server has not locked it yet
            }

            try
            {
                Lock(file).Dispose();
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception inUse) when (inUse is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }
    }

    private static FileStream Lock(string file) => new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
}
