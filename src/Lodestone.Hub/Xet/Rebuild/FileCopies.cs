using System.Collections.Concurrent;
using System.Security.Cryptography;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Chunked files written out whole, for programs that map files into memory. Each is made once, whoever waits for it. A copy's
/// last write time says when it was last asked for. A program that has one open keeps it when it is deleted.
/// </summary>
internal sealed class FileCopies(HashFolder folder, TimeProvider clock) : IDisposable
{
    /// <summary>Name of the folder in the data folder.</summary>
    public const string Folder = "copies";

    private const int AtOnce = 1 << 20;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    // Who was given a path has opened it within this time. Half of it is how exactly it is known when a copy was asked for.
    private static readonly TimeSpan Hold = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stop = new();

    // Those that are being made. Whoever adds one makes it; the others wait.
    private readonly ConcurrentDictionary<Sha256Digest, Lazy<Task<string>>> _making = [];

    /// <returns>Null when there is no copy.</returns>
    public string? Find(Sha256Digest digest)
    {
        var (file, now) = (new FileInfo(folder.PathOf(digest.Hex)), clock.GetUtcNow().UtcDateTime);
        if (!file.Exists)
        {
            return null;
        }

        try
        {
            if (now - file.LastWriteTimeUtc > Hold / 2)
            {
                file.LastWriteTimeUtc = now;
            }

            return file.FullName;
        }
        catch (FileNotFoundException)
        {
            return null; // it was deleted this moment
        }
    }

    /// <summary>Goes on when a caller gives up: the next one is served sooner.</summary>
    /// <param name="open">The content, from its first byte on.</param>
    public Task<string> MakeAsync(Sha256Digest digest, Func<Stream> open, CancellationToken cancel)
    {
        var making = _making.GetOrAdd(digest, _ => new Lazy<Task<string>>(() => Task.Run(() => WriteAsync(digest, open), CancellationToken.None)));
        return making.Value.WaitAsync(cancel);
    }

    /// <summary>Deletes copies that nobody asked for in a week, and those of files that are not held any more.</summary>
    /// <param name="isHeldAsync">Whether some repository still holds the file.</param>
    public async Task SweepAsync(Func<Sha256Digest, Task<bool>> isHeldAsync)
    {
        var now = clock.GetUtcNow();
        foreach (var copy in folder.List())
        {
            var isHeld = await isHeldAsync(Sha256Digest.Parse(copy.Hash));
            folder.Discard(copy.Hash, now - (isHeld ? Kept : Hold));
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task<string> WriteAsync(Sha256Digest digest, Func<Stream> open)
    {
        var aside = folder.NewAside();
        try
        {
            await using (var content = open())
            {
                await CopyAsync(content, aside, digest);
            }

            folder.Place(aside, digest.Hex);
            return folder.PathOf(digest.Hex);
        }
        finally
        {
            File.Delete(aside); // renamed away when all went well
            _making.TryRemove(digest, out _);
        }
    }

    /// <summary>Checked and synced: a program that maps the file cannot tell damage from content.</summary>
    private async Task CopyAsync(Stream content, string aside, Sha256Digest digest)
    {
        using var file = HashFolder.CreateFile(aside, content.Length);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (buffer, offset) = (new byte[AtOnce], 0L);
        for (int read; (read = await content.ReadAsync(buffer, _stop.Token)) > 0; offset += read)
        {
            hash.AppendData(buffer, 0, read);
            RandomAccess.Write(file, buffer.AsSpan(0, read), offset);
        }

        if (Sha256Digest.FromHash(hash.GetHashAndReset()) != digest)
        {
            throw new InvalidDataException($"The chunks of the file with the SHA-256 {digest} are damaged.");
        }

        RandomAccess.FlushToDisk(file);
    }
}
