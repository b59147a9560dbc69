using System.Security.Cryptography;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Finds models that have tensors in common. Each tensor of a repository's safetensors files is hashed once, in the background; of two
/// repositories whose tensors agree for a fifth of the younger one's bytes or more, the younger looks derived from the older.
/// It is a finding, not a fact, and pages say so.
/// </summary>
internal sealed class LineageInference(HubDb db, RepoStore store, RepoContent content, HubOptions options, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.lineage_inference";

    /// <summary>Smaller tensors say nothing: many are all zeros or ones in every model.</summary>
    private const long FewestBytes = 4096;

    private const long LeastPerMille = 200;
    private const int AtOnce = 500;
    private const string Main = RefName.Branches + RepoView.MainBranch;

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var repoId = Guid.Parse(task.Key);
        if (!options.InferLineage || await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId, cancel) is not { } repo || store.Open(repoId).References.Find(Main) is not { } head)
        {
            return null;
        }

        var tree = new RepoTree(store.Open(repoId), head);
        var files = tree.Paths().Where(p => p.EndsWith(".safetensors", StringComparison.Ordinal)).Select(tree.Find).OfType<RepoEntry>().ToList();
        var source = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join(' ', files.Select(f => f.ETag)))));
        var known = await db.TensorReadings.AsNoTracking().SingleOrDefaultAsync(r => r.RepoId == repoId, cancel);
        if (known?.Source != source && files.Sum(f => f.Size) <= options.InferLineageBytes)
        {
            await ReadAsync(repoId, tree, files, source, cancel);
            await CompareAsync(repo, cancel);
        }

        return null;
    }

    private async Task ReadAsync(Guid repoId, RepoTree tree, List<RepoEntry> files, string source, CancellationToken cancel)
    {
        var digests = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            await using var stream = await content.OpenAsync(tree, file, 0, cancel);
            await foreach (var (digest, bytes) in TensorHashing.ReadAsync(stream, FewestBytes, cancel))
            {
                digests.TryAdd(digest, bytes);
            }
        }

        await db.Tensors.Where(t => t.RepoId == repoId).ExecuteDeleteAsync(cancel);
        foreach (var some in digests.Chunk(AtOnce))
        {
            db.Tensors.AddRange(some.Select(d => new TensorDigest(d.Key, repoId, d.Value)));
            await db.SaveChangesAsync(cancel);
            db.ChangeTracker.Clear();
        }

        await db.TensorReadings.Where(r => r.RepoId == repoId).ExecuteDeleteAsync(cancel);
        db.TensorReadings.Add(new TensorReading { RepoId = repoId, Source = source, Bytes = digests.Values.Sum() }); // last: until then it is done again
        await db.SaveChangesAsync(cancel);
    }

    /// <summary>With all others, of which some may have been read before the one that they come from.</summary>
    private async Task CompareAsync(Repo repo, CancellationToken cancel)
    {
        // Before the look at others: what one that is read at the same time finds afterwards stays.
        await db.LineageEdges.Where(e => e.Evidence == LineageEdge.Inferred && e.ChildId == repo.Id).ExecuteDeleteAsync(cancel);
        var own = db.Tensors.Where(t => t.RepoId == repo.Id);
        var shared = await db.Tensors.Where(t => t.RepoId != repo.Id).Join(own, t => t.Digest, t => t.Digest, (other, _) => other)
            .GroupBy(t => t.RepoId).Select(g => new { g.Key, Bytes = g.Sum(t => t.Bytes) }).ToListAsync(cancel);
        var ids = shared.Select(s => s.Key).Append(repo.Id).ToList();
        var repos = await db.Repos.AsNoTracking().Where(r => ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancel);
        var sizes = await db.TensorReadings.AsNoTracking().Where(r => ids.Contains(r.RepoId)).ToDictionaryAsync(r => r.RepoId, r => r.Bytes, cancel);
        var pairs = shared.Where(s => repos.ContainsKey(s.Key) && sizes.ContainsKey(s.Key))
            .Select(s => (Other: repos[s.Key], s.Bytes, IsOlder: repos[s.Key].CreatedAt < repo.CreatedAt || (repos[s.Key].CreatedAt == repo.CreatedAt && s.Key.CompareTo(repo.Id) < 0))).ToList();
        var origin = pairs.Where(p => p.IsOlder).OrderByDescending(p => p.Bytes).ThenBy(p => p.Other.CreatedAt).Take(1).Select(p => (Child: repo, Parent: p.Other, p.Bytes));
        foreach (var (child, parent, bytes) in origin.Concat(pairs.Where(p => !p.IsOlder).Select(p => (Child: p.Other, Parent: repo, p.Bytes))))
        {
            var perMille = bytes * 1000 / Math.Max(1, sizes[child.Id]);
            if (perMille >= LeastPerMille)
            {
                await InferAsync(child, parent, perMille, cancel);
            }
        }
    }

    /// <summary>A child looks derived from one parent, the one of which it has most. Parent and child may be read at the same time, and find each other.</summary>
    private Task<bool> InferAsync(Repo child, Repo parent, long perMille, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            await db.LockAsync<Repo>(child.Id, inner);
            var found = db.LineageEdges.Where(e => e.Evidence == LineageEdge.Inferred && e.ChildId == child.Id);
            if (await found.AnyAsync(e => e.PerMille >= perMille, inner))
            {
                return false;
            }

            await found.ExecuteDeleteAsync(inner);
            db.LineageEdges.Add(new LineageEdge
            {
                ChildId = child.Id,
                Evidence = LineageEdge.Inferred,
                Relation = Relations.Derived,
                ParentType = parent.Type.Singular(),
                ParentPath = parent.PathLower,
                ParentName = parent.FullName,
                ParentId = parent.Id,
                PerMille = perMille,
                CreatedAt = clock.GetUtcNow(),
            });
            await db.SaveChangesAsync(inner);
            return true;
        },
        cancel);
}
