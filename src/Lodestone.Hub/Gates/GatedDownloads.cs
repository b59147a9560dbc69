using System.Collections.Concurrent;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Keeps what is fetched through acceptances, without making anybody wait: requests add to a tally in memory, and this loop writes
/// it down every few seconds and once more when the server stops. Ranges of one file in those seconds are one row. A crash loses
/// at most those seconds.
/// </summary>
internal sealed partial class GatedDownloads(IServiceScopeFactory scopes, TimeProvider clock, ILogger<GatedDownloads> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    // Added to by requests, emptied by the loop alone.
    private readonly ConcurrentDictionary<Fetched, Tally> _tally = new();

    public void Note(ReadableRepo readable, Caller caller, DownloadWay way, ObjectId? revision, string path, long bytes)
    {
        if (readable.Through is { } through)
        {
            Add(new Fetched(readable.Repo.Id, through.RequestId, caller.Id, caller.Kind is CallerKind.ServiceAccount, way, revision?.ToString(), path), bytes);
        }
    }

    /// <param name="token">Carries who reads; that it is a service account is known by its having no namespace of its own.</param>
    public void Note(XetToken token, string hash, long bytes)
    {
        if (token.Through is { } through)
        {
            Add(new Fetched(token.RepoId, through.RequestId, token.HolderId, !token.Namespaces.Contains(token.HolderId), DownloadWay.Xet, null, hash), bytes);
        }
    }

    /// <summary>For an answer that knows only later how many bytes it carries.</summary>
    /// <returns>Null where nobody need know.</returns>
    public Action<long>? Watch(ReadableRepo readable, Caller caller, DownloadWay way, ObjectId revision, string path) =>
        readable.Through is null ? null : bytes => Note(readable, caller, way, revision, path, bytes);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await WriteAsync();
            }
        }
        catch (OperationCanceledException)
        {
            await WriteAsync();
        }
    }

    private void Add(Fetched fetched, long bytes) => _tally.AddOrUpdate(fetched, new Tally(bytes, 1), (_, before) => new Tally(before.Bytes + bytes, before.Requests + 1));

    private async Task WriteAsync()
    {
        var now = clock.GetUtcNow();
        var rows = _tally.Keys.Select(key => _tally.TryRemove(key, out var tally) ? GatedDownload.Of(key, tally, now) : null).OfType<GatedDownload>().ToList();
        if (rows.Count == 0)
        {
            return;
        }

        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<HubDb>();
            var requestIds = rows.Select(r => r.RequestId).Distinct().ToList();
            var known = await db.AccessRequests.Where(a => requestIds.Contains(a.Id)).Select(a => a.Id).ToListAsync(CancellationToken.None);
            db.GatedDownloads.AddRange(rows.Where(r => known.Contains(r.RequestId))); // the others went with their repository
            await db.SaveChangesAsync(CancellationToken.None);
        }
        catch (Exception failure)
        {
            NotKept(log, rows.Count, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} rows about downloads through acceptances were not kept")]
    private static partial void NotKept(ILogger log, int count, Exception failure);

    /// <param name="Bytes">That answers carried.</param>
    internal sealed record Tally(long Bytes, long Requests);
}

/// <summary>What was fetched, by whom and through which acceptance.</summary>
/// <param name="Path">Or the content's hash, where the client names nothing else; empty: the repository as a whole.</param>
internal sealed record Fetched(Guid RepoId, Guid RequestId, Guid CallerId, bool IsServiceAccount, DownloadWay Way, string? Revision, string Path);

/// <summary>A row about downloads through an acceptance.</summary>
/// <param name="Bytes">That answers carried, or links were given for.</param>
internal sealed record GatedDownload(
    Guid Id, Guid RepoId, Guid RequestId, Guid CallerId, bool IsServiceAccount, DownloadWay Way, string? Revision, string Path, long Bytes, long Requests, DateTimeOffset At)
{
    public static GatedDownload Of(Fetched fetched, GatedDownloads.Tally tally, DateTimeOffset now) => new(
        Guid.CreateVersion7(now), fetched.RepoId, fetched.RequestId, fetched.CallerId, fetched.IsServiceAccount, fetched.Way, fetched.Revision, fetched.Path, tally.Bytes, tally.Requests, now);
}

/// <summary>By which door content left.</summary>
internal enum DownloadWay
{
    File,
    Raw,
    Lfs,
    Xet,
    Git,
}

internal static class DownloadWays
{
    public static string ToWire(this DownloadWay way) => way.ToString().ToLowerInvariant();

    public static DownloadWay Parse(string text) => Enum.Parse<DownloadWay>(text, ignoreCase: true);
}
