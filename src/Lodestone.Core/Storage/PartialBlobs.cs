using System.Globalization;
using System.IO.Pipelines;

namespace Lodestone.Core;

/// <summary>
/// Blobs that arrive in parts, in any order and several at once, into one preallocated file each. Which parts are durable is
/// on disk too, so after a crash of either side only parts that were under way are sent again. Nothing is visible before the
/// whole has its digest.
/// </summary>
public sealed class PartialBlobs : IDisposable
{
    private readonly HashFolder _folder;
    private readonly TimeProvider _clock;
    private readonly string _parts;

    // Guards _open, and that a file is opened once.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PartFile> _open = new(StringComparer.Ordinal);

    internal PartialBlobs(HashFolder folder, TimeProvider clock)
    {
        (_folder, _clock) = (folder, clock);
        _parts = Path.Combine(folder.Incoming, "parts");
        Directory.CreateDirectory(_parts);
    }

    /// <summary>Part size of an upload that has begun, or <see langword="null"/>: whoever comes back goes on with the same parts.</summary>
    public long? PartSizeOf(Guid ownerId, Sha256Digest digest, long size) => PartLedger.ReadPartSize(Path.Combine(_parts, NameOf(ownerId, digest, size)));

    /// <summary>Takes a part in. It is durable when this returns. What is there already is not read again.</summary>
    /// <param name="number">From 1.</param>
    /// <exception cref="Refusal"><c>size_mismatch</c>, <c>storage_full</c>; <c>conflict</c> when the upload ended meanwhile or was begun with other parts.</exception>
    public async Task WriteAsync(PartialBlob upload, int number, PipeReader content, CancellationToken cancel) =>
        await Open(upload).WriteAsync(number, content, cancel);

    /// <summary>Hashes what is not hashed yet, and makes the whole a blob.</summary>
    /// <param name="placed">Writes down who has the blob now. The parts are forgotten after that: a crash in between costs nobody a second upload.</param>
    /// <exception cref="Refusal"><c>conflict</c> when there is no such upload, <c>parts_missing</c>, <c>digest_mismatch</c>; after the last nothing is kept.</exception>
    public async Task<Blob> CompleteAsync(PartialBlob upload, Func<Blob, Task> placed)
    {
        if (upload.Size > 0 && !File.Exists(Path.Combine(_parts, upload.Name)))
        {
            throw new Refusal(RefusalCode.Conflict, "There is no such upload. Ask where to send the file, and begin anew.");
        }

        var file = Open(upload);
        try
        {
            return await file.CompleteAsync(_folder, placed);
        }
        finally
        {
            if (file.IsClosed)
            {
                Forget(upload.Name, file);
            }
        }
    }

    /// <summary>Drops uploads that got no part since an instant.</summary>
    /// <returns>How many there were.</returns>
    public int DeleteAbandoned(DateTimeOffset before)
    {
        var count = 0;
        foreach (var ledger in Directory.EnumerateFiles(_parts).Where(p => !p.EndsWith(PartFile.DataSuffix, StringComparison.Ordinal)))
        {
            if (File.GetLastWriteTimeUtc(ledger) < before.UtcDateTime)
            {
                lock (_lock)
                {
                    if (!_open.Remove(Path.GetFileName(ledger), out var file) || file.TryClose())
                    {
                        file?.Dispose();
                        File.Delete(ledger);
                        File.Delete(ledger + PartFile.DataSuffix);
                        count++;
                    }
                    else
                    {
                        _open.Add(Path.GetFileName(ledger), file); // a part is coming in just now
                    }
                }
            }
        }

        return count;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var file in _open.Values)
            {
                file.Dispose();
            }

            _open.Clear();
        }
    }

    internal static string NameOf(Guid ownerId, Sha256Digest digest, long size) => string.Create(CultureInfo.InvariantCulture, $"{ownerId:N}-{digest}-{size}");

    private PartFile Open(PartialBlob upload)
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(upload.Name, out var file))
            {
                file = PartFile.Open(Path.Combine(_parts, upload.Name), upload, _folder, _clock);
                _open.Add(upload.Name, file);
            }

            return file.Upload.PartSize == upload.PartSize
                ? file
                : throw new Refusal(RefusalCode.Conflict, "This upload was begun with parts of another size. Ask where to send the file, and go on with that.");
        }
    }

    private void Forget(string name, PartFile file)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(name, out var known) && ReferenceEquals(known, file))
            {
                _open.Remove(name);
            }
        }

        file.Dispose();
    }
}
