namespace Lodestone.Hub;

/// <summary>A submission in its place.</summary>
/// <param name="Rank">1 + how many models have a better score, so that equal scores share the better rank; null where another submission of the same model stands for it.</param>
/// <param name="Best">The best rank that the intervals leave open: 1 + how many models are better beyond doubt, because their interval lies wholly above.</param>
/// <param name="Worst">The worst likewise.</param>
internal sealed record RankedSubmission(Submission Submission, ScoreInterval? Interval, int? Rank, int? Best, int? Worst)
{
    /// <summary>The intervals leave more than one rank open.</summary>
    public bool IsOpen => Best != Worst;
}

/// <summary>Ranks scores: standard competition ranking (1, 2, 2, 4), each model by the best of its submissions, the earliest of equal ones.</summary>
internal static class Ranking
{
    /// <param name="submissions">Of one leaderboard and one standing: what is verified and what is reported are never compared.</param>
    public static IReadOnlyList<RankedSubmission> Of(Leaderboard leaderboard, IEnumerable<Submission> submissions)
    {
        var sign = leaderboard.HigherIsBetter ? 1 : -1;
        var rows = submissions.OrderByDescending(s => sign * s.Score).ThenBy(s => s.SubmittedAt).ThenBy(s => s.Id)
            .Select(s => (Submission: s, Interval: ScoreInterval.Of(s.Score, s.StandardError, s.Samples, leaderboard.Scale))).ToList();
        var counted = new HashSet<Guid>(rows.DistinctBy(r => r.Submission.RepoId).Select(r => r.Submission.Id));
        var ranked = rows.FindAll(r => counted.Contains(r.Submission.Id));
        var (lows, highs) = (Sorted(ranked.Select(r => Reach(r.Submission, r.Interval).Low)), Sorted(ranked.Select(r => Reach(r.Submission, r.Interval).High)));
        var scores = Sorted(ranked.Select(r => sign * r.Submission.Score));
        return [.. rows.Select(r => counted.Contains(r.Submission.Id) ? Ranked(r.Submission, r.Interval) : new RankedSubmission(r.Submission, r.Interval, null, null, null))];

        RankedSubmission Ranked(Submission submission, ScoreInterval? interval)
        {
            var (low, high) = Reach(submission, interval);
            return new RankedSubmission(submission, interval, 1 + CountAbove(scores, sign * submission.Score), 1 + CountAbove(lows, high), ranked.Count - CountBelow(highs, low));
        }

        // The interval as if higher were better; the score alone where there is none.
        (double Low, double High) Reach(Submission submission, ScoreInterval? interval) => interval switch
        {
            null => (sign * submission.Score, sign * submission.Score),
            { } known => sign > 0 ? (known.Low, known.High) : (-known.High, -known.Low),
        };
    }

    private static double[] Sorted(IEnumerable<double> values) => [.. values.Order()];

    private static int CountBelow(double[] sorted, double value)
    {
        var (start, end) = (0, sorted.Length);
        while (start < end)
        {
            var middle = (start + end) / 2;
            (start, end) = sorted[middle] < value ? (middle + 1, end) : (start, middle);
        }

        return start;
    }

    private static int CountAbove(double[] sorted, double value)
    {
        var (start, end) = (0, sorted.Length);
        while (start < end)
        {
            var middle = (start + end) / 2;
            (start, end) = sorted[middle] <= value ? (middle + 1, end) : (start, middle);
        }

        return sorted.Length - start;
    }
}
