namespace Lodestone.Core;

/// <summary>One request that writes a part, and how another stops it.</summary>
internal sealed class PartWriter(CancellationToken cancel) : IDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Fires when the request ends, or when somebody else shall write the part.</summary>
    public CancellationToken Stopped => _stop.Token;

    /// <summary>Waits until it writes no more.</summary>
    public async Task StopAsync()
    {
        try
        {
            await _stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has left by itself.
        }

        await _left.Task;
    }

    public void Left() => _left.TrySetResult();

    public void Dispose() => _stop.Dispose();
}
