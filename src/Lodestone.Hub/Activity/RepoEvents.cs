using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What happened, before it has a number.</summary>
/// <param name="HeadSha">Of main after it; null: as the rows have it.</param>
internal sealed record NewRepoEvent(string Scope, ChangeKind Kind, EventDetails Details, Guid ActorId, string? HeadSha = null);

internal static class RepoEvents
{
    /// <summary>
    /// Adds what happened and announces it; the caller saves, with the change itself. The repository's row must be locked, except
    /// where nobody else can know of the repository yet: that is what puts its events in order.
    /// </summary>
    public static async Task RecordAsync(this HubDb db, Repo repo, NewRepoEvent happened, DateTimeOffset now, CancellationToken cancel)
    {
        var last = await db.RepoEvents.Where(e => e.RepoId == repo.Id).MaxAsync(e => (long?)e.Number, cancel) ?? 0;
        var recorded = new RepoEvent
        {
            Id = Guid.CreateVersion7(now),
            RepoId = repo.Id,
            Number = last + 1,
            Type = repo.Type,
            OwnerId = repo.OwnerId,
            OwnerName = repo.OwnerName,
            Name = repo.Name,
            IsPrivate = repo.IsPrivate,
            HeadSha = happened.HeadSha ?? await db.Facts.Where(f => f.RepoId == repo.Id).Select(f => f.CommitId).SingleOrDefaultAsync(cancel),
            Scope = happened.Scope,
            Kind = happened.Kind,
            ActorId = happened.ActorId,
            At = now,
            Details = happened.Details.ToJson(),
            IsSentOn = false,
        };
        db.RepoEvents.Add(recorded);
        db.Publish(new RepoChanged(repo.Id, recorded.Id, recorded.Scope, recorded.Kind, happened.Details.UpdatedRefs, recorded.ActorId));
    }

    /// <summary>References that changed in git.</summary>
    public static NewRepoEvent Updated(IEnumerable<RefUpdate> updates, Guid actorId, string? headSha = null) => new(
        RepoEvent.OfContent,
        ChangeKind.Update,
        new EventDetails { UpdatedRefs = [.. updates.Select(u => new UpdatedRef(u.Name, u.Old?.ToString(), u.New?.ToString()))] },
        actorId,
        headSha);
}
