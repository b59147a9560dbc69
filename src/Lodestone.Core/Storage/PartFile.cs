using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>
/// One upload in parts: its file, its ledger, and who is writing. A part has one writer: a second one is a client that came
/// back, and stops the first, whose connection it has given up. Completing closes the file first, so that no writer outlives
/// the digest.
/// </summary>
internal sealed class PartFile : IDisposable
{
    public const string DataSuffix = ".data";

    private static readonly RefusalCode PartsMissing = new("parts_missing", 422);

    private readonly TimeProvider _clock;
    private readonly SafeFileHandle _data;
    private readonly PartLedger _ledger;
    private readonly PartHash _hash;
    private readonly string _path;

    // Guards _ledger, _writers, _completing and _isClosed.
    private readonly Lock _lock = new();
    private readonly Dictionary<int, PartWriter> _writers = [];
    private Task<Blob>? _completing;
    private bool _isClosed;

    private PartFile(string path, PartialBlob upload, SafeFileHandle data, PartLedger ledger, TimeProvider clock)
    {
        (_path, Upload, _data, _ledger, _clock) = (path, upload, data, ledger, clock);
        _hash = new PartHash(data, upload);
    }

    public PartialBlob Upload { get; }

    public bool IsClosed
    {
        get
        {
            lock (_lock)
            {
                return _isClosed;
            }
        }
    }

    public static PartFile Open(string path, PartialBlob upload, HashFolder folder, TimeProvider clock)
    {
        var data = OpenKept(path, upload, folder) ?? Begin(path, upload.Size);
        try
        {
            var ledger = PartLedger.Open(path, upload);
            return new PartFile(path, upload with { PartSize = ledger.PartSize }, data, ledger, clock);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    public async Task WriteAsync(int number, PipeReader content, CancellationToken cancel)
    {
        using var writer = new PartWriter(cancel);
        try
        {
            if (!await EnterAsync(number, writer))
            {
                return; // it is there: the client need not even send it
            }

            await BlobIntake.CopyAsync(content, _data, Upload.OffsetOf(number), Upload.LengthOf(number), hash: null, writer.Stopped);
            RandomAccess.FlushToDisk(_data);
            lock (_lock)
            {
                _ledger.Add(number, _clock.GetUtcNow());
            }

            await _hash.AdvanceAsync(Has, cancel);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new Refusal(RefusalCode.Conflict, "Another request sends this part now.");
        }
        finally
        {
            Leave(number, writer);
        }
    }

    /// <summary>Whoever completes while another does gets the same answer.</summary>
    public Task<Blob> CompleteAsync(HashFolder folder, Func<Blob, Task> placed)
    {
        lock (_lock)
        {
            if (_completing is null && _isClosed)
            {
                throw Ended();
            }

            if (_completing is null && _ledger.Missing is > 0 and var missing)
            {
                throw new Refusal(PartsMissing, $"{missing} of {Upload.Parts} parts are not here. Send them, then complete the upload again.");
            }

            _isClosed = true;
            return _completing ??= PlaceAsync(folder, placed, [.. _writers.Values]);
        }
    }

    /// <summary>Lets nobody write any more, unless somebody is writing.</summary>
    public bool TryClose()
    {
        lock (_lock)
        {
            return _isClosed = _isClosed || _writers.Count == 0;
        }
    }

    public void Dispose()
    {
        _hash.Dispose();
        _ledger.Dispose();
        _data.Dispose();
    }

    /// <returns>Whether the part has to be written.</returns>
    private async Task<bool> EnterAsync(int number, PartWriter writer)
    {
        while (true)
        {
            PartWriter? before;
            lock (_lock)
            {
                if (_isClosed)
                {
                    throw Ended();
                }

                if (_ledger.Has(number))
                {
                    return false;
                }

                if (!_writers.TryGetValue(number, out before))
                {
                    _writers.Add(number, writer);
                    return true;
                }
            }

            await before.StopAsync();
        }
    }

    private void Leave(int number, PartWriter writer)
    {
        lock (_lock)
        {
            if (_writers.TryGetValue(number, out var current) && ReferenceEquals(current, writer))
            {
                _writers.Remove(number);
            }
        }

        writer.Left();
    }

    private async Task<Blob> PlaceAsync(HashFolder folder, Func<Blob, Task> placed, IReadOnlyList<PartWriter> writers)
    {
        foreach (var writer in writers)
        {
            await writer.StopAsync(); // what they write is there already
        }

        var blob = new Blob(await _hash.FinishAsync(), Upload.Size);
        if (blob.Digest == Upload.Digest)
        {
            if (File.Exists(_path + DataSuffix))
            {
                RandomAccess.FlushToDisk(_data);
                folder.Place(_path + DataSuffix, blob.Digest.Hex);
            }

            await placed(blob);
        }

        _ledger.Delete();
        File.Delete(_path + DataSuffix); // renamed away when all went well
        DiskBlobStore.RequireDigest(Upload.Digest, blob.Digest);
        return blob;
    }

    private bool Has(int number)
    {
        lock (_lock)
        {
            return _ledger.Has(number);
        }
    }

    /// <summary>
    /// What an earlier run left: the file with its ledger, or, when it was killed after it had placed the blob and before anybody
    /// wrote down who has it, a full ledger and the blob.
    /// </summary>
    private static SafeFileHandle? OpenKept(string path, PartialBlob upload, HashFolder folder)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        if (new FileInfo(path + DataSuffix) is { Exists: true } data && data.Length == upload.Size)
        {
            return File.OpenHandle(data.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        }

        return PartLedger.IsFull(path) && new FileInfo(folder.PathOf(upload.Digest.Hex)) is { Exists: true } blob && blob.Length == upload.Size
            ? File.OpenHandle(blob.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous)
            : null;
    }

    /// <summary>A file without a ledger says nothing, and a ledger without its file says what is not true.</summary>
    private static SafeFileHandle Begin(string path, long size)
    {
        File.Delete(path);
        File.Delete(path + DataSuffix);
        using (var made = HashFolder.CreateFile(path + DataSuffix, size))
        {
            RandomAccess.SetLength(made, size);
        }

        return File.OpenHandle(path + DataSuffix, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
    }

    private static Refusal Ended() => new(RefusalCode.Conflict, "This upload has ended. Ask where to send the file, and begin anew if it is wanted.");
}
