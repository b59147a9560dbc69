using System.Text;
using Lodestone.Core;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>
/// Git's lock on a file: <c>{file}.lock</c>, created exclusively, filled with the new content, renamed over the file. The real git
/// honours it and we honour git's. Ours is also locked in the kernel (<see cref="FileShare.None"/> is <c>flock</c>), which a killed
/// process gives up: a lock nobody holds there that is older than any step of git's takes was left behind, and is removed.
/// </summary>
internal sealed class LockFile : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Abandoned = TimeSpan.FromSeconds(2);

    // Ages are compared with what the file system wrote, so this is the system's clock and never a test's.
    private static readonly TimeProvider FileClock = TimeProvider.System;

    // EEXIST, which .NET passes on as it is.
    private const int FileExists = 17;

    private readonly string _target;
    private readonly SafeFileHandle _file;
    private bool _isDone;

    private LockFile(string target, SafeFileHandle file) => (_target, _file) = (target, file);

    private string LockPath => _target + ".lock";

    /// <summary>Waits for the lock; <c>Refusal(unavailable)</c> if another keeps it for five seconds.</summary>
    public static async Task<LockFile> Acquire(string target, CancellationToken cancel)
    {
        for (var start = FileClock.GetTimestamp(); ;)
        {
            if (TryCreate(target + ".lock") is { } file)
            {
                return new LockFile(target, file);
            }

            RemoveAbandoned(target + ".lock");
            if (FileClock.GetElapsedTime(start) > Patience)
            {
                throw new Refusal(RefusalCode.Unavailable, "Another change of this repository is under way. Try again in a moment.");
            }

            await Task.Delay(Retry, FileClock, cancel);
        }
    }

    /// <summary>Fills the lock.</summary>
    /// <param name="isDurable">Waits until its content is on the disk.</param>
    public void Write(string content, bool isDurable)
    {
        RandomAccess.Write(_file, Encoding.UTF8.GetBytes(content), 0);
        if (isDurable)
        {
            RandomAccess.FlushToDisk(_file);
        }
    }

    /// <summary>Puts the content in place of the file. Durable once the folder is.</summary>
    public void Commit()
    {
        _file.Dispose();
        File.Move(LockPath, _target, overwrite: true);
        _isDone = true;
    }

    public void Dispose()
    {
        if (_isDone)
        {
            return;
        }

        File.Delete(LockPath);
        _file.Dispose();
        _isDone = true;
    }

    private static SafeFileHandle? TryCreate(string path)
    {
        try
        {
            // Folders come and go with the references in them, so this may take another try.
            Directory.CreateDirectory(Path.GetDirectoryName(path) ?? ".");
            return File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (IOException e) when (e.HResult is FileExists)
        {
            return null;
        }
    }

    private static void RemoveAbandoned(string path)
    {
        if (!IsOld(path))
        {
            return;
        }

        try
        {
            using var held = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

            // Asked again of the path, not of the handle: the path may be a new lock by now, and that one is young.
            if (IsOld(path))
            {
                File.Delete(path);
            }
        }
        catch (IOException)
        {
            // It is held, or gone: both are what the next try finds out.
        }
    }

    private static bool IsOld(string path)
    {
        var written = File.GetLastWriteTimeUtc(path);
        return FileClock.GetUtcNow().UtcDateTime - written > Abandoned && written.Year > 1601; // 1601: it is gone
    }
}
