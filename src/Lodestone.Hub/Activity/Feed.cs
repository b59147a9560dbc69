using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What happened lately, for pages: of what the reader may see now, newest first. Pushes in a row to one repository are one entry.</summary>
internal sealed class Feed(HubDb db, Namespaces namespaces, Follows follows, Caller caller)
{
    private const int ReadForEach = 5;

    /// <summary>What happened to what the reader watches, or was done by or to those whom the reader follows; the reader's own acts left out.</summary>
    public async Task<IReadOnlyList<FeedLine>> WatchedAsync(int limit, CancellationToken cancel)
    {
        var followed = await follows.OfAsync(caller.Id, cancel);
        var watched = db.Watches.Where(w => w.UserId == caller.Id);
        return await ReadAsync(
            Visible().Where(e => e.ActorId != caller.Id && (watched.Any(w => w.RepoId == e.RepoId) || followed.Contains(e.OwnerId) || followed.Contains(e.ActorId))), limit, cancel);
    }

    /// <summary>What a namespace did, and what happened to what it has.</summary>
    public Task<IReadOnlyList<FeedLine>> OfAsync(Guid namespaceId, int limit, CancellationToken cancel) =>
        ReadAsync(Visible().Where(e => e.OwnerId == namespaceId || e.ActorId == namespaceId), limit, cancel);

    // What was public once and is hidden or gone now is not shown any more.
    private IQueryable<RepoEvent> Visible() => db.RepoEvents.AsNoTracking().Where(e => db.Repos.VisibleTo(caller).Any(r => r.Id == e.RepoId));

    private async Task<IReadOnlyList<FeedLine>> ReadAsync(IQueryable<RepoEvent> events, int limit, CancellationToken cancel)
    {
        var rows = await events.OrderByDescending(e => e.At).ThenByDescending(e => e.Number).Take(limit * ReadForEach).ToListAsync(cancel);
        var repoIds = rows.Select(e => e.RepoId).Distinct().ToList();
        var repos = await db.Repos.AsNoTracking().VisibleTo(caller).Where(r => repoIds.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancel);
        var actors = await namespaces.ByIdAsync([.. rows.Select(e => e.ActorId).Distinct()], cancel);
        var entries = new List<FeedLine>();
        foreach (var row in rows.Where(r => repos.ContainsKey(r.RepoId)))
        {
            var (sentence, repo) = (Sentence(row), repos[row.RepoId]);
            if (entries.Count > 0 && entries[^1] is { } last && last.RepoId == row.RepoId && last.Sentence == sentence && last.ActorId == row.ActorId)
            {
                entries[^1] = last with { Times = last.Times + 1 };
            }
            else
            {
                entries.Add(new FeedLine(row.RepoId, row.ActorId, actors.GetValueOrDefault(row.ActorId)?.Name, sentence, repo.FullName, $"/{repo.Type.Prefix()}{repo.FullName}", Icon(row), row.At, 1));
            }
        }

        return [.. entries.Take(limit)];
    }

    private static string Sentence(RepoEvent happened) => (happened.Scope, happened.Kind, happened.Read()) switch
    {
        (RepoEvent.OfRepo, ChangeKind.Create, _) => "made",
        (RepoEvent.OfRepo, ChangeKind.Move, { MovedTo.Name: { } place }) => $"moved to {place}:",
        (RepoEvent.OfConfig, _, { Private: true }) => "hid",
        (RepoEvent.OfConfig, _, _) => "made public",
        (RepoEvent.OfContent, _, { UpdatedRefs: [var only] }) => Sentence(only),
        (RepoEvent.OfDerivative, _, _) => "made a new model from",
        _ => "changed",
    };

    private static string Icon(RepoEvent happened) => (happened.Scope, happened.Kind) switch
    {
        (RepoEvent.OfRepo, ChangeKind.Create) => "plus",
        (RepoEvent.OfConfig, _) => "lock",
        (RepoEvent.OfContent, _) => "commit",
        _ => "cube",
    };

    private static string Sentence(UpdatedRef update)
    {
        var kind = update.Ref.StartsWith(RefName.Tags, StringComparison.Ordinal) ? "tag" : update.Ref.StartsWith(PullRequests.Prefix, StringComparison.Ordinal) ? "pull request" : "branch";
        var name = update.Ref.Split('/', 3)[^1];
        return update switch
        {
            { NewSha: null } => $"deleted the {kind} {name} of",
            { OldSha: null } when kind is "pull request" => $"proposed a change ({name}) to",
            { OldSha: null } => $"made the {kind} {name} of",
            _ when name is RepoView.MainBranch => "changed the files of",
            _ => $"changed the {kind} {name} of",
        };
    }
}

/// <summary>A line of a feed: somebody did something to a repository.</summary>
/// <param name="Actor">Name; null: the server itself, or somebody who is gone.</param>
/// <param name="Sentence">What stands between the actor and the repository.</param>
/// <param name="Times">How often in a row.</param>
/// <param name="Icon">One that fits.</param>
public sealed record FeedLine(Guid RepoId, Guid ActorId, string? Actor, string Sentence, string Repo, string Href, string Icon, DateTimeOffset At, int Times);
