namespace Lodestone.Billing;

/// <summary>Something that people are told of once. Those who look after the account get a notice, and a mail where mail is sent.</summary>
internal sealed class Alert
{
    public required Guid Id { get; init; }

    /// <summary>What happened: whatever raises the same again finds this one.</summary>
    public required string Key { get; init; }

    /// <summary>Whose; empty: of those who operate the server.</summary>
    public required Guid AccountId { get; init; }

    public required AlertKind Kind { get; init; }

    /// <summary>A sentence without a full stop.</summary>
    public required string Title { get; init; }

    /// <summary>Where one sees it, as a path on this server.</summary>
    public required string Href { get; init; }

    public required DateTimeOffset RaisedAt { get; init; }
}

/// <summary>What an alert is about.</summary>
internal enum AlertKind
{
    /// <summary>So much of a limit is spent.</summary>
    Threshold,

    /// <summary>At this pace a limit is reached before its period ends.</summary>
    Pace,

    /// <summary>An hour cost far more than that hour of other days.</summary>
    Anomaly,

    /// <summary>Who sent events regularly sends none.</summary>
    SilentMeter,

    /// <summary>Events wait for an account, a meter or a price.</summary>
    Quarantine,

    /// <summary>An event came again with other content.</summary>
    EventConflict,

    /// <summary>A payment, a subscription or credit needs somebody.</summary>
    Payment,
}

/// <summary>An alert to raise.</summary>
/// <param name="AccountId">Whose; empty: of those who operate the server.</param>
/// <param name="Key">What happened, such as <c>threshold:…</c>: the same is told once, for ever.</param>
/// <param name="Title">A sentence without a full stop.</param>
/// <param name="Href">A path on this server.</param>
internal sealed record NewAlert(Guid AccountId, AlertKind Kind, string Key, string Title, string Href);

/// <summary>People are to be told something about an account's money.</summary>
/// <param name="AccountId">A namespace; empty: it is for those who operate the server.</param>
/// <param name="Title">A sentence without a full stop.</param>
/// <param name="Href">A path on this server.</param>
public sealed record AlertRaised(Guid AlertId, Guid AccountId, string Title, string Href);
