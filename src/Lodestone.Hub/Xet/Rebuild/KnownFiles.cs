using System.Collections.Concurrent;
using System.Linq.Expressions;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Hub;

/// <summary>A chunked file, ready to be read.</summary>
internal sealed record RebuildableFile(XetHash Hash, Sha256Digest Digest, FileTerms Terms);

/// <summary>
/// Chunked files' terms, read and remembered for a while: clients read a file in thousands of ranges. A compaction that gives a
/// file other terms leaves the old ones good for days, so what is remembered is never wrong. Says nothing about who may read them.
/// </summary>
internal sealed class KnownFiles(IServiceScopeFactory scopes, TimeProvider clock)
{
    /// <summary>Terms of all files that are remembered; one takes some 60 bytes.</summary>
    private const int MostTerms = 500_000;

    private static readonly TimeSpan Age = TimeSpan.FromMinutes(1);

    // Both are emptied together when there is too much in them; _terms counts what was read since.
    private readonly ConcurrentDictionary<string, (RebuildableFile File, DateTimeOffset At)> _bySha256 = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<XetHash, (RebuildableFile File, DateTimeOffset At)> _byHash = [];
    private int _terms;

    /// <summary>One SHA-256 may have several files: it is the same one each time.</summary>
    /// <returns>Null when there is none.</returns>
    public async ValueTask<RebuildableFile?> FindAsync(Sha256Digest digest, CancellationToken cancel)
    {
        var sha256 = digest.Hex;
        if (_bySha256.TryGetValue(sha256, out var known) && IsFresh(known.At))
        {
            return known.File;
        }

        var found = await ReadAsync(f => f.Sha256 == sha256, cancel);
        if (found is not null)
        {
            _bySha256[sha256] = (found, clock.GetUtcNow());
        }

        return found;
    }

    /// <returns>Null when there is none.</returns>
    public async ValueTask<RebuildableFile?> FindAsync(XetHash hash, CancellationToken cancel)
    {
        if (_byHash.TryGetValue(hash, out var known) && IsFresh(known.At))
        {
            return known.File;
        }

        var found = await ReadAsync(f => f.Hash == hash, cancel);
        if (found is not null)
        {
            _byHash[hash] = (found, clock.GetUtcNow());
        }

        return found;
    }

    private bool IsFresh(DateTimeOffset at) => clock.GetUtcNow() - at < Age;

    private async Task<RebuildableFile?> ReadAsync(Expression<Func<ChunkedFile, bool>> which, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDb>();
        if (await db.ChunkedFiles.AsNoTracking().Where(which).InOrder().FirstOrDefaultAsync(cancel) is not { } found)
        {
            return null;
        }

        var terms = FileTerm.Decode(found.Terms);
        if (Interlocked.Add(ref _terms, terms.Length + 1) > MostTerms)
        {
            _bySha256.Clear();
            _byHash.Clear();
            _terms = terms.Length + 1;
        }

        return new RebuildableFile(found.Hash, Sha256Digest.Parse(found.Sha256), new FileTerms(terms));
    }
}

internal static class ChunkedFileQueries
{
    /// <summary>The first of those that have a SHA-256 stands for all of them.</summary>
    public static IQueryable<ChunkedFile> InOrder(this IQueryable<ChunkedFile> files) => files.OrderBy(f => f.CreatedAt).ThenBy(f => f.Hash);
}
