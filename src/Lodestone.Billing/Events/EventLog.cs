using System.Runtime.InteropServices;
using System.Threading.Channels;
using Lodestone.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Writes the log. One loop takes all that waits and writes it as one transaction, so that many senders share one wait for the
/// disk; each is answered when its entries are durable. An identity is claimed by the row itself: there is no claim without the event.
/// </summary>
internal sealed partial class EventLog(Database database, EventSignal signal, TimeProvider clock, ILogger<EventLog> log) : IHostedService
{
    private const int MostAtOnce = 20_000;
    private const int MostWaiting = 200_000;

    // Some 20 MB of SQLite's journal; each checkpoint writes the same inner pages again.
    private const int BetweenCheckpoints = 20_000;

    // Unbounded, because what waits is counted in entries and refused before it is queued. Ends when it is completed and empty.
    private readonly Channel<Waiting> _queue = Channel.CreateUnbounded<Waiting>(new UnboundedChannelOptions { SingleReader = true });

    private int _waiting;
    private Task _loop = Task.CompletedTask;

    // Owned by the loop, as is the one checkpoint that runs beside it.
    private DateTimeOffset _last;
    private int _sinceCheckpoint;
    private Task _checkpoint = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!database.IsPostgres)
        {
            await database.WriteAsync(DatabaseFile.Events, Durability.Disk, TuneAsync, cancellationToken);
        }

        _loop = Task.Run(WriteAllAsync, CancellationToken.None);
    }

    /// <summary>After the server takes no more requests: what was queued is still written.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        return _loop;
    }

    /// <summary>Returns when all of the entries are durable, or known to be.</summary>
    /// <returns>One for each, in order.</returns>
    /// <exception cref="Refusal"><c>unavailable</c>: nothing was taken.</exception>
    public async Task<IReadOnlyList<Taken>> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancel)
    {
        if (entries.Count == 0)
        {
            return [];
        }

        var waiting = new Waiting(entries);
        if (Interlocked.Add(ref _waiting, entries.Count) > MostWaiting || !_queue.Writer.TryWrite(waiting))
        {
            Interlocked.Add(ref _waiting, -entries.Count);
            throw Unavailable();
        }

        return await waiting.Done.Task.WaitAsync(cancel);
    }

    // The connection is kept for the loop, which so keeps the settings.
    private static async Task<bool> TuneAsync(Statements sql)
    {
        await sql.ExecuteAsync($"pragma cache_size = -131072", CancellationToken.None); // kibibytes: the index of identities is hit at random
        await sql.ExecuteAsync($"pragma wal_autocheckpoint = 0", CancellationToken.None); // done beside the loop, whose senders would wait for it
        return true;
    }

    private static Refusal Unavailable() => new(RefusalCode.Unavailable, "Events come in faster than they can be written, or cannot be written now. Nothing of this request was taken; send the same again in a moment.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    private async Task WriteAllAsync()
    {
        var group = new List<Waiting>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            group.Clear();
            for (var count = 0; count < MostAtOnce && _queue.Reader.TryRead(out var next); count += next.Entries.Count)
            {
                group.Add(next);
            }

            await WriteAsync(group);
            if (!database.IsPostgres && _sinceCheckpoint >= BetweenCheckpoints && _checkpoint.IsCompleted)
            {
                _sinceCheckpoint = 0;
                _checkpoint = CheckpointAsync();
            }
        }

        await _checkpoint;
    }

    // Moves what is committed from the journal into the file, as far as nobody is in the way. Needs no gate: commits go on meanwhile.
    private async Task CheckpointAsync()
    {
        try
        {
            await Task.Yield();
            await using var connection = await database.OpenAsync(DatabaseFile.Events, CancellationToken.None);
            await connection.ExecuteAsync($"pragma wal_checkpoint(passive)", CancellationToken.None);
        }
        catch (Exception failure)
        {
            CheckpointFailed(log, failure);
        }
    }

    private async Task WriteAsync(List<Waiting> group)
    {
        List<LogEntry> entries = [.. group.SelectMany(w => w.Entries)];
        try
        {
            var now = clock.GetUtcNow();
            _last = now > _last ? now : _last; // the log's time never goes back
            var taken = await database.WriteAsync(DatabaseFile.Events, Durability.Disk, sql => new EventRows(sql, database).InsertAsync(entries, _last, CancellationToken.None), CancellationToken.None);
            var at = 0;
            foreach (var waiting in group)
            {
                waiting.Done.SetResult(taken[at..(at + waiting.Entries.Count)]);
                at += waiting.Entries.Count;
            }

            signal.Wake();
        }
        catch (Exception failure)
        {
            WriteFailed(log, entries.Count, failure);
            group.ForEach(w => w.Done.TrySetException(Unavailable()));
        }
        finally
        {
            Interlocked.Add(ref _waiting, -entries.Count);
            _sinceCheckpoint += entries.Count;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The journal of events.db could not be moved into it; it grows until that is possible")]
    private static partial void CheckpointFailed(ILogger log, Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} events could not be written; their senders were told to send them again")]
    private static partial void WriteFailed(ILogger log, int count, Exception failure);

    private sealed record Waiting(IReadOnlyList<LogEntry> Entries)
    {
        // The loop must not run a sender's continuation.
        public TaskCompletionSource<IReadOnlyList<Taken>> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>What became of an entry.</summary>
internal enum Arrival
{
    Accepted,
    Duplicate,
    Conflict,
}

/// <param name="Position">Of the row that has the entry's identity, where it was just written.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Taken(Arrival Arrival, long Position);

/// <summary>Tells this server's rating that the log has grown. A hint: rating also looks by itself.</summary>
internal sealed class EventSignal : IDisposable
{
    private readonly SemaphoreSlim _grown = new(0, 1);

    public void Wake()
    {
        try
        {
            _grown.Release();
        }
        catch (SemaphoreFullException)
        {
            // Already awake.
        }
    }

    public Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancel) => _grown.WaitAsync(atMost, cancel);

    public void Dispose() => _grown.Dispose();
}
