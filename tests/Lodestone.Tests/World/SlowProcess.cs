using System.Runtime.InteropServices;

namespace Lodestone.Tests;

/// <summary>
/// Lets a process run for a moment at a time, so that something small and fast is still at work when a test acts.
/// Ends with the process, or when disposed.
/// </summary>
internal sealed class SlowProcess : IAsyncDisposable
{
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
        while (!cancel.IsCancellationRequested && StoppedProcess.Stop(processId))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(40), CancellationToken.None);
            StoppedProcess.Continue(processId);
            await Task.Delay(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        }
    }
}

/// <summary>Stands still until disposed.</summary>
internal sealed partial class StoppedProcess : IDisposable
{
    private const int ContinueSignal = 18; // SIGCONT
    private const int StopSignal = 19; // SIGSTOP

    private readonly int _processId;

    public StoppedProcess(int processId)
    {
        _processId = processId;
        Stop(processId);
    }

    /// <returns><see langword="false"/> when there is no such process.</returns>
    public static bool Stop(int processId) => Signal(processId, StopSignal) == 0;

    public static void Continue(int processId) => _ = Signal(processId, ContinueSignal);

    public void Dispose() => Continue(_processId);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int processId, int signal);
}
