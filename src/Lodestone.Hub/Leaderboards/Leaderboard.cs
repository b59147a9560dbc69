using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What models are compared by: one metric on one revision of a data set. All but its words stays as it was defined, because scores depend on it.</summary>
internal sealed class Leaderboard
{
    public const int LongestTitle = 80;
    public const int LongestDescription = 1000;
    public const int LongestMetric = 60;

    public required Guid Id { get; init; }

    public required Guid OwnerId { get; init; }

    public required string OwnerName { get; init; }

    public required string Title { get; set; }

    public required string TitleLower { get; set; }

    public string? Description { get; set; }

    public required Guid DatasetId { get; init; }

    /// <summary>A full commit id.</summary>
    public required string DatasetRevision { get; init; }

    public required string Metric { get; init; }

    public required bool HigherIsBetter { get; init; }

    public required ScoreScale Scale { get; init; }

    public required Guid CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public string Href => $"/leaderboards/{OwnerName}/{Slugs.Of(Title, Id, "leaderboard")}";

    /// <summary>The rule for repositories. Who may change it verifies scores.</summary>
    public bool CanBeChangedBy(Caller caller) => caller.CanWrite(OwnerId) || (CreatedBy == caller.Id && caller.CanContribute(OwnerId));
}

/// <summary>A score that somebody says one revision of a model has. It never changes; whether it is verified does.</summary>
internal sealed class Submission
{
    public const int LongestHarness = 80;
    public const int LongestVersion = 80;
    public const int LongestSource = 500;

    public required Guid Id { get; init; }

    public required Guid LeaderboardId { get; init; }

    public required Guid RepoId { get; init; }

    /// <summary>A full commit id.</summary>
    public required string Revision { get; init; }

    /// <summary>The program that measured, such as <c>lm-evaluation-harness</c>.</summary>
    public required string Harness { get; init; }

    public required string HarnessVersion { get; init; }

    public required double Score { get; init; }

    public double? StandardError { get; init; }

    /// <summary>How many were asked.</summary>
    public long? Samples { get; init; }

    public string? SourceUrl { get; init; }

    public required Guid SubmittedBy { get; init; }

    public required DateTimeOffset SubmittedAt { get; init; }

    /// <summary>Who said for the leaderboard's owner that it is so; null: it is only reported.</summary>
    public Guid? VerifiedBy { get; private set; }

    public DateTimeOffset? VerifiedAt { get; private set; }

    public Standing Standing => VerifiedAt is null ? Standing.Reported : Standing.Verified;

    public void Verify(Guid by, DateTimeOffset at) => (VerifiedBy, VerifiedAt) = (by, at);

    public void Doubt() => (VerifiedBy, VerifiedAt) = (null, null);
}

/// <summary>Who says a score. The two are ranked apart.</summary>
internal enum Standing
{
    /// <summary>Whoever submitted it, and the leaderboard's owner.</summary>
    Verified,

    /// <summary>Whoever submitted it, and nobody else.</summary>
    Reported,
}

internal static class Standings
{
    public static string ToWire(this Standing standing) => standing is Standing.Verified ? "verified" : "reported";

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static Standing Parse(string text) => text switch
    {
        "verified" => Standing.Verified,
        "reported" => Standing.Reported,
        _ => throw new Refusal(RefusalCode.Invalid, "\"standing\" must be one of [verified, reported].") { Param = "standing" },
    };
}

internal static class LeaderboardQueries
{
    /// <summary>A leaderboard is seen by those who see its data set.</summary>
    /// <param name="repos">All of them.</param>
    public static IQueryable<Leaderboard> VisibleTo(this IQueryable<Leaderboard> leaderboards, Caller caller, IQueryable<Repo> repos)
    {
        var seen = repos.VisibleTo(caller);
        return leaderboards.Where(l => seen.Any(r => r.Id == l.DatasetId));
    }

    /// <summary>A score is seen by those who see its model: for others it is not there, and leaves no gap.</summary>
    /// <inheritdoc cref="VisibleTo(IQueryable{Leaderboard}, Caller, IQueryable{Repo})"/>
    public static IQueryable<Submission> VisibleTo(this IQueryable<Submission> submissions, Caller caller, IQueryable<Repo> repos)
    {
        var seen = repos.VisibleTo(caller);
        return submissions.Where(s => seen.Any(r => r.Id == s.RepoId));
    }
}
