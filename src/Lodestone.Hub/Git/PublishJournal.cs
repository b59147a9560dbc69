using System.Security.Cryptography;
using Lodestone.Core;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>
/// What was published to a repository and may not be durable in its own files yet. A record is durable before its reference moves,
/// with one wait for the disk in place of three; the files are synced together, soon after, and the journal is emptied. Who opens the
/// repository after a power cut does again what the journals left there say (<see cref="Recover"/>).
/// <para>A file for each opened repository, locked in the kernel as long as that lives (its finalizer closes it): a journal that nobody
/// holds was left behind. Not for concurrent use: the publisher's turn guards it.</para>
/// </summary>
internal sealed class PublishJournal(string repository)
{
    private const string FilePrefix = "lodestone-journal-";

    // Up to so many files are synced one by one. Syncing the file system costs one wait, and whatever others have written to it.
    private const int MostFiles = 32;

    // One recovery at a time, so that who opens a repository beside another one finds it recovered.
    private static readonly Lock Recovering = new();

    // What the records are about, with the folders of the names.
    private readonly HashSet<string> _files = new(StringComparer.Ordinal);

    private SafeFileHandle? _file;
    private long _length;
    private bool _isSettled = true;

    /// <summary>Bytes of records whose files may not be durable.</summary>
    public long Length => _length;

    private bool IsLong => _files.Count > MostFiles;

    /// <summary>Makes a publish durable.</summary>
    public void Append(PublishRecord record)
    {
        var isNew = _file is null;
        _file ??= File.OpenHandle(
            Path.Combine(repository, FilePrefix + RandomNumberGenerator.GetHexString(16, lowercase: true)), FileMode.CreateNew, FileAccess.Write, FileShare.None);
        var bytes = record.Format();
        _isSettled = false; // also where it fails: nobody knows how much of it is on the disk
        RandomAccess.Write(_file, bytes, _length);
        RandomAccess.FlushToDisk(_file);
        if (isNew)
        {
            DirectorySync.Flush(repository);
        }

        _length += bytes.Length;
        _files.UnionWith(record.FilesIn(repository));
    }

    /// <summary>Makes the files durable that the records are about, and empties the journal, durably: nothing of it may be done again after what comes next.</summary>
    public void Settle()
    {
        if (_isSettled || _file is null)
        {
            return;
        }

        if (IsLong)
        {
            FileSystemSync.Flush(_file);
        }
        else
        {
            Parallel.ForEach(_files, Sync);
            Parallel.ForEach(_files.Select(f => Path.GetDirectoryName(f)!).Distinct(StringComparer.Ordinal), DirectorySync.Flush); // packs and references are in folders
        }

        RandomAccess.SetLength(_file, 0);
        RandomAccess.FlushToDisk(_file);
        _files.Clear();
        (_length, _isSettled) = (0, true);
    }

    /// <summary>Does the bulk of a long <see cref="Settle"/>, without a turn, while others publish.</summary>
    public void PrepareSettling()
    {
        if (IsLong && _file is { } file)
        {
            FileSystemSync.Flush(file);
        }
    }

    /// <summary>Does again, durably, what the journals say that nobody holds, and removes them.</summary>
    public static void Recover(string repository)
    {
        lock (Recovering)
        {
            var left = Directory.GetFiles(repository, FilePrefix + "*").Select(TryHold).OfType<Left>().OrderBy(l => l.WrittenAt).ToList();
            try
            {
                foreach (var journal in left)
                {
                    if (PublishRecord.ReadAll(ReadWhole(journal.File)).ToList() is { Count: > 0 } records)
                    {
                        new PublishRecovery(repository).Redo(records, journal.WrittenAt);
                    }

                    File.Delete(journal.Path);
                }
            }
            finally
            {
                left.ForEach(l => l.File.Dispose());
            }
        }
    }

    private static void Sync(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.FlushToDisk(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Git has moved what was in it to another file, which it synced.
        }
    }

    private static Left? TryHold(string path)
    {
        try
        {
            return new Left(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None), File.GetLastWriteTimeUtc(path));
        }
        catch (IOException)
        {
            return null; // held: its process lives, and so do the files as it wrote them
        }
    }

    private static byte[] ReadWhole(SafeFileHandle file)
    {
        var bytes = new byte[RandomAccess.GetLength(file)];
        var count = 0;
        for (int read; count < bytes.Length && (read = RandomAccess.Read(file, bytes.AsSpan(count), count)) > 0; count += read)
        {
        }

        return bytes;
    }

    private sealed record Left(string Path, SafeFileHandle File, DateTime WrittenAt);
}
