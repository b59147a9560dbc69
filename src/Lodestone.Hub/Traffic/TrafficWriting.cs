using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Writes what was seen of one repository: rule 2 of <c>docs/api/metrics.md</c>.</summary>
internal sealed class TrafficWriting(HubDb db, RepoStore store, KnownWeightSets known, TrafficSalts salts, TimeProvider clock)
{
    /// <summary>The part of a set's bytes that makes a download.</summary>
    private const double Enough = 0.9;

    private static readonly TimeSpan Window = TimeSpan.FromHours(24);

    public async Task WriteAsync(Guid repoId, IReadOnlyList<Observed> seen, CancellationToken cancel)
    {
        if (!await db.Repos.AnyAsync(r => r.Id == repoId, cancel))
        {
            return; // deleted meanwhile
        }

        var git = store.Open(repoId);
        var main = git.References.Find(RefName.Branches + RepoView.MainBranch)?.ToString();
        var salt = await salts.CurrentAsync(cancel);
        var placed = seen.Select(s => Placed(s, git, main, salt)).OfType<Placed>().ToList();
        await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Repo>(repoId, inner); // of several servers one counts at a time
                var downloads = 0L;
                foreach (var one in placed.GroupBy(p => (p.Client, p.Revision, p.Path, p.Day, p.ClientClass)))
                {
                    downloads += await CountAsync(repoId, git, [.. one], inner);
                }

                return await AddAsync(repoId, downloads, inner);
            },
            cancel);
    }

    private Placed? Placed(Observed seen, GitRepository git, string? main, byte[] salt)
    {
        if ((seen.Revision ?? main) is not { } revision)
        {
            return null;
        }

        var path = seen.Path ?? (seen.Sha256 is { } sha256 ? known.Of(git, revision).PathOf(sha256) : null);
        var client = Convert.ToHexStringLower(HMACSHA256.HashData(salt, Encoding.UTF8.GetBytes(seen.Client)).AsSpan(0, 16));
        return path is null ? null : new Placed(revision, path, client, seen.ClientClass, seen.At.ToUnixTimeSeconds() / 86_400, seen.Start, seen.Length, seen.At);
    }

    /// <summary>What one client asked of one file on one day.</summary>
    /// <returns>Downloads that count for the repository.</returns>
    private async Task<long> CountAsync(Guid repoId, GitRepository git, IReadOnlyList<Placed> asked, CancellationToken cancel)
    {
        var (first, bytes) = (asked[0], asked.Sum(a => a.Length));
        var fileClass = FileClass.Of(first.Path);
        var (fetches, downloads) = fileClass is not (FileClass.Git or FileClass.Config) && bytes > 0 ? await FetchAsync(repoId, git, asked, cancel) : (0, 0);
        var uniques = await db.Database.ExecuteSqlAsync(
            $"""
            insert into hub_traffic_client (repo_id, day, revision, file_class, client_class, client) values ({repoId}, {first.Day}, {first.Revision}, {fileClass}, {first.ClientClass}, {first.Client})
            on conflict do nothing
            """,
            cancel);
        await db.Database.ExecuteSqlAsync(
            $"""
            insert into hub_traffic (repo_id, day, revision, file_class, client_class, requests, fetches, downloads, uniques, bytes)
            values ({repoId}, {first.Day}, {first.Revision}, {fileClass}, {first.ClientClass}, {asked.Count}, {fetches}, {downloads}, {uniques}, {bytes})
            on conflict (repo_id, day, revision, file_class, client_class) do update set requests = hub_traffic.requests + excluded.requests,
                fetches = hub_traffic.fetches + excluded.fetches, downloads = hub_traffic.downloads + excluded.downloads,
                uniques = hub_traffic.uniques + excluded.uniques, bytes = hub_traffic.bytes + excluded.bytes
            """,
            cancel);
        if (fileClass is not (FileClass.Git or FileClass.Config))
        {
            await db.Database.ExecuteSqlAsync(
                $"""
                insert into hub_traffic_file (repo_id, day, path, client_class, requests, fetches, bytes) values ({repoId}, {first.Day}, {first.Path}, {first.ClientClass}, {asked.Count}, {fetches}, {bytes})
                on conflict (repo_id, day, path, client_class) do update set requests = hub_traffic_file.requests + excluded.requests,
                    fetches = hub_traffic_file.fetches + excluded.fetches, bytes = hub_traffic_file.bytes + excluded.bytes
                """,
                cancel);
        }

        return first.ClientClass is ClientKind.Person ? downloads : 0;
    }

    private async Task<(long Fetches, long Downloads)> FetchAsync(Guid repoId, GitRepository git, IReadOnlyList<Placed> asked, CancellationToken cancel)
    {
        var first = asked[0];
        var set = known.Of(git, first.Revision).Find(first.Path);
        var paths = set?.Files.Keys.ToList() ?? [first.Path];
        var parts = await db.FetchedParts.Where(p => p.RepoId == repoId && p.Client == first.Client && p.Revision == first.Revision && paths.Contains(p.Path))
            .ToDictionaryAsync(p => p.Path, StringComparer.Ordinal, cancel);
        var (began, fetches) = (first.At - Window, 0L);
        if (!parts.TryGetValue(first.Path, out var part))
        {
            part = new FetchedPart { RepoId = repoId, Client = first.Client, Revision = first.Revision, Path = first.Path, Ranges = "", BeganAt = first.At };
            db.FetchedParts.Add(part);
            parts.Add(first.Path, part);
            fetches = 1;
        }
        else if (part.BeganAt <= began)
        {
            (part.Ranges, part.BeganAt, fetches) = ("", first.At, 1);
        }

        part.Ranges = asked.Aggregate(FetchedRanges.Parse(part.Ranges), (ranges, a) => ranges.With(a.Start, a.Length)).ToString();
        var covered = parts.Values.Where(p => p.BeganAt > began).Sum(p => FetchedRanges.Parse(p.Ranges).Total);
        var downloads = set is not null && covered >= set.Size * Enough && await IsFirstAsync(repoId, first, set.Name, cancel) ? 1 : 0;
        await db.SaveChangesAsync(cancel);
        return (fetches, downloads);
    }

    private async Task<bool> IsFirstAsync(Guid repoId, Placed asked, string set, CancellationToken cancel)
    {
        var row = await db.FetchedSets.SingleOrDefaultAsync(s => s.RepoId == repoId && s.Client == asked.Client && s.Revision == asked.Revision && s.Name == set, cancel);
        if (row is null)
        {
            db.FetchedSets.Add(new FetchedSet { RepoId = repoId, Client = asked.Client, Revision = asked.Revision, Name = set, CountedAt = asked.At });
            return true;
        }

        if (row.CountedAt > asked.At - Window)
        {
            return false;
        }

        row.CountedAt = asked.At;
        return true;
    }

    private async Task<bool> AddAsync(Guid repoId, long downloads, CancellationToken cancel)
    {
        if (downloads == 0)
        {
            return false;
        }

        var now = clock.GetUtcNow();
        var before = await db.Repos.Where(r => r.Id == repoId).Select(r => r.Trend).SingleOrDefaultAsync(cancel);
        var trend = Trend.Add(before, Trend.Download * downloads, now, now);
        return await db.Repos.Where(r => r.Id == repoId).ExecuteUpdateAsync(
            r => r.SetProperty(x => x.Downloads, x => x.Downloads + downloads).SetProperty(x => x.DownloadsAllTime, x => x.DownloadsAllTime + downloads).SetProperty(x => x.Trend, trend), cancel) == 1;
    }
}

/// <summary>A request as it is counted.</summary>
internal sealed record Placed(string Revision, string Path, string Client, string ClientClass, long Day, long Start, long Length, DateTimeOffset At);

/// <summary>The weight sets of revisions that were asked for lately. A commit does not change.</summary>
internal sealed class KnownWeightSets
{
    private const int Most = 500;

    private readonly System.Collections.Concurrent.ConcurrentDictionary<ObjectId, WeightSets> _known = new();

    public WeightSets Of(GitRepository git, string revision)
    {
        if (_known.Count > Most)
        {
            _known.Clear();
        }

        var commit = ObjectId.Parse(revision);
        return _known.GetOrAdd(commit, static (commit, git) => WeightSets.Of(new RepoTree(git, commit)), git);
    }
}
