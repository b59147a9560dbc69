namespace Lodestone.Billing;

/// <summary>Settings under <c>Billing:Dunning</c>: what follows from a debt and when, in days since it began.</summary>
public sealed record DunningOptions
{
    private static readonly int[] UsualRetries = [1, 3, 5, 7, 14];
    private static readonly int[] UsualNotices = [0, 3, 7, 14];

    /// <summary>When a payment that was declined is tried again; days 1, 3, 5, 7 and 14 unless given.</summary>
    public IReadOnlyList<int> RetryDays { get; init; } = [];

    /// <summary>When the account's people are reminded by mail; days 0, 3, 7 and 14 unless given.</summary>
    public IReadOnlyList<int> NoticeDays { get; init; } = [];

    /// <summary>From this day no new compute and no raised limits; 7 unless given.</summary>
    public int RestrictedAfter { get; init; } = 7;

    /// <summary>From this day paid calls are refused; 14 unless given.</summary>
    public int SuspendedAfter { get; init; } = 14;

    /// <summary>From this day subscriptions have ended; 60 unless given.</summary>
    public int TerminatedAfter { get; init; } = 60;

    internal IReadOnlyList<int> Retries => RetryDays.Count > 0 ? RetryDays : UsualRetries;

    internal IReadOnlyList<int> Notices => NoticeDays.Count > 0 ? NoticeDays : UsualNotices;

    internal bool IsValid => RestrictedAfter >= 0 && SuspendedAfter >= RestrictedAfter && TerminatedAfter >= SuspendedAfter && Retries.All(d => d > 0) && Notices.All(d => d >= 0);

    /// <param name="since">When the oldest debt began; null where there is none.</param>
    internal Standing StandingOf(BilledAccount account, DateTimeOffset? since, DateTimeOffset now)
    {
        if (since is not { } began || account.IsExempt)
        {
            return Standing.Current;
        }

        if (account.PausedUntil > now)
        {
            return account.Standing;
        }

        var after = now - began;
        return account.PromisedUntil > now || after < TimeSpan.FromDays(RestrictedAfter) ? Standing.PastDue
            : after < TimeSpan.FromDays(SuspendedAfter) ? Standing.Restricted
            : after < TimeSpan.FromDays(TerminatedAfter) ? Standing.Suspended
            : Standing.Terminated;
    }
}
