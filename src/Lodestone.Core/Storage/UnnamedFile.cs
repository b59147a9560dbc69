using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>Linux's files that have no name until one is given to them (<c>O_TMPFILE</c>). One that gets none is gone when it is closed.</summary>
public static partial class UnnamedFile
{
    // Of <fcntl.h> and <sys/file.h>.
    private const int ReadWrite = 2;
    private const int CloseOnExec = 0x80000;
    private const int WithoutName = 0x400000;
    private const int DirectoryOnX64 = 0x10000;
    private const int DirectoryOnArm64 = 0x4000;
    private const int CurrentFolder = -100;
    private const int FollowLinks = 0x400;
    private const int Exclusive = 2;
    private const int WithoutWaiting = 4;
    private const int Unlocked = 8;

    // As of any other new file: the process's mask takes from it.
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <param name="folder">Any on the disk where it shall have its name.</param>
    /// <returns>An empty file to read and write; null where the system or the disk knows no such files.</returns>
    public static SafeFileHandle? TryCreate(string folder)
    {
        if (!OperatingSystem.IsLinux() || !Directory.Exists("/proc/self/fd"))
        {
            return null;
        }

        var directory = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? DirectoryOnArm64 : DirectoryOnX64;
        var file = Open(folder, WithoutName | directory | ReadWrite | CloseOnExec, (int)Mode);
        if (!file.IsInvalid)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Gives it a name, and never takes one from another file.</summary>
    /// <returns>False when it cannot have it: the name is taken, its folder is gone, or is on another disk. To make a file there says which.</returns>
    public static bool TryName(SafeFileHandle file, string path) =>
        Link(CurrentFolder, $"/proc/self/fd/{file.DangerousGetHandle()}", CurrentFolder, path, FollowLinks) == 0;

    /// <summary>Locks it in the kernel as <see cref="FileShare.None"/> does, until it is <see cref="Release">released</see>.</summary>
    public static void Hold(SafeFileHandle file)
    {
        if (Lock(file, Exclusive | WithoutWaiting) != 0)
        {
            throw new IOException($"Cannot lock a file: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    /// <summary>
    /// To be called before it is closed: a child process that is being started has a copy of the handle for a moment, and with it the lock.
    /// </summary>
    public static void Release(SafeFileHandle file) => _ = Lock(file, Unlocked);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "linkat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(int fromFolder, string from, int toFolder, string to, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);
}
