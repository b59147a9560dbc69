using FsCheck;
using FsCheck.Fluent;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

[NoDatabase]
public sealed class RankingTests
{
    private static readonly Gen<Submission[]> Scores = (
        from score in Gen.Choose(0, 10)
        from model in Gen.Choose(0, 3)
        from samples in Gen.Choose(0, 5)
        select (score, model, samples)).ArrayOf().Select(all => all.Select((s, i) => Some(i, s.score / 10.0, s.model, s.samples)).ToArray());

    private static readonly Gen<(int Share, int Samples)> Shares =
        from share in Gen.Choose(0, 100)
        from samples in Gen.Choose(1, 1000)
        select (share, samples);

    [Fact]
    public void A_rank_is_one_more_than_how_many_models_are_better_and_lies_among_those_that_the_intervals_leave_open() =>
        Prop.ForAll(Scores.ToArbitrary(), scores =>
        {
            foreach (var higherIsBetter in new[] { true, false })
            {
                var ranked = Ranking.Of(Board(higherIsBetter), scores);
                var bests = scores.GroupBy(s => s.RepoId).Select(g => higherIsBetter ? g.Max(s => s.Score) : g.Min(s => s.Score)).ToList();

                Assert.Equal(scores.Length, ranked.Count);
                Assert.Equal(bests.Count, ranked.Count(r => r.Rank is not null));
                foreach (var row in ranked.Where(r => r.Rank is not null))
                {
                    Assert.Equal(1 + bests.Count(b => higherIsBetter ? b > row.Submission.Score : b < row.Submission.Score), row.Rank);
                    Assert.InRange(row.Rank!.Value, row.Best!.Value, row.Worst!.Value); // ranked ones have all three
                }
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_share_s_interval_holds_the_score_and_stays_within_the_scale() =>
        Prop.ForAll(Shares.ToArbitrary(), asked =>
        {
            var interval = ScoreInterval.Of(asked.Share, null, asked.Samples, ScoreScale.Percent)!; // there are samples, and a scale

            Assert.InRange(asked.Share, interval.Low - 1e-9, interval.High + 1e-9);
            Assert.True(interval is { Low: >= 0, High: <= 100 });
        }).QuickCheckThrowOnFailure();

    private static Leaderboard Board(bool higherIsBetter) => new()
    {
        Id = Guid.Empty,
        OwnerId = Guid.Empty,
        OwnerName = "acme",
        Title = "Points",
        TitleLower = "points",
        DatasetId = Guid.Empty,
        DatasetRevision = "",
        Metric = "accuracy",
        HigherIsBetter = higherIsBetter,
        Scale = ScoreScale.Fraction,
        CreatedBy = Guid.Empty,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    private static Submission Some(int id, double score, int model, int samples) => new()
    {
        Id = new Guid(id, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]),
        LeaderboardId = Guid.Empty,
        RepoId = new Guid(model, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]),
        Revision = "",
        Harness = "h",
        HarnessVersion = "1",
        Score = score,
        Samples = samples == 0 ? null : samples * 20,
        SubmittedBy = Guid.Empty,
        SubmittedAt = DateTimeOffset.UnixEpoch,
    };
}
