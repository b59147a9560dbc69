using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>Linux's <c>syncfs(2)</c>: makes all durable that was written to a file system, with one wait for the disk.</summary>
public static partial class FileSystemSync
{
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <param name="file">Any file of the file system.</param>
    public static void Flush(SafeFileHandle file)
    {
        if (Sync(file) != 0)
        {
            throw new IOException($"Cannot sync the disk: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int Sync(SafeFileHandle file);
}
