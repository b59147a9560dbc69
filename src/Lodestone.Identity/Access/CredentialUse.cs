using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>
/// Keeps when a token was last used, and moves the end of sessions that are used. Requests only note it in memory; one loop writes
/// it down once a minute, and once more when the server stops.
/// </summary>
internal sealed partial class CredentialUse(IServiceScopeFactory scopes, Credentials credentials, TimeProvider clock, ILogger<CredentialUse> log) : BackgroundService
{
    private static readonly TimeSpan Rhythm = TimeSpan.FromMinutes(1);

    // Written by requests, emptied by the loop. One entry per credential, so it is bounded by how many there are.
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _tokens = new();
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _sessions = new();

    public void Note(Credential used)
    {
        if (used.Caller.AppId is not null)
        {
            return; // an app's token ends when it ends
        }

        var now = clock.GetUtcNow();
        if (used.ExpiresAt is not { } end)
        {
            _tokens[used.Caller.CredentialId] = now;
        }
        else if (Session.IsWorn(end, now))
        {
            _sessions[used.Caller.CredentialId] = now;
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken); // the loop has ended; nobody else writes
        await TryWriteAsync(CancellationToken.None);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Rhythm, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryWriteAsync(stoppingToken);
        }
    }

    private async Task TryWriteAsync(CancellationToken cancel)
    {
        try
        {
            await WriteAsync(cancel);
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested)
        {
            NotWritten(log, failure);
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        if (_tokens.IsEmpty && _sessions.IsEmpty)
        {
            return;
        }

        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdentityDb>();
        await db.WriteAsync(
            async inTransaction =>
            {
                foreach (var (id, at) in Take(_tokens))
                {
                    if (await db.Tokens.Where(t => t.Id == id).ExecuteUpdateAsync(t => t.SetProperty(x => x.LastUsedAt, at), inTransaction) == 0)
                    {
                        await db.ServiceTokens.Where(t => t.Id == id).ExecuteUpdateAsync(t => t.SetProperty(x => x.LastUsedAt, at), inTransaction);
                    }
                }

                foreach (var (id, at) in Take(_sessions))
                {
                    await db.Sessions.Where(s => s.Id == id).ExecuteUpdateAsync(s => s.SetProperty(x => x.ExpiresAt, at + Session.Lifetime), inTransaction);
                    credentials.Forget();
                }

                return true;
            },
            cancel);
    }

    private static IEnumerable<KeyValuePair<Guid, DateTimeOffset>> Take(ConcurrentDictionary<Guid, DateTimeOffset> noted) =>
        noted.Keys.Select(id => noted.TryRemove(id, out var at) ? KeyValuePair.Create(id, at) : default).Where(taken => taken.Key != Guid.Empty);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last use of tokens and sessions could not be written")]
    private static partial void NotWritten(ILogger log, Exception failure);
}
