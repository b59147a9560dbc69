using System.Globalization;
using Lodestone.Core;
using Microsoft.Extensions.Logging;

namespace Lodestone.Compute;

/// <summary>
/// The worker of one model through all its lives: started when first wanted, once for all who wait; started again after a
/// crash, each time later; left alone for a minute when it keeps crashing or cannot load.
/// </summary>
internal sealed partial class ModelWorker(string weights, string name, EngineLauncher launcher, ComputeOptions options, TimeProvider clock, ILogger log)
{
    private static readonly RefusalCode ModelSuspended = new("model_suspended", 503);

    // What the first, the second, … crash in a row costs. Only the last is long enough to refuse instead of wait.
    private static readonly TimeSpan[] Rests = [TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)];
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    // A worker that ran so long before it crashed did not crash "in a row".
    private static readonly TimeSpan Steady = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new(); // guards the fields below; nothing is awaited while it is held
    private Life? _life;
    private int _crashes;
    private DateTimeOffset _restUntil;
    private Refusal? _fault;
    private bool _isStopped;

    public string Name => name;

    public bool IsRunning
    {
        get
        {
            lock (_gate)
            {
                return _life is not null;
            }
        }
    }

    /// <summary>Nothing would be forgotten if this object went.</summary>
    public bool IsForgettable
    {
        get
        {
            lock (_gate)
            {
                return _life is null && _restUntil <= clock.GetUtcNow();
            }
        }
    }

    /// <summary>Resident memory in bytes; 0 when no process is ready.</summary>
    public long Memory
    {
        get
        {
            lock (_gate)
            {
                return _life?.Ready.Task is { IsCompletedSuccessfully: true } ready ? ready.GetAwaiter().GetResult().Process.Memory : 0;
            }
        }
    }

    /// <exception cref="Refusal"><c>model_unloadable</c>, <c>model_suspended</c>, <c>unavailable</c>.</exception>
    public async Task<LoadedEngine> ReadyAsync(CancellationToken cancel)
    {
        while (true)
        {
            var life = Current();
            var engine = await life.Ready.Task.WaitAsync(cancel);
            if (!engine.Process.HasExited)
            {
                return engine;
            }

            await life.Run.WaitAsync(cancel); // it is about to notice; then a new life can begin
        }
    }

    /// <summary>Ends the process, waits for it, and starts no other. Who waits for it to be ready gets a cancellation.</summary>
    public async Task StopAsync()
    {
        Life? life;
        lock (_gate)
        {
            _isStopped = true;
            life = _life;
        }

        if (life is not null)
        {
            await life.Stop.CancelAsync();
            await life.Run;
        }
    }

    private Life Current()
    {
        lock (_gate)
        {
            if (_isStopped)
            {
                throw new Refusal(RefusalCode.Unavailable, "The server is stopping. Call again in a moment.");
            }

            if (_life is not null)
            {
                return _life;
            }

            var wait = _restUntil - clock.GetUtcNow();
            if (wait > LongestWait && _fault is { } fault)
            {
                throw new Refusal(fault.Code, fault.Message) { RetryAfter = fault.Code.Status >= 500 ? wait : null };
            }

            var life = new Life();
            life.Run = Task.Run(() => RunAsync(life, wait > TimeSpan.Zero ? wait : TimeSpan.Zero));
            return _life = life;
        }
    }

    private async Task RunAsync(Life life, TimeSpan wait)
    {
        try
        {
            await Task.Delay(wait, clock, life.Stop.Token);
            await using var process = launcher.Start(weights, name);
            var context = await process.ReadyAsync(options.LoadWithin, life.Stop.Token);
            var readyAt = clock.GetUtcNow();
            Loaded(log, name, process.ProcessId, context);
            life.Ready.SetResult(new LoadedEngine(process, context));

            await process.Exited.WaitAsync(life.Stop.Token);
            Crashed(log, name, process.ProcessId, process.ExitCode, process.LastOutput);
            Crash(clock.GetUtcNow() - readyAt);
        }
        catch (OperationCanceledException) when (life.Stop.IsCancellationRequested)
        {
            End(life);
            life.Ready.TrySetCanceled(life.Stop.Token);
            Unloaded(log, name);
        }
        catch (Refusal refusal)
        {
            Unloadable(log, name, refusal.Message);
            Rest(refusal, TimeSpan.FromMinutes(1));
            End(life);
            life.Ready.TrySetException(refusal);
        }
        catch (Exception failure)
        {
            Failed(log, name, failure);
            End(life);
            life.Ready.TrySetException(failure);
        }
        finally
        {
            End(life);
        }
    }

    private void End(Life life)
    {
        lock (_gate)
        {
            _life = _life == life ? null : _life;
        }
    }

    private void Crash(TimeSpan ran)
    {
        lock (_gate)
        {
            _crashes = ran >= Steady ? 1 : _crashes + 1;
            _restUntil = clock.GetUtcNow() + Rests[Math.Min(_crashes, Rests.Length) - 1];
            _fault = new Refusal(ModelSuspended, string.Create(CultureInfo.InvariantCulture, $"The model's engine crashed {_crashes} times in a row. It is tried again in a minute."));
        }
    }

    private void Rest(Refusal fault, TimeSpan rest)
    {
        lock (_gate)
        {
            _fault = fault;
            _restUntil = clock.GetUtcNow() + rest;
        }
    }

    /// <summary>From one start to the end of that process. <see cref="Run"/> owns the process and never fails.</summary>
    private sealed class Life
    {
        public TaskCompletionSource<LoadedEngine> Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenSource Stop { get; } = new();

        public Task Run { get; set; } = Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Loaded {Model} in process {ProcessId}, context {ContextLength} tokens")]
    private static partial void Loaded(ILogger log, string model, int processId, int contextLength);

    [LoggerMessage(Level = LogLevel.Information, Message = "Unloaded {Model}")]
    private static partial void Unloaded(ILogger log, string model);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Model} is not served: {Reason}")]
    private static partial void Unloadable(ILogger log, string model, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The engine of {Model} (process {ProcessId}) crashed with exit code {ExitCode}. It last printed:\n{Output}")]
    private static partial void Crashed(ILogger log, string model, int processId, int exitCode, string output);

    [LoggerMessage(Level = LogLevel.Error, Message = "The engine of {Model} could not be started")]
    private static partial void Failed(ILogger log, string model, Exception failure);
}
