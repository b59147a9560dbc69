using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Defining and changing leaderboards, over the API or on pages. What the caller may not see is not found.</summary>
internal sealed class Leaderboards(HubDb db, RepoStore store, Namespaces namespaces, Caller caller, TimeProvider clock)
{
    private static readonly RefusalCode Taken = new("leaderboard_exists", 409);

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<Leaderboard> FindAsync(Guid id, CancellationToken cancel) =>
        await db.Leaderboards.VisibleTo(caller, db.Repos).SingleOrDefaultAsync(l => l.Id == id, cancel)
        ?? throw new Refusal(RefusalCode.NotFound, "There is no such leaderboard, or its data set is private.");

    /// <exception cref="Refusal"><c>not_found</c>, <c>unauthenticated</c>, <c>insufficient_scope</c> or <c>forbidden</c>.</exception>
    public async Task<Leaderboard> ToChangeAsync(Guid id, CancellationToken cancel)
    {
        var found = await FindAsync(id, cancel);
        return found.CanBeChangedBy(caller.Authenticated()) ? found : throw new Refusal(RefusalCode.Forbidden, $"Only those who may write in {found.OwnerName} do this, with a credential that may write.");
    }

    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>forbidden</c>, <c>invalid_request</c>, <c>not_found</c> (data set or revision) or <c>leaderboard_exists</c>.</exception>
    public async Task<Leaderboard> DefineAsync(NewLeaderboard wanted, CancellationToken cancel)
    {
        var owner = wanted.Owner is { Length: > 0 } given ? given : caller.Authenticated().Name;
        if (await namespaces.FindAsync(owner, cancel) is not { } home || !caller.Authenticated().CanContribute(home.Id))
        {
            throw new Refusal(RefusalCode.Forbidden, $"You don't have the rights to define a leaderboard under the namespace \"{owner}\".");
        }

        var title = ShortText.Required(wanted.Title, Leaderboard.LongestTitle, "title");
        var metric = ShortText.Required(wanted.Metric, Leaderboard.LongestMetric, "metric");
        var (dataset, commit) = await PinAsync(RepoType.Dataset, wanted.Dataset, wanted.Revision, "dataset", cancel);
        var leaderboard = new Leaderboard
        {
            Id = PublicId.New(clock),
            OwnerId = home.Id,
            OwnerName = home.Name,
            Title = title,
            TitleLower = title.ToLowerInvariant(),
            Description = ShortText.Optional(wanted.Description, Leaderboard.LongestDescription, "description"),
            DatasetId = dataset.Id,
            DatasetRevision = commit,
            Metric = metric,
            HigherIsBetter = wanted.HigherIsBetter ?? true,
            Scale = ScoreScales.Parse(wanted.Scale ?? "any"),
            CreatedBy = caller.Id,
            CreatedAt = clock.GetUtcNow(),
        };
        db.Leaderboards.Add(leaderboard);
        return await db.TrySaveAsync(cancel) ? leaderboard : throw AlreadyThere();
    }

    /// <exception cref="Refusal">As for <see cref="ToChangeAsync"/>; <c>invalid_request</c> or <c>leaderboard_exists</c>.</exception>
    public async Task<Leaderboard> ChangeAsync(Guid id, LeaderboardChange change, CancellationToken cancel)
    {
        var leaderboard = await ToChangeAsync(id, cancel);
        leaderboard.Title = change.Title is null ? leaderboard.Title : ShortText.Required(change.Title, Leaderboard.LongestTitle, "title");
        leaderboard.TitleLower = leaderboard.Title.ToLowerInvariant();
        leaderboard.Description = change.Description is null ? leaderboard.Description : ShortText.Optional(change.Description, Leaderboard.LongestDescription, "description");
        return await db.TrySaveAsync(cancel) ? leaderboard : throw AlreadyThere();
    }

    public async Task DeleteAsync(Guid id, CancellationToken cancel)
    {
        await ToChangeAsync(id, cancel);
        await db.WriteAsync(inner => db.Leaderboards.Where(l => l.Id == id).ExecuteDeleteAsync(inner), cancel);
    }

    /// <summary>A repository, and the full id of the commit that a revision is now.</summary>
    /// <param name="param">Name of the field that names the repository.</param>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<(Repo Repo, string Commit)> PinAsync(RepoType type, string? name, string? revision, string param, CancellationToken cancel)
    {
        var path = CardValues.Clean(name ?? "").Trim().ToLowerInvariant();
        var repo = await db.Repos.AsNoTracking().VisibleTo(caller).At(type, path).SingleOrDefaultAsync(cancel)
            ?? throw new Refusal(RefusalCode.NotFound, $"There is no {type.Words().Noun} {name}, or you may not see it. Name one as owner/name.") { Param = param };
        var wanted = revision?.Trim() is { Length: > 0 } given ? given : RepoView.MainBranch;
        return store.Open(repo.Id).Revisions.Find(wanted) is { } found
            ? (repo, found.Commit.ToString())
            : throw new Refusal(RefusalCode.NotFound, $"{repo.FullName} has no branch, tag or commit {wanted}.") { Param = "revision" };
    }

    private static Refusal AlreadyThere() => new(Taken, "Its owner has a leaderboard with this title already. Choose another one.") { Param = "title" };
}
