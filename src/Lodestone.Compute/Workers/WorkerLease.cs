using Lodestone.Core;

namespace Lodestone.Compute;

/// <summary>The right to call a loaded model. While it is held, the model is not unloaded for being idle. Dispose it when the call is over.</summary>
public sealed class WorkerLease : IAsyncDisposable
{
    // What a kernel takes at most between cutting a dying process's connections and reporting its death.
    private static readonly TimeSpan DeathNotice = TimeSpan.FromSeconds(1);

    private readonly ModelWorker _worker;
    private readonly WorkerAdapter? _adapter;
    private readonly Action _release;
    private LoadedEngine _engine;
    private int _isReleased;

    internal WorkerLease(ModelWorker worker, LoadedEngine engine, WorkerAdapter? adapter, Action release)
    {
        _adapter = adapter;
        _worker = worker;
        _engine = engine;
        _release = release;
    }

    /// <summary>The worker: OpenAI's API under <c>http://engine/</c>, without a time limit. Not to be disposed.</summary>
    public HttpClient Http => _engine.Process.Http;

    /// <summary>What the addresses of completions have to end with, for the adapter that the lease is for; empty for none.</summary>
    public string Query => _adapter is null ? "" : $"?adapter={_adapter.Id}";

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int ContextLength => _engine.ContextLength;

    internal int ProcessId => _engine.Process.ProcessId;

    /// <summary>Call after a call failed: moves the lease to a restarted worker if this one died.</summary>
    /// <returns>Whether it died, so that calling again makes sense.</returns>
    /// <exception cref="Refusal"><c>model_suspended</c>: it keeps dying.</exception>
    public async Task<bool> FailOverAsync(CancellationToken cancel)
    {
        try
        {
            await _engine.Process.Exited.WaitAsync(DeathNotice, TimeProvider.System, cancel);
        }
        catch (TimeoutException)
        {
            return false;
        }

        _engine = await _worker.ReadyAsync(cancel);
        await _engine.LearnAsync(_adapter, cancel);
        return true;
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
        {
            _release();
        }

        return ValueTask.CompletedTask;
    }
}
