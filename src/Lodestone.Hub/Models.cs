using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>The repositories that can be called: models with a GGUF file, and adapters of such models.</summary>
public sealed class Models
{
    private const int Listed = 1000;

    private static readonly RefusalCode NotServable = new("model_not_servable", 400);

    // Routers of other hubs take these in place of a file's tag; here there is one way to serve, so they mean nothing more.
    private static readonly string[] Policies = ["fastest", "cheapest", "preferred"];

    private readonly HubDb _db;
    private readonly RepoStore _store;
    private readonly RepoFactsReader _facts;
    private readonly Gates _gates;

    internal Models(HubDb db, RepoStore store, RepoFactsReader facts, Gates gates)
    {
        _gates = gates;
        _db = db;
        _store = store;
        _facts = facts;
    }

    /// <summary>Finds a model by <c>owner/name</c>, with <c>@revision</c> for another state than main and <c>:tag</c> to choose among its files.</summary>
    /// <returns>Null when it is missing or the caller may not see it.</returns>
    /// <exception cref="Refusal">
    /// <c>model_not_servable</c>: it has no GGUF file, or none that the tag means, or it is an adapter whose base model the caller may not see;
    /// <c>gated_repo</c>, where the gate is also for calls, that of the base model included.
    /// </exception>
    public async Task<ServableModel?> FindAsync(Caller caller, string id, CancellationToken cancel)
    {
        var (path, revision, tag) = Parse(id);
        var found = await _db.Repos.AsNoTracking().VisibleTo(caller).At(RepoType.Model, path.ToLowerInvariant()).Where(r => r.DisabledAt == null)
            .Join(_db.Facts, r => r.Id, f => f.RepoId, (repo, facts) => new { Repo = repo, facts.CommitId, facts.Facts })
            .SingleOrDefaultAsync(cancel);
        if (found is null)
        {
            return null;
        }

        if (found.Repo.GatesCalls)
        {
            await _gates.RequireAsync(found.Repo, caller, "", cancel);
        }

        if (revision is null)
        {
            return await ChooseAsync(caller, found.Repo, found.CommitId, RepoFacts.FromJson(found.Facts), tag, cancel);
        }

        var git = _store.Open(found.Repo.Id);
        return git.Revisions.Find(revision) is { Commit: var commit }
            ? await ChooseAsync(caller, found.Repo, commit.ToString(), await _facts.ReadAsync(RepoType.Model, new RepoTree(git, commit), cancel), tag, cancel)
            : null;
    }

    /// <summary>The weights of a model that is sold without being shown: whoever sells it has decided who may call it.</summary>
    /// <returns>Null when it is gone, taken down, an adapter, or has no GGUF file any more.</returns>
    public async Task<ServableModel?> FindBehindAsync(Guid repoId, CancellationToken cancel)
    {
        var found = await _db.Repos.AsNoTracking().Where(r => r.Id == repoId && r.Type == RepoType.Model && r.IsServable && r.DisabledAt == null)
            .Join(_db.Facts, r => r.Id, f => f.RepoId, (repo, facts) => new { Repo = repo, facts.CommitId, facts.Facts })
            .SingleOrDefaultAsync(cancel);
        return found is not null && RepoFacts.FromJson(found.Facts) is { Adapter: null } facts ? Choose(found.Repo, found.CommitId, facts.GgufFiles, tag: null) : null;
    }

    /// <summary>What the caller may call, newest first: main's first GGUF file of each, and adapters of those. Not what a gate keeps from them.</summary>
    public async Task<IReadOnlyList<ServableModel>> ListAsync(Caller caller, CancellationToken cancel)
    {
        var found = await _db.Repos.AsNoTracking().VisibleTo(caller).Where(r => r.Type == RepoType.Model && r.IsServable && r.DisabledAt == null)
            .OrderByDescending(r => r.CreatedAt).Take(Listed)
            .Join(_db.Facts, r => r.Id, f => f.RepoId, (repo, facts) => new { Repo = repo, facts.CommitId, facts.Facts })
            .ToListAsync(cancel);
        var closed = new HashSet<Guid>();
        foreach (var gated in found.Where(f => f.Repo.GatesCalls))
        {
            if (!(await _gates.OfAsync(gated.Repo, caller, cancel)).IsAdmitted)
            {
                closed.Add(gated.Repo.Id);
            }
        }

        var open = found.Where(f => !closed.Contains(f.Repo.Id)).Select(f => (f.Repo, f.CommitId, Facts: RepoFacts.FromJson(f.Facts))).ToList();
        var whole = open.Where(f => f.Facts.Adapter is null).Select(f => Choose(f.Repo, f.CommitId, f.Facts.GgufFiles, tag: null)).ToList();
        var bases = whole.ToDictionary(m => m.Id, StringComparer.OrdinalIgnoreCase);
        var adapted = open.Where(f => f.Facts.Adapter?.Base is { } name && bases.ContainsKey(name)).Select(f => Adapted(bases[f.Facts.Adapter!.Base!], f.Repo, f.CommitId, f.Facts.Adapter)); // both just seen
        return [.. whole.Concat(adapted).OrderByDescending(m => m.CreatedAt)];
    }

    private async Task<ServableModel?> ChooseAsync(Caller caller, Repo repo, string commit, RepoFacts facts, string? tag, CancellationToken cancel)
    {
        if (facts.Adapter is not { } adapter)
        {
            return Choose(repo, commit, facts.GgufFiles, tag);
        }

        if (adapter.Base is not { } name || string.Equals(name, repo.FullName, StringComparison.OrdinalIgnoreCase))
        {
            throw new Refusal(NotServable, $"{repo.FullName} is an adapter, and its card does not say of which model. Write \"base_model: owner/name\" into it.") { Param = "model" };
        }

        return await FindAsync(caller, tag is null ? name : $"{name}:{tag}", cancel) switch
        {
            null => throw new Refusal(NotServable, $"{repo.FullName} is an adapter of {name}, which is not on this server or is hidden from you.") { Param = "model" },
            { Adapter: not null } => throw new Refusal(NotServable, $"{repo.FullName} is an adapter of {name}, which is an adapter itself. Name the model that it was trained on as its base.") { Param = "model" },
            var found => Adapted(found, repo, commit, adapter),
        };
    }

    private static ServableModel Adapted(ServableModel model, Repo repo, string commit, AdapterFacts adapter) => model with
    {
        RepoId = repo.Id,
        OwnerId = repo.OwnerId,
        Id = repo.FullName,
        Revision = commit,
        CreatedAt = repo.CreatedAt,
        Adapter = new ServableAdapter(model.Id, Sha256Digest.Parse(adapter.Sha256), adapter.Config),
    };

    private static (string Path, string? Revision, string? Tag) Parse(string id)
    {
        var colon = id.LastIndexOf(':');
        var tag = colon < 0 ? null : id[(colon + 1)..];
        var named = colon < 0 ? id : id[..colon];
        var at = named.IndexOf('@', StringComparison.Ordinal);
        return (at < 0 ? named : named[..at], at < 0 ? null : named[(at + 1)..], Policies.Contains(tag) ? null : tag);
    }

    private static ServableModel Choose(Repo repo, string commit, IReadOnlyList<GgufFile> files, string? tag)
    {
        var file = files.FirstOrDefault(f => tag is null || Path.GetFileName(f.Path).Contains(tag, StringComparison.OrdinalIgnoreCase));
        if (file is null)
        {
            throw new Refusal(NotServable, files.Count == 0
                ? $"{repo.FullName} has no GGUF file, so it cannot be called here. Publish one to its repository."
                : $"{repo.FullName} has no GGUF file whose name contains '{tag}'. It has {string.Join(", ", files.Select(f => f.Path))}.")
            { Param = "model" };
        }

        return new ServableModel(repo.Id, repo.OwnerId, repo.FullName, commit, file.Path, Sha256Digest.Parse(file.Sha256), file.Size, repo.CreatedAt);
    }
}

/// <param name="RepoId">The repository; what prices are for.</param>
/// <param name="OwnerId">Namespace of the seller.</param>
/// <param name="Id"><c>owner/name</c>.</param>
/// <param name="Revision">Full commit id.</param>
/// <param name="FileName">Path of the GGUF file in that commit.</param>
/// <param name="Digest">Its content, in the blob store.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Adapter">Where the repository is an adapter: what it adds to its base model, whose file the others are.</param>
public sealed record ServableModel(
    Guid RepoId, Guid OwnerId, string Id, string Revision, string FileName, Sha256Digest Digest, long Size, DateTimeOffset CreatedAt, ServableAdapter? Adapter = null);

/// <summary>Low-rank changes of a model's weights.</summary>
/// <param name="Base">The model: <c>owner/name</c>.</param>
/// <param name="Digest">The file with the changes.</param>
/// <param name="Config">What PEFT wrote of them, as JSON; null for a GGUF file, which says it itself.</param>
public sealed record ServableAdapter(string Base, Sha256Digest Digest, string? Config);
