using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What the parts of a leaderboard's page share.</summary>
/// <param name="Pages">Of each standing that is shown.</param>
/// <param name="Axis">Of all that is drawn, so that the drawings can be compared.</param>
/// <param name="IsTurned">A page other than the first is shown.</param>
internal sealed record ScoreBoard(ShownLeaderboard Shown, IReadOnlyDictionary<Standing, RankedPage> Pages, ScoreAxis Axis, bool IsTurned, Caller Reader)
{
    public Leaderboard Leaderboard => Shown.Leaderboard;

    public bool CanVerify => Leaderboard.CanBeChangedBy(Reader);

    public string? FirstHref => IsTurned ? Leaderboard.Href : null;

    public bool CanWithdraw(ShownSubmission row) => Submissions.CanWithdraw(Leaderboard, row.Ranked.Submission, Reader);

    public string? NextHref(Standing standing) =>
        Pages[standing].Next is { } next ? $"{Leaderboard.Href}?standing={standing.ToWire()}&cursor={Cursor.Encode(PublicId.ToHub(next))}" : null;
}
