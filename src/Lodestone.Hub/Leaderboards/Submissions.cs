using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Reporting scores, taking them back, and verifying them.</summary>
internal sealed class Submissions(HubDb db, Leaderboards leaderboards, Caller caller, TimeProvider clock)
{
    /// <summary>All of them are read to rank one.</summary>
    public const int Most = 2000;

    private static readonly RefusalCode Full = new("leaderboard_full", 409);
    private static readonly RefusalCode Taken = new("submission_exists", 409);

    /// <summary>For those who may change the model, and for the leaderboard's owner: a stranger gives nobody's model a bad name.</summary>
    /// <exception cref="Refusal"><c>not_found</c> (leaderboard, model or revision), <c>unauthenticated</c>, <c>forbidden</c>, <c>invalid_request</c>, <c>submission_exists</c> or <c>leaderboard_full</c>.</exception>
    public async Task<Submission> SubmitAsync(Guid leaderboardId, NewSubmission wanted, CancellationToken cancel)
    {
        var leaderboard = await leaderboards.FindAsync(leaderboardId, cancel);
        caller.Allowing(TokenScope.Write);
        var (model, commit) = await leaderboards.PinAsync(RepoType.Model, wanted.Model, wanted.Revision, "model", cancel);
        if (!model.CanBeChangedBy(caller) && !leaderboard.CanBeChangedBy(caller))
        {
            throw new Refusal(RefusalCode.Forbidden, $"Scores of {model.FullName} are submitted by those who may change it, and by {leaderboard.OwnerName}, who owns the leaderboard.") { Param = "model" };
        }

        var submission = new Submission
        {
            Id = PublicId.New(clock),
            LeaderboardId = leaderboard.Id,
            RepoId = model.Id,
            Revision = commit,
            Harness = ShortText.Required(wanted.Harness, Submission.LongestHarness, "harness"),
            HarnessVersion = ShortText.Required(wanted.HarnessVersion, Submission.LongestVersion, "harnessVersion"),
            Score = Score(wanted.Score, leaderboard.Scale),
            StandardError = wanted.StandardError is null or (>= 0 and < double.PositiveInfinity) ? wanted.StandardError : throw Wrong("standardError", "must be 0 or more"),
            Samples = wanted.Samples is null or >= 1 ? wanted.Samples : throw Wrong("samples", "must be 1 or more"),
            SourceUrl = Source(wanted.SourceUrl),
            SubmittedBy = caller.Id,
            SubmittedAt = clock.GetUtcNow(),
        };
        if (await db.Submissions.CountAsync(s => s.LeaderboardId == leaderboard.Id, cancel) >= Most)
        {
            throw new Refusal(Full, $"This leaderboard has all of the {Most} submissions that it takes. Its owner can take some out.");
        }

        db.Submissions.Add(submission);
        return await db.TrySaveAsync(cancel) ? submission : throw new Refusal(Taken, "You have submitted a score of this revision by this version of the harness already. Withdraw that one first.");
    }

    /// <summary>For whoever submitted it, and for the leaderboard's owner.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>unauthenticated</c> or <c>forbidden</c>.</exception>
    public async Task WithdrawAsync(Guid leaderboardId, Guid id, CancellationToken cancel)
    {
        var leaderboard = await leaderboards.FindAsync(leaderboardId, cancel);
        var submission = await FindAsync(leaderboard, id, cancel);
        if (!CanWithdraw(leaderboard, submission, caller.Allowing(TokenScope.Write)))
        {
            throw new Refusal(RefusalCode.Forbidden, $"A score is taken back by whoever submitted it, or taken out by {leaderboard.OwnerName}.");
        }

        db.Submissions.Remove(submission);
        await db.SaveChangesAsync(cancel);
    }

    /// <summary>The leaderboard's owner says that the score is so, or takes that back.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>unauthenticated</c> or <c>forbidden</c>.</exception>
    public async Task VerifyAsync(Guid leaderboardId, Guid id, bool isVerified, CancellationToken cancel)
    {
        var leaderboard = await leaderboards.ToChangeAsync(leaderboardId, cancel);
        var submission = await FindAsync(leaderboard, id, cancel);
        if (isVerified)
        {
            submission.Verify(caller.Id, clock.GetUtcNow());
        }
        else
        {
            submission.Doubt();
        }

        await db.SaveChangesAsync(cancel);
    }

    public static bool CanWithdraw(Leaderboard leaderboard, Submission submission, Caller caller) =>
        (submission.SubmittedBy == caller.Id && caller.May(TokenScope.Write)) || leaderboard.CanBeChangedBy(caller);

    private async Task<Submission> FindAsync(Leaderboard leaderboard, Guid id, CancellationToken cancel) =>
        await db.Submissions.VisibleTo(caller, db.Repos).SingleOrDefaultAsync(s => s.LeaderboardId == leaderboard.Id && s.Id == id, cancel)
        ?? throw new Refusal(RefusalCode.NotFound, "There is no such submission, or its model is private.");

    private static double Score(double? score, ScoreScale scale) => score is { } given && double.IsFinite(given) && (scale.Whole() is not { } whole || given is >= 0 && given <= whole)
        ? given
        : throw Wrong("score", scale.Whole() is { } end ? $"must be a number from 0 to {end}" : "must be a number");

    private static string? Source(string? url)
    {
        var given = ShortText.Optional(url, Submission.LongestSource, "sourceUrl");
        return given is null || (Uri.TryCreate(given, UriKind.Absolute, out var address) && address.Scheme is ("https" or "http"))
            ? given
            : throw Wrong("sourceUrl", "must be an address that begins with https://");
    }

    private static Refusal Wrong(string param, string what) => new(RefusalCode.Invalid, $"\"{param}\" {what}.") { Param = param };
}
