using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>The repositories that can be called: models with a GGUF file.</summary>
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
    /// <exception cref="Refusal"><c>model_not_servable</c>: it has no GGUF file, or none that the tag means; <c>gated_repo</c>, where the gate is also for calls.</exception>
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
            return Choose(found.Repo, found.CommitId, RepoFacts.FromJson(found.Facts).GgufFiles, tag);
        }

        var git = _store.Open(found.Repo.Id);
        return git.Revisions.Find(revision) is { Commit: var commit }
            ? Choose(found.Repo, commit.ToString(), (await _facts.ReadAsync(RepoType.Model, new RepoTree(git, commit), cancel)).GgufFiles, tag)
            : null;
    }

    /// <summary>The weights of a model that is sold without being shown: whoever sells it has decided who may call it.</summary>
    /// <returns>Null when it is gone, taken down, or has no GGUF file any more.</returns>
    public async Task<ServableModel?> FindBehindAsync(Guid repoId, CancellationToken cancel)
    {
        var found = await _db.Repos.AsNoTracking().Where(r => r.Id == repoId && r.Type == RepoType.Model && r.IsServable && r.DisabledAt == null)
            .Join(_db.Facts, r => r.Id, f => f.RepoId, (repo, facts) => new { Repo = repo, facts.CommitId, facts.Facts })
            .SingleOrDefaultAsync(cancel);
        return found is null ? null : Choose(found.Repo, found.CommitId, RepoFacts.FromJson(found.Facts).GgufFiles, tag: null);
    }

    /// <summary>What the caller may call, newest first: main's first GGUF file of each. Not what a gate keeps from them.</summary>
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

        return [.. found.Where(f => !closed.Contains(f.Repo.Id)).OrderByDescending(f => f.Repo.CreatedAt).Select(f => Choose(f.Repo, f.CommitId, RepoFacts.FromJson(f.Facts).GgufFiles, tag: null))];
    }

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
public sealed record ServableModel(
    Guid RepoId, Guid OwnerId, string Id, string Revision, string FileName, Sha256Digest Digest, long Size, DateTimeOffset CreatedAt);
