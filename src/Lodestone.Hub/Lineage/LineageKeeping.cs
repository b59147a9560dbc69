using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Writes what cards declare as edges, whenever main moves; and keeps in the edges to a repository what it is called and licensed as,
/// so that both outlive it.
/// </summary>
internal sealed class LineageKeeping(HubDb db, RepoRefresh refresh, Tasks tasks, HubOptions options, TimeProvider clock)
    : IEventHandler<RepoPublished>, IEventHandler<RepoDeleted>
{
    private const int MostParents = 200;

    public async Task HandleAsync(Guid eventId, RepoPublished happened, CancellationToken cancel)
    {
        if (await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == happened.RepoId, cancel) is not { } repo)
        {
            return; // deleted meanwhile
        }

        var facts = await refresh.KnownFactsAsync(repo.Id, cancel);
        await DeclareAsync(repo, facts, cancel);
        await DescribeAsync(repo, facts, cancel);
        if (options.InferLineage && facts.Safetensors is not null)
        {
            await tasks.ScheduleAsync(LineageInference.Kind, repo.Id.ToString(), clock.GetUtcNow(), new { }, cancel);
        }
    }

    public async Task HandleAsync(Guid eventId, RepoDeleted happened, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await db.LineageEdges.Where(e => e.ParentId == happened.RepoId)
            .ExecuteUpdateAsync(e => e.SetProperty(x => x.ParentId, (Guid?)null).SetProperty(x => x.GoneAt, now), cancel);
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
            if (found is not null && found.Id != repo.Id && Relations.OfModels.Contains(parent.Relation))
            {
                db.Publish(new DerivativeDeclared(found.Id, repo.Id, parent.Relation));
            }
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

/// <summary>Writes the edges of repositories that were there before edges were.</summary>
internal sealed class LineageRebuilding(HubDb db, LineageKeeping keeping) : ITaskHandler
{
    public const string Kind = "hub.lineage_rebuilding";

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        if (!await db.LineageEdges.AnyAsync(cancel))
        {
            var named = await db.Tags.Where(t => t.Tag.StartsWith("base_model:") || t.Tag.StartsWith("dataset:")).Select(t => t.RepoId).Distinct().ToListAsync(cancel);
            foreach (var repoId in named)
            {
                await keeping.HandleAsync(Guid.Empty, new RepoPublished(repoId, "", ""), cancel);
            }
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
