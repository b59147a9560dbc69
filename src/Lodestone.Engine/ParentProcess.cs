using System.Diagnostics;

namespace Lodestone.Engine;

/// <summary>Whoever started this process, and is not outlived.</summary>
internal static class ParentProcess
{
    /// <summary>Completes when the parent process has ended; never, if none was named. Not the kernel's parent-death signal: that one is
    /// sent when the parent's thread ends, and .NET's threads come and go.</summary>
    public static async Task Gone(int? parentPid)
    {
        if (parentPid is not { } pid)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan);
            return;
        }

        try
        {
            using var parent = Process.GetProcessById(pid);
            await parent.WaitForExitAsync();
        }
        catch (ArgumentException)
        {
            // It is gone already.
        }
    }
}
