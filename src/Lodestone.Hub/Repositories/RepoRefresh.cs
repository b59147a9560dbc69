using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Keeps the rows in step with git, where the truth is. Runs in the request that moved main, so that the next call sees the new
/// facts; a request that finds rows behind (the server or its machine died in between) brings them up to date itself.
/// </summary>
internal sealed class RepoRefresh(HubDb db, RepoFactsReader reader, HeadMoves moves, ProposedCommits proposed, Repacking repacking, TimeProvider clock)
{
    private const string Main = RefName.Branches + "main";

    /// <summary>Not cancellable: the commit is made, whether or not its sender still waits.</summary>
    /// <param name="update">What the commit did; its new value is the commit.</param>
    public async Task AfterCommitAsync(Repo repo, GitRepository git, RefUpdate update, IReadOnlyCollection<CommitChange> changes, Guid actorId)
    {
        if (update is { Name: Main, New: { } made })
        {
            var isSame = !changes.Any(c => RepoFactsReader.Matters(repo.Type, c.Path) || c is DeleteEntry or CopyEntry); // those may be whole folders
            if (!isSame || !await moves.MoveAsync(repo, git, made, actorId))
            {
                await BringUpToDateAsync(repo.Id, git, actorId, CancellationToken.None);
            }
        }
        else
        {
            await RecordAsync(repo.Id, [update], actorId);
        }

        await proposed.TellAsync(repo.Id, git, update.Name);
        await repacking.ConsiderAsync(repo.Id, git);
    }

    /// <summary>After references were made, pointed elsewhere or deleted.</summary>
    public async Task AfterMoveAsync(Guid repoId, GitRepository git, IReadOnlyList<RefUpdate> updates, Guid actorId)
    {
        if (updates.Any(u => u.Name == Main))
        {
            await BringUpToDateAsync(repoId, git, actorId, CancellationToken.None);
        }

        if (updates.Where(u => u.Name != Main && u.Old != u.New).ToList() is { Count: > 0 } others)
        {
            await RecordAsync(repoId, others, actorId);
        }

        foreach (var update in updates)
        {
            await proposed.TellAsync(repoId, git, update.Name);
        }

        await repacking.ConsiderAsync(repoId, git);
    }

    /// <summary>The facts of main as it is now.</summary>
    public async Task<RepoFacts> FactsAsync(Repo repo, GitRepository git, CancellationToken cancel)
    {
        var head = git.References.Find(Main)?.ToString();
        var row = await db.Facts.AsNoTracking().SingleOrDefaultAsync(f => f.RepoId == repo.Id, cancel);
        if (row?.CommitId != head)
        {
            await BringUpToDateAsync(repo.Id, git, Guid.Empty, cancel);
            row = await db.Facts.AsNoTracking().SingleOrDefaultAsync(f => f.RepoId == repo.Id, cancel);
        }

        return RepoFacts.Of(row);
    }

    /// <summary>
    /// The facts as the rows have them, which may be those of the commit before: for those who are told when the rows change, and who
    /// must not write them beside the request that is about to.
    /// </summary>
    public async Task<StoredFacts?> KnownAsync(Guid repoId, CancellationToken cancel) => await db.Facts.AsNoTracking().SingleOrDefaultAsync(f => f.RepoId == repoId, cancel);

    /// <summary>Adds the rows of a repository that is about to be inserted.</summary>
    public async Task DescribeAsync(Repo repo, GitRepository git, ObjectId head, CancellationToken cancel)
    {
        var facts = await reader.ReadAsync(repo.Type, new RepoTree(git, head), cancel);
        db.Facts.Add(new StoredFacts { RepoId = repo.Id, CommitId = head.ToString(), Facts = facts.ToJson() });
        Describe(repo, facts);
        db.Tags.AddRange(facts.Index.Select(t => new RepoTag(repo.Id, t)));
    }

    private async Task BringUpToDateAsync(Guid repoId, GitRepository git, Guid actorId, CancellationToken cancel)
    {
        if (git.References.Find(Main) is not { } head || await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId, cancel) is not { } repo)
        {
            return;
        }

        var facts = await reader.ReadAsync(repo.Type, new RepoTree(git, head), cancel);
        await db.WriteDerivedAsync(
            async inner =>
            {
                await db.LockAsync<Repo>(repoId, inner);
                if (git.References.Find(Main) == head) // else whoever moved it writes the rows
                {
                    await WriteAsync(repoId, head, facts, actorId, inner);
                }

                return true;
            },
            cancel);
    }

    private async Task WriteAsync(Guid repoId, ObjectId head, RepoFacts facts, Guid actorId, CancellationToken cancel)
    {
        if (await db.Repos.SingleOrDefaultAsync(r => r.Id == repoId, cancel) is not { } repo)
        {
            return; // deleted meanwhile
        }

        repo.UpdatedAt = clock.GetUtcNow(); // not the commit's date, which whoever pushes chooses
        db.Entry(repo).Property(r => r.UpdatedAt).IsModified = true; // also within one tick: the catalogue hears of tags by their repository's row
        Describe(repo, facts);
        var row = await db.Facts.SingleOrDefaultAsync(f => f.RepoId == repoId, cancel);
        if (row?.CommitId != head.ToString())
        {
            // Told from what the rows knew last, so that of a commit whose rows a power cut took the next look still tells.
            var before = row is null ? (ObjectId?)null : ObjectId.Parse(row.CommitId);
            await db.RecordAsync(repo, RepoEvents.Updated([new RefUpdate(Main, before, head)], actorId, head.ToString()), repo.UpdatedAt, cancel);
        }

        if (row is null)
        {
            db.Facts.Add(new StoredFacts { RepoId = repoId, CommitId = head.ToString(), Facts = facts.ToJson() });
        }
        else
        {
            row.CommitId = head.ToString();
            row.Facts = facts.ToJson();
        }

        var tags = await db.Tags.Where(t => t.RepoId == repoId).ToListAsync(cancel);
        var index = facts.Index.ToHashSet(StringComparer.Ordinal);
        db.Tags.RemoveRange(tags.Where(t => !index.Contains(t.Tag)));
        db.Tags.AddRange(index.Except(tags.Select(t => t.Tag), StringComparer.Ordinal).Select(t => new RepoTag(repoId, t)));
        db.Publish(new RepoPublished(repoId, repo.FullName, head.ToString()));
        await db.SaveChangesAsync(cancel);
    }

    /// <summary>References other than main, of which no row tells where they were. Durable before the request that changed them is answered.</summary>
    private Task<bool> RecordAsync(Guid repoId, IReadOnlyList<RefUpdate> updates, Guid actorId) => db.WriteAsync(
        async inner =>
        {
            await db.LockAsync<Repo>(repoId, inner);
            if (await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId, inner) is not { } repo)
            {
                return false; // deleted meanwhile
            }

            await db.RecordAsync(repo, RepoEvents.Updated(updates, actorId), clock.GetUtcNow(), inner);
            await db.SaveChangesAsync(inner);
            return true;
        },
        CancellationToken.None);

    private static void Describe(Repo repo, RepoFacts facts)
    {
        repo.PipelineTag = facts.PipelineTag;
        repo.LibraryName = facts.LibraryName;
        repo.Parameters = facts.Safetensors?.Total ?? facts.Gguf?.Total;
        repo.IsServable = facts.GgufFiles.Count > 0 || facts.Adapter is not null;
    }
}
