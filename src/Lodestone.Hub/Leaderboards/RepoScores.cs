using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What a repository's first page says of leaderboards.</summary>
internal sealed class RepoScores(HubDb db, LeaderboardLists lists, Caller caller)
{
    private const int MostShown = 5;
    private const int MostVerified = 200;

    public async Task<ShownScores> OfAsync(Repo repo, CancellationToken cancel) => repo.Type switch
    {
        RepoType.Model => await OfModelAsync(repo, cancel),
        RepoType.Dataset => new ShownScores([], [], await lists.ShowAsync(await lists.FindAsync(new LeaderboardSearch(Dataset: repo.FullName), null, MostShown, cancel), cancel)),
        _ => ShownScores.None,
    };

    private async Task<ShownScores> OfModelAsync(Repo model, CancellationToken cancel)
    {
        if (!await db.Submissions.VisibleTo(caller, db.Repos).AnyAsync(s => s.RepoId == model.Id, cancel))
        {
            return ShownScores.None;
        }

        var leaderboards = db.Leaderboards.VisibleTo(caller, db.Repos);
        var verified = await db.Submissions.VisibleTo(caller, db.Repos).Where(s => s.RepoId == model.Id && s.VerifiedAt != null)
            .Join(leaderboards, s => s.LeaderboardId, l => l.Id, (s, l) => new { s.Score, Leaderboard = l })
            .Join(db.Repos, x => x.Leaderboard.DatasetId, r => r.Id, (x, r) => new { r.PathLower, x.Leaderboard, x.Score })
            .Take(MostVerified).AsNoTracking().ToListAsync(cancel);
        var places = new List<ModelPlace>();
        foreach (var leaderboard in await lists.FindAsync(new LeaderboardSearch(Model: model.FullName), null, MostShown, cancel))
        {
            foreach (var standing in Enum.GetValues<Standing>())
            {
                var ranked = await lists.RankAsync(leaderboard, standing, cancel);
                if (ranked.FirstOrDefault(r => r.Rank is not null && r.Submission.RepoId == model.Id) is { } own)
                {
                    places.Add(new ModelPlace(leaderboard, own, ranked.Count(r => r.Rank is not null)));
                }
            }
        }

        return new ShownScores(places, [.. verified.Select(v => new VerifiedScore(v.PathLower, v.Leaderboard.Metric, v.Score, v.Leaderboard.Href))], []);
    }
}

/// <param name="Places">Of a model.</param>
/// <param name="Verified">Scores of a model that a leaderboard's owner vouches for.</param>
/// <param name="Leaderboards">On a data set.</param>
internal sealed record ShownScores(IReadOnlyList<ModelPlace> Places, IReadOnlyList<VerifiedScore> Verified, IReadOnlyList<ShownLeaderboard> Leaderboards)
{
    public static ShownScores None { get; } = new([], [], []);
}

/// <param name="Of">How many models are ranked there.</param>
internal sealed record ModelPlace(Leaderboard Leaderboard, RankedSubmission Ranked, int Of);

/// <param name="DatasetPath"><c>owner/name</c> in lower case.</param>
/// <param name="Href">Of the leaderboard.</param>
internal sealed record VerifiedScore(string DatasetPath, string Metric, double Score, string Href)
{
    private const int Decimals = 4; // as EvaluationResult has values

    /// <summary>The verified score that says the same as a card: same data set, metric and value. A card may leave out the metric where the verified scores there have only one.</summary>
    public static VerifiedScore? Of(EvaluationResult result, IReadOnlyList<VerifiedScore> verified)
    {
        if (result.DatasetId is not { } dataset || !double.TryParse(result.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            return null;
        }

        var there = verified.Where(v => v.DatasetPath.Equals(dataset, StringComparison.OrdinalIgnoreCase)).ToList();
        var isOneMetric = there.Select(v => Bare(v.Metric)).Distinct(StringComparer.Ordinal).Count() == 1;
        return there.Find(v => (result.Metric is { } metric ? Bare(metric) == Bare(v.Metric) : isOneMetric) && Math.Round(v.Score, Decimals).Equals(Math.Round(value, Decimals)));
    }

    // "Exact match" and "exact_match" are the same.
    private static string Bare(string metric) => string.Concat(metric.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}
