using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;

namespace Lodestone.Core;

/// <summary>Blobs as files: <c>blobs/ab/cd/abcd…</c>. Written aside, hashed while written, synced, then renamed into place.</summary>
internal sealed class DiskBlobStore : IBlobStore
{
    private const int BufferSize = 1 << 20;

    private static readonly RefusalCode DigestMismatch = new("digest_mismatch", 422);
    private static readonly RefusalCode SizeMismatch = new("size_mismatch", 422);

    private readonly string _root;
    private readonly string _incoming;
    private readonly TimeProvider _clock;

    public DiskBlobStore(StorageOptions options, TimeProvider clock)
    {
        _root = Path.Combine(options.DataDirectory, "blobs");
        _incoming = Path.Combine(_root, "incoming");
        _clock = clock;
        Directory.CreateDirectory(_incoming);
    }

    public async Task<Blob> WriteAsync(Stream content, Sha256Digest? expected, long? expectedSize, CancellationToken cancel)
    {
        var aside = Path.Combine(_incoming, Guid.CreateVersion7(_clock.GetUtcNow()).ToString("N"));
        try
        {
            var blob = await ReceiveAsync(content, aside, expectedSize, cancel);
            if (expected is { } wanted && wanted != blob.Digest)
            {
                throw new Refusal(DigestMismatch, $"The content's SHA-256 is {blob.Digest}, not {wanted}. Nothing was stored; upload the file again.");
            }

            Place(aside, PathOf(blob.Digest));
            return blob;
        }
        finally
        {
            File.Delete(aside); // renamed away when all went well
        }
    }

    public Task<long?> FindAsync(Sha256Digest digest, CancellationToken cancel)
    {
        var file = new FileInfo(PathOf(digest));
        return Task.FromResult<long?>(file.Exists ? file.Length : null);
    }

    public Task<Stream> OpenAsync(Sha256Digest digest, CancellationToken cancel) =>
        Task.FromResult<Stream>(new FileStream(PathOf(digest), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan));

    public Task<string> LocalPathAsync(Sha256Digest digest, CancellationToken cancel)
    {
        var path = PathOf(digest);
        return File.Exists(path) ? Task.FromResult(path) : throw new FileNotFoundException("There is no such blob.", path);
    }

    private static async Task<Blob> ReceiveAsync(Stream content, string aside, long? expectedSize, CancellationToken cancel)
    {
        using var file = File.OpenHandle(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous, expectedSize ?? 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        var size = 0L;
        try
        {
            int count;
            while ((count = await content.ReadAtLeastAsync(buffer, BufferSize / 2, throwOnEndOfStream: false, cancel)) > 0)
            {
                if (size + count > expectedSize)
                {
                    throw WrongSize(expectedSize.Value, "more");
                }

                await RandomAccess.WriteAsync(file, buffer.AsMemory(0, count), size, cancel);
                hash.AppendData(buffer, 0, count);
                size += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (size < expectedSize)
        {
            throw WrongSize(expectedSize.Value, size.ToString(CultureInfo.InvariantCulture));
        }

        RandomAccess.FlushToDisk(file);
        return new Blob(Sha256Digest.FromHash(hash.GetHashAndReset()), size);
    }

    private static void Place(string aside, string target)
    {
        if (File.Exists(target))
        {
            return; // the same bytes are durable already
        }

        var folder = Path.GetDirectoryName(target)!; // PathOf always has one
        Directory.CreateDirectory(folder);
        File.Move(aside, target, overwrite: true);
        DirectorySync.Flush(folder);
        DirectorySync.Flush(Path.GetDirectoryName(folder)!);
    }

    private string PathOf(Sha256Digest digest) => Path.Combine(_root, digest.Hex[..2], digest.Hex[2..4], digest.Hex);

    private static Refusal WrongSize(long expected, string actual) =>
        new(SizeMismatch, string.Create(CultureInfo.InvariantCulture, $"{expected} bytes were announced but {actual} came. Nothing was stored; upload the file again."));
}
