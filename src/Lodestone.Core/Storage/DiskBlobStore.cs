using System.IO.Pipelines;
using System.Security.Cryptography;

namespace Lodestone.Core;

/// <summary>Blobs as files. Written aside, hashed while written, synced, then renamed into place.</summary>
internal sealed class DiskBlobStore(HashFolder folder) : IBlobStore
{
    internal static readonly RefusalCode DigestMismatch = new("digest_mismatch", 422);

    public async Task<Blob> WriteAsync(PipeReader content, Sha256Digest? expected, long? expectedSize, CancellationToken cancel)
    {
        var aside = folder.NewAside();
        try
        {
            var blob = await ReceiveAsync(content, aside, expectedSize, cancel);
            RequireDigest(expected, blob.Digest);
            folder.Place(aside, blob.Digest.Hex);
            return blob;
        }
        finally
        {
            File.Delete(aside); // renamed away when all went well
        }
    }

    public Task<long?> FindAsync(Sha256Digest digest, CancellationToken cancel)
    {
        var file = new FileInfo(folder.PathOf(digest.Hex));
        return Task.FromResult<long?>(file.Exists ? file.Length : null);
    }

    public Task<Stream> OpenAsync(Sha256Digest digest, CancellationToken cancel) =>
        Task.FromResult<Stream>(new FileStream(folder.PathOf(digest.Hex), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan));

    public Task<string> LocalPathAsync(Sha256Digest digest, CancellationToken cancel)
    {
        var path = folder.PathOf(digest.Hex);
        return File.Exists(path) ? Task.FromResult(path) : throw new FileNotFoundException("There is no such blob.", path);
    }

    public IEnumerable<Blob> List() => folder.List().Select(file => new Blob(Sha256Digest.Parse(file.Hash), file.Size));

    public Task<bool> DiscardAsync(Sha256Digest digest, DateTimeOffset unusedSince, CancellationToken cancel) =>
        Task.FromResult(folder.Discard(digest.Hex, unusedSince));

    /// <exception cref="Refusal"><c>digest_mismatch</c>.</exception>
    public static void RequireDigest(Sha256Digest? expected, Sha256Digest actual)
    {
        if (expected is { } wanted && wanted != actual)
        {
            throw new Refusal(DigestMismatch, $"The content's SHA-256 is {actual}, not {wanted}. Nothing was stored; upload the file again.");
        }
    }

    private static async Task<Blob> ReceiveAsync(PipeReader content, string aside, long? expectedSize, CancellationToken cancel)
    {
        using var file = HashFolder.CreateFile(aside, expectedSize ?? 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        DirectWrites.Begin(file);
        var size = await BlobIntake.CopyAsync(content, file, 0, expectedSize, hash, cancel);
        RandomAccess.FlushToDisk(file);
        return new Blob(Sha256Digest.FromHash(hash.GetHashAndReset()), size);
    }
}
