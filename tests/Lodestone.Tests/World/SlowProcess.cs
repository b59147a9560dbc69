using System.Runtime.InteropServices;

namespace Lodestone.Tests;

/// <summary>
/// Lets a process run for a moment at a time, so that something small and fast is still at work when a test acts.
/// Ends with the process, or when disposed.
/// </summary>
internal sealed partial class SlowProcess : IAsyncDisposable
{
    private const int Continue = 18; // SIGCONT
    private const int Stop = 19; // SIGSTOP

    private readonly CancellationTokenSource _disposed = new();
    private readonly Task _run;

    public SlowProcess(int processId) => _run = RunAsync(processId, _disposed.Token);

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        await _run;
        _disposed.Dispose();
    }

    private static async Task RunAsync(int processId, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested && Signal(processId, Stop) == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(40), CancellationToken.None);
            _ = Signal(processId, Continue);
            await Task.Delay(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int processId, int signal);
}
