using System.Security.Cryptography;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Finds models that have tensors in common. Each tensor of a repository's safetensors files is hashed once, in the background; of two
/// repositories whose tensors agree for a fifth of the younger one's bytes or more, the younger looks derived from the older. So does
/// one of whose tensors few are the same, but whose weights point the same way. It is a finding, not a fact, and pages say so.
/// </summary>
internal sealed class LineageInference(HubDb db, RepoStore store, RepoContent content, HubOptions options, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.lineage_inference";

    /// <summary>Smaller tensors say nothing: many are all zeros or ones in every model.</summary>
    private const long FewestBytes = 4096;

    private const long LeastPerMille = 200;
    private const int AtOnce = 500;

    /// <summary>Models of one architecture that a sketch is compared with, the oldest first: bases are older than what is made of them.</summary>
    private const int MostCompared = 5_000;

    /// <summary>In what names the files that were read: another way to read them reads them again.</summary>
    private const string Version = "sketches ";

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
        var source = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Version + string.Join(' ', files.Select(f => f.ETag)))));
        var known = await db.TensorReadings.AsNoTracking().SingleOrDefaultAsync(r => r.RepoId == repoId, cancel);
        if (known?.Source != source && files.Sum(f => f.Size) <= options.InferLineageBytes)
        {
            await ReadAsync(repoId, tree, files, source, cancel);
            await CompareAsync(repo, cancel);
            await CompareSketchesAsync(repo, cancel);
        }

        return null;
    }

    private async Task ReadAsync(Guid repoId, RepoTree tree, List<RepoEntry> files, string source, CancellationToken cancel)
    {
        var (digests, sketch) = (new Dictionary<string, long>(StringComparer.Ordinal), new ModelSketch());
        foreach (var file in files)
        {
            await using var stream = await content.OpenAsync(tree, file, 0, cancel);
            await foreach (var tensor in TensorHashing.ReadAsync(stream, FewestBytes, cancel))
            {
                digests.TryAdd(tensor.Digest, tensor.Bytes);
                if (tensor.Sketch is { } bits)
                {
                    sketch.Add(tensor.Name, tensor.Shape, bits);
                }
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
        db.TensorReadings.Add(new TensorReading { RepoId = repoId, Source = source, Bytes = digests.Values.Sum(), Layout = sketch.Layout, Sketch = sketch.Bits }); // last: until then it is done again
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
            .Select(s => (Other: repos[s.Key], s.Bytes, IsOlder: IsOlder(repos[s.Key], repo))).ToList();
        var origin = pairs.Where(p => p.IsOlder).OrderByDescending(p => p.Bytes).ThenBy(p => p.Other.CreatedAt).Take(1).Select(p => (Child: repo, Parent: p.Other, p.Bytes));
        foreach (var (child, parent, bytes) in origin.Concat(pairs.Where(p => !p.IsOlder).Select(p => (Child: p.Other, Parent: repo, p.Bytes))))
        {
            var perMille = bytes * 1000 / Math.Max(1, sizes[child.Id]);
            if (perMille >= LeastPerMille)
            {
                await InferAsync(child, parent, perMille, similarity: null, cancel);
            }
        }
    }

    /// <summary>With all others of the same architecture: only for those of which too little is the same to say so by that.</summary>
    private async Task CompareSketchesAsync(Repo repo, CancellationToken cancel)
    {
        if (await db.TensorReadings.AsNoTracking().SingleOrDefaultAsync(r => r.RepoId == repo.Id, cancel) is not { Layout: { Length: > 0 } layout, Sketch: { } sketch })
        {
            return;
        }

        var alike = new List<(Repo Other, int Similarity)>();
        var others = db.TensorReadings.AsNoTracking().Where(r => r.Layout == layout && r.RepoId != repo.Id).Join(db.Repos.AsNoTracking(), t => t.RepoId, r => r.Id, (reading, other) => new { Other = other, reading.Sketch });
        await foreach (var found in others.OrderBy(f => f.Other.CreatedAt).ThenBy(f => f.Other.Id).Take(MostCompared).AsAsyncEnumerable().WithCancellation(cancel))
        {
            if (ModelSketch.Similarity(sketch, found.Sketch ?? []) is >= ModelSketch.LeastSimilarity and var similarity)
            {
                alike.Add((found.Other, similarity));
            }
        }

        var origin = alike.Where(a => IsOlder(a.Other, repo)).OrderByDescending(a => a.Similarity).Take(1).Select(a => (Child: repo, Parent: a.Other, a.Similarity));
        foreach (var (child, parent, similarity) in origin.Concat(alike.Where(a => !IsOlder(a.Other, repo)).Select(a => (Child: a.Other, Parent: repo, a.Similarity))))
        {
            await InferAsync(child, parent, perMille: null, similarity, cancel);
        }
    }

    private static bool IsOlder(Repo one, Repo other) => one.CreatedAt < other.CreatedAt || (one.CreatedAt == other.CreatedAt && one.Id.CompareTo(other.Id) < 0);

    /// <summary>
    /// A child looks derived from one parent, the one of which it has most; else the one that it is most like; of equals the oldest,
    /// whichever was read first. Parent and child may be read at the same time, and find each other.
    /// </summary>
    private Task<bool> InferAsync(Repo child, Repo parent, long? perMille, long? similarity, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            await db.LockAsync<Repo>(child.Id, inner);
            var found = db.LineageEdges.Where(e => e.Evidence == LineageEdge.Inferred && e.ChildId == child.Id);
            var better = found.Where(e => perMille == null ? e.PerMille != null || e.Similarity > similarity : e.PerMille > perMille);
            var equal = found.Where(e => e.PerMille == perMille && e.Similarity == similarity).Join(db.Repos, e => e.ParentId, r => r.Id, (_, known) => known);
            if (await better.AnyAsync(inner) || (await equal.AsNoTracking().ToListAsync(inner)).Exists(known => !IsOlder(parent, known)))
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
                Similarity = similarity,
                CreatedAt = clock.GetUtcNow(),
            });
            await db.SaveChangesAsync(inner);
            return true;
        },
        cancel);
}
