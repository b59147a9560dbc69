using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>
/// Linux's <c>O_DIRECT</c>: writes go from our memory to the disk and not through the page cache. For large files that spares filling
/// the cache, at the cost of a copy, with what nobody reads soon, in place of what somebody does. A hint: where there is no such
/// thing, writes are as usual.
/// </summary>
internal static partial class DirectWrites
{
    /// <summary>Bytes. Memory, place in the file and length of a direct write are multiples of it.</summary>
    public const int Unit = 4096;

    private const int GetFlags = 3; // F_GETFL
    private const int SetFlags = 4; // F_SETFL

    private static readonly int Direct = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? 0x10000 : 0x4000;

    public static void Begin(SafeFileHandle file) => Set(file, isDirect: true);

    public static void End(SafeFileHandle file) => Set(file, isDirect: false);

    private static void Set(SafeFileHandle file, bool isDirect)
    {
        if (OperatingSystem.IsLinux() && Control(file, GetFlags, 0) is >= 0 and var flags)
        {
            _ = Control(file, SetFlags, isDirect ? flags | Direct : flags & ~Direct);
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(SafeFileHandle file, int command, int flags);
}
