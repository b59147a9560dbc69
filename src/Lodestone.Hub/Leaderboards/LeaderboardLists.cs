using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Which leaderboards are asked for.</summary>
/// <param name="Owner">Name of the namespace that they belong to; null: any.</param>
/// <param name="Dataset"><c>owner/name</c>; null: any.</param>
/// <param name="Model">With a score there; likewise.</param>
/// <param name="Text">In the title.</param>
internal sealed record LeaderboardSearch(string? Owner = null, string? Dataset = null, string? Model = null, string? Text = null);

/// <summary>Finds leaderboards that the caller may see, and ranks what the caller may see on them.</summary>
internal sealed class LeaderboardLists(HubDb db, Namespaces namespaces, Caller caller)
{
    /// <summary>Newest first.</summary>
    /// <param name="after">The last of the page before; null: from the beginning.</param>
    public async Task<IReadOnlyList<Leaderboard>> FindAsync(LeaderboardSearch search, Leaderboard? after, int limit, CancellationToken cancel)
    {
        var found = db.Leaderboards.AsNoTracking().VisibleTo(caller, db.Repos);
        if (search.Owner is { Length: > 0 } owner)
        {
            var ownerId = (await namespaces.FindAsync(owner, cancel))?.Id ?? Guid.Empty;
            found = found.Where(l => l.OwnerId == ownerId);
        }

        if (search.Dataset is { Length: > 0 } dataset)
        {
            var datasets = db.Repos.At(RepoType.Dataset, Path(dataset));
            found = found.Where(l => datasets.Any(r => r.Id == l.DatasetId));
        }

        if (search.Model is { Length: > 0 } model)
        {
            var models = db.Repos.VisibleTo(caller).At(RepoType.Model, Path(model));
            found = found.Where(l => db.Submissions.Any(s => s.LeaderboardId == l.Id && models.Any(r => r.Id == s.RepoId)));
        }

        var text = Path(search.Text ?? "");
        found = text.Length > 0 ? found.Where(l => l.TitleLower.Contains(text)) : found;
        found = after is null ? found : found.Where(l => l.CreatedAt < after.CreatedAt || (l.CreatedAt == after.CreatedAt && l.Id.CompareTo(after.Id) < 0));
        return await found.OrderByDescending(l => l.CreatedAt).ThenByDescending(l => l.Id).Take(limit).ToListAsync(cancel);
    }

    /// <param name="leaderboards">That the caller may see.</param>
    public async Task<IReadOnlyList<ShownLeaderboard>> ShowAsync(IReadOnlyList<Leaderboard> leaderboards, CancellationToken cancel)
    {
        if (leaderboards.Count == 0)
        {
            return []; // as on most data sets' pages
        }

        var (ids, datasetIds) = (leaderboards.Select(l => l.Id).ToList(), leaderboards.Select(l => l.DatasetId).ToList());
        var datasets = await db.Repos.AsNoTracking().VisibleTo(caller).Where(r => datasetIds.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancel);
        var counts = await db.Submissions.VisibleTo(caller, db.Repos).Where(s => ids.Contains(s.LeaderboardId))
            .Select(s => new { s.LeaderboardId, IsVerified = s.VerifiedAt != null, s.RepoId }).Distinct()
            .GroupBy(s => new { s.LeaderboardId, s.IsVerified }).Select(g => new { g.Key, Count = g.Count() })
            .ToDictionaryAsync(g => (g.Key.LeaderboardId, g.Key.IsVerified), g => g.Count, cancel);
        return [.. leaderboards.Where(l => datasets.ContainsKey(l.DatasetId)).Select(l => new ShownLeaderboard(
            l, datasets[l.DatasetId], counts.GetValueOrDefault((l.Id, true)), counts.GetValueOrDefault((l.Id, false))))];
    }

    /// <summary>All that the caller may see, as if nothing else were there.</summary>
    public async Task<IReadOnlyList<RankedSubmission>> RankAsync(Leaderboard leaderboard, Standing standing, CancellationToken cancel)
    {
        var isVerified = standing is Standing.Verified;
        return Ranking.Of(leaderboard, await db.Submissions.AsNoTracking().VisibleTo(caller, db.Repos)
            .Where(s => s.LeaderboardId == leaderboard.Id && (s.VerifiedAt != null) == isVerified).ToListAsync(cancel));
    }

    /// <summary>Some of <see cref="RankAsync"/>, with names.</summary>
    /// <param name="after">The last of the page before; null: from the beginning.</param>
    /// <exception cref="Refusal"><c>invalid_request</c>: it is gone.</exception>
    public async Task<RankedPage> PageAsync(Leaderboard leaderboard, Standing standing, Guid? after, int limit, CancellationToken cancel)
    {
        var all = await RankAsync(leaderboard, standing, cancel);
        var start = after is null ? 0 : all.Index().Where(r => r.Item.Submission.Id == after).Select(r => (int?)r.Index + 1).FirstOrDefault()
            ?? throw new Refusal(RefusalCode.Invalid, "What the page before ended with is gone. Start again without the cursor.") { Param = "cursor" };
        var rows = all.Skip(start).Take(limit).ToList();
        var repoIds = rows.Select(r => r.Submission.RepoId).ToList();
        var models = await db.Repos.AsNoTracking().VisibleTo(caller).Where(r => repoIds.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancel);
        var names = await namespaces.ByIdAsync([.. rows.SelectMany(r => new[] { r.Submission.SubmittedBy, r.Submission.VerifiedBy ?? r.Submission.SubmittedBy }).Distinct()], cancel);
        return new RankedPage(
            [.. rows.Where(r => models.ContainsKey(r.Submission.RepoId)).Select(r => new ShownSubmission(
                r, models[r.Submission.RepoId], names.GetValueOrDefault(r.Submission.SubmittedBy)?.Name, r.Submission.VerifiedBy is { } by ? names.GetValueOrDefault(by)?.Name : null))],
            all.Count,
            start + rows.Count < all.Count ? rows[^1].Submission.Id : null);
    }

    private static string Path(string name) => CardValues.Clean(name).Trim().ToLowerInvariant();
}

/// <param name="Verified">How many models have a verified score, of those that the caller may see.</param>
internal sealed record ShownLeaderboard(Leaderboard Leaderboard, Repo Dataset, int Verified, int Reported);

/// <param name="SubmittedBy">Null: the account is gone.</param>
internal sealed record ShownSubmission(RankedSubmission Ranked, Repo Model, string? SubmittedBy, string? VerifiedBy);

/// <param name="Total">On all pages.</param>
/// <param name="Next">What the next page begins after; null on the last.</param>
internal sealed record RankedPage(IReadOnlyList<ShownSubmission> Rows, int Total, Guid? Next);
