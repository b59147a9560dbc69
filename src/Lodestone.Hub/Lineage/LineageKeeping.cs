using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Writes what cards declare as edges, whenever main moves; and keeps in the edges to a repository what it is called and licensed as,
/// so that both outlive it. Each public model that was made from one of this server is announced once, whichever of the two came first.
/// </summary>
internal sealed class LineageKeeping(HubDb db, RepoRefresh refresh, Tasks tasks, HubOptions options, TimeProvider clock)
    : IEventHandler<RepoPublished>, IEventHandler<RepoChanged>, IEventHandler<RepoDeleted>
{
    private const int MostParents = 200;

    public Task HandleAsync(Guid eventId, RepoPublished happened, CancellationToken cancel) => KeepAsync(happened.RepoId, cancel);

    /// <summary>What was hidden may be public now, and what moved may be where cards look for it.</summary>
    public Task HandleAsync(Guid eventId, RepoChanged happened, CancellationToken cancel) =>
        happened is { Scope: RepoEvent.OfConfig, Kind: ChangeKind.Update } or { Scope: RepoEvent.OfRepo, Kind: ChangeKind.Move } ? KeepAsync(happened.RepoId, cancel) : Task.CompletedTask;

    public async Task HandleAsync(Guid eventId, RepoDeleted happened, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await db.LineageEdges.Where(e => e.ParentId == happened.RepoId)
            .ExecuteUpdateAsync(e => e.SetProperty(x => x.ParentId, (Guid?)null).SetProperty(x => x.GoneAt, now), cancel);
    }

    public async Task KeepAsync(Guid repoId, CancellationToken cancel)
    {
        if (await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId, cancel) is not { } repo)
        {
            return; // deleted meanwhile
        }

        var facts = RepoFacts.Of(await refresh.KnownAsync(repo.Id, cancel));
        await DeclareAsync(repo, facts, cancel);
        await DescribeAsync(repo, facts, cancel);
        await AnnounceAsync(repo.Id, cancel);
        if (options.InferLineage && facts.Safetensors is not null)
        {
            await tasks.ScheduleAsync(LineageInference.Kind, repo.Id.ToString(), clock.GetUtcNow(), new { }, cancel);
        }
    }

    private async Task DeclareAsync(Repo repo, RepoFacts facts, CancellationToken cancel)
    {
        var declared = Declared(repo, facts).DistinctBy(d => (d.Relation, d.Type, d.Path)).Take(MostParents).ToList();
        var paths = declared.ConvertAll(d => d.Path);
        var here = await db.Repos.AsNoTracking().Where(r => paths.Contains(r.PathLower)).ToListAsync(cancel);
        var edges = await db.LineageEdges.Where(e => e.ChildId == repo.Id && e.Evidence == LineageEdge.Declared).ToListAsync(cancel);
        db.LineageEdges.RemoveRange(edges.Where(e => !declared.Exists(d => IsOf(d, e))));
        foreach (var parent in declared.Where(d => !edges.Exists(e => IsOf(d, e))))
        {
            var found = here.Find(r => r.Type == parent.Type && r.PathLower == parent.Path);
            db.LineageEdges.Add(new LineageEdge
            {
                ChildId = repo.Id,
                Evidence = LineageEdge.Declared,
                Relation = parent.Relation,
                ParentType = parent.Type.Singular(),
                ParentPath = parent.Path,
                ParentName = parent.Name,
                ParentId = found?.Id,
                ParentLicense = found is { IsPrivate: false } ? await LicenseAsync(found.Id, cancel) : null,
                CreatedAt = clock.GetUtcNow(),
            });
        }

        await db.SaveChangesAsync(cancel);

        static bool IsOf(DeclaredParent declared, LineageEdge edge) => (declared.Relation, declared.Type.Singular(), declared.Path) == (edge.Relation, edge.ParentType, edge.ParentPath);
    }

    /// <summary>A repository that others named before it was here is theirs from now on; one that is here is called and licensed as it says now.</summary>
    private async Task DescribeAsync(Repo repo, RepoFacts facts, CancellationToken cancel)
    {
        var (type, license) = (repo.Type.Singular(), repo.IsPrivate ? null : LicenceFacts.NameIn(facts));
        await db.LineageEdges.Where(e => e.ParentId == null && e.GoneAt == null && e.ParentType == type && e.ParentPath == repo.PathLower)
            .ExecuteUpdateAsync(e => e.SetProperty(x => x.ParentId, repo.Id), cancel);
        await db.LineageEdges.Where(e => e.ParentId == repo.Id)
            .ExecuteUpdateAsync(e => e.SetProperty(x => x.ParentName, repo.FullName).SetProperty(x => x.ParentLicense, license), cancel);
    }

    /// <summary>Of edges to and from a model, those between two that are here, of which nobody was told.</summary>
    private async Task AnnounceAsync(Guid repoId, CancellationToken cancel)
    {
        var untold = await db.LineageEdges.AsNoTracking()
            .Where(e => (e.ChildId == repoId || e.ParentId == repoId) && e.ParentId != null && e.ParentId != e.ChildId && e.Evidence == LineageEdge.Declared && Relations.OfModels.Contains(e.Relation))
            .Where(e => db.Repos.Any(r => r.Id == e.ChildId && !r.IsPrivate) && db.Repos.Any(r => r.Id == e.ParentId) && !db.Derivations.Any(d => d.BaseId == e.ParentId && d.RepoId == e.ChildId))
            .OrderBy(e => e.CreatedAt).ThenBy(e => e.Relation).Select(e => new DerivativeDeclared(e.ParentId!.Value, e.ChildId, e.Relation)).ToListAsync(cancel); // not null by the filter
        foreach (var found in untold.DistinctBy(f => (f.BaseId, f.RepoId)))
        {
            await db.WriteAsync(inner => AnnounceAsync(found, inner), cancel);
        }
    }

    private async Task<bool> AnnounceAsync(DerivativeDeclared found, CancellationToken cancel)
    {
        await db.LockAsync<Repo>(found.BaseId, cancel);
        if (await db.Derivations.AnyAsync(d => d.BaseId == found.BaseId && d.RepoId == found.RepoId, cancel))
        {
            return false; // by whoever keeps the other of the two
        }

        db.Derivations.Add(new Derivation { BaseId = found.BaseId, RepoId = found.RepoId, Relation = found.Relation, FoundAt = clock.GetUtcNow() });
        db.Publish(found);
        await db.SaveChangesAsync(cancel);
        return true;
    }

    private async Task<string?> LicenseAsync(Guid repoId, CancellationToken cancel) =>
        await db.Facts.AsNoTracking().Where(f => f.RepoId == repoId).Select(f => f.Facts).SingleOrDefaultAsync(cancel) is { } facts
            ? LicenceFacts.NameIn(RepoFacts.FromJson(facts))
            : null;

    private static IEnumerable<DeclaredParent> Declared(Repo repo, RepoFacts facts)
    {
        if (repo.Type is not RepoType.Model)
        {
            return [];
        }

        var bases = facts.Tags.Select(t => t.Split(':', 3)).Where(p => p is ["base_model", var relation, _] && Relations.OfModels.Contains(relation))
            .Select(p => DeclaredParent.Of(p[1], RepoType.Model, p[2]));
        var trained = facts.CardData.Texts("datasets").Select(d => DeclaredParent.Of(Relations.TrainedOn, RepoType.Dataset, d));
        var evaluated = facts.Evaluations.Select(r => r.DatasetId).OfType<string>().Select(d => DeclaredParent.Of(Relations.EvaluatedOn, RepoType.Dataset, d));
        return [.. bases, .. trained, .. evaluated];
    }

    private sealed record DeclaredParent(string Relation, RepoType Type, string Name, string Path)
    {
        public static DeclaredParent Of(string relation, RepoType type, string name) => new(relation, type, name, name.ToLowerInvariant());
    }
}

/// <summary>Writes the edges of repositories that were there before edges were, and has those read that were read before there were sketches.</summary>
internal sealed class LineageRebuilding(HubDb db, LineageKeeping keeping, Tasks tasks, HubOptions options, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.lineage_rebuilding";

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        if (!await db.LineageEdges.AnyAsync(cancel))
        {
            var named = await db.Tags.Where(t => t.Tag.StartsWith("base_model:") || t.Tag.StartsWith("dataset:")).Select(t => t.RepoId).Distinct().ToListAsync(cancel);
            foreach (var repoId in named)
            {
                await keeping.KeepAsync(repoId, cancel);
            }
        }

        foreach (var repoId in options.InferLineage ? await db.TensorReadings.Where(r => r.Layout == null).Select(r => r.RepoId).ToListAsync(cancel) : [])
        {
            await tasks.ScheduleAsync(LineageInference.Kind, repoId.ToString(), clock.GetUtcNow(), new { }, cancel);
        }

        return null;
    }
}

/// <summary>Has it done once.</summary>
internal sealed class LineageStart(Tasks tasks, TimeProvider clock) : Microsoft.Extensions.Hosting.IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        tasks.ScheduleAsync(LineageRebuilding.Kind, "all", clock.GetUtcNow() + TimeSpan.FromMinutes(1), new { }, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
