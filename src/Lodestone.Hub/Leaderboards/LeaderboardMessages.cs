using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A leaderboard that somebody asks for.</summary>
/// <param name="Owner">Absent: the caller.</param>
/// <param name="Dataset"><c>owner/name</c>.</param>
/// <param name="Revision">Of the data set; absent: what main is now. The commit is kept.</param>
/// <param name="HigherIsBetter">Absent: yes.</param>
/// <param name="Scale"><c>any</c>, also when absent, <c>fraction</c> or <c>percent</c>.</param>
internal sealed record NewLeaderboard(string? Owner, string? Title, string? Description, string? Dataset, string? Revision, string? Metric, bool? HigherIsBetter, string? Scale);

/// <summary>What is absent stays as it is.</summary>
internal sealed record LeaderboardChange(string? Title, string? Description);

/// <summary>A score that somebody reports.</summary>
/// <param name="Model"><c>owner/name</c>.</param>
/// <param name="Revision">Of the model; absent: what main is now. The commit is kept.</param>
internal sealed record NewSubmission(string? Model, string? Revision, string? Harness, string? HarnessVersion, double? Score, double? StandardError, long? Samples, string? SourceUrl);

/// <param name="Verified">How many models have a verified score, of those that the caller may see.</param>
internal sealed record LeaderboardView(
    string Id, string Owner, string Title, string? Description, string Dataset, string DatasetRevision, string Metric, bool HigherIsBetter, string Scale, string CreatedAt, int Verified, int Reported, string Url)
{
    /// <param name="server">Address that the client called, without a trailing slash.</param>
    public static LeaderboardView Of(ShownLeaderboard shown, string server) => new(
        PublicId.ToHub(shown.Leaderboard.Id), shown.Leaderboard.OwnerName, shown.Leaderboard.Title, shown.Leaderboard.Description, shown.Dataset.FullName, shown.Leaderboard.DatasetRevision,
        shown.Leaderboard.Metric, shown.Leaderboard.HigherIsBetter, shown.Leaderboard.Scale.ToWire(), Instants.ToWire(shown.Leaderboard.CreatedAt), shown.Verified, shown.Reported,
        $"{server}{shown.Leaderboard.Href}");
}

/// <param name="Rank">Absent where a better submission of the same model is ranked.</param>
/// <param name="RankBest">With <paramref name="RankWorst"/>: the ranks that the intervals leave open.</param>
/// <param name="Low">With <paramref name="High"/>: where the score lies with 95 %; absent where neither error nor samples are known.</param>
internal sealed record SubmissionView(
    string Id, int? Rank, int? RankBest, int? RankWorst, string Model, string Revision, string Harness, string HarnessVersion, double Score, double? StandardError, long? Samples, double? Low, double? High,
    string? SourceUrl, string Standing, string? SubmittedBy, string SubmittedAt, string? VerifiedBy, string? VerifiedAt)
{
    public static SubmissionView Of(ShownSubmission shown)
    {
        var (ranked, submission) = (shown.Ranked, shown.Ranked.Submission);
        return new SubmissionView(
            PublicId.ToHub(submission.Id), ranked.Rank, ranked.Best, ranked.Worst, shown.Model.FullName, submission.Revision, submission.Harness, submission.HarnessVersion, submission.Score,
            submission.StandardError, submission.Samples, ranked.Interval?.Low, ranked.Interval?.High, submission.SourceUrl, submission.Standing.ToWire(), shown.SubmittedBy,
            Instants.ToWire(submission.SubmittedAt), shown.VerifiedBy, submission.VerifiedAt is { } at ? Instants.ToWire(at) : null);
    }
}

/// <summary>A score as hub clients read them of a data set. Their readers need every member but the source.</summary>
/// <param name="ModelId"><c>owner/name</c>.</param>
/// <param name="Filename">Empty: scores come from submissions, not from files.</param>
internal sealed record DatasetScore(int Rank, string ModelId, double Value, bool Verified, ScoreAuthor Author, ScoreSource? Source, string Filename = "");

/// <summary>Whose model it is.</summary>
/// <param name="Type"><c>user</c> or <c>org</c>.</param>
internal sealed record ScoreAuthor(string Name, string Fullname, string AvatarUrl, string Type);

internal sealed record ScoreSource(string Url);
