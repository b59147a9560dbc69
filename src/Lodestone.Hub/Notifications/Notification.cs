using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>One thing that a user is told.</summary>
internal sealed class Notification
{
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>What it tells of, unique for the user.</summary>
    public required string Source { get; init; }

    public required NotificationReason Reason { get; init; }

    /// <summary>A sentence without a full stop.</summary>
    public required string Title { get; init; }

    /// <summary>Where one sees it, as a path on this server.</summary>
    public required string Href { get; init; }

    /// <summary>Told only while the user may see this repository; null: it is about nothing hidden.</summary>
    public Guid? RepoId { get; init; }

    public required DateTimeOffset At { get; init; }

    public required bool IsInWeb { get; init; }

    public DateTimeOffset? ReadAt { get; init; }

    public required NotificationMail Mail { get; init; }
}

/// <summary>Why somebody is told something.</summary>
internal enum NotificationReason
{
    Discussion,
    Mention,
    Access,
    Derivative,
    Webhook,
    Spending,
}

/// <summary>What is with the mail of a notification.</summary>
internal enum NotificationMail
{
    None,
    Waiting,
    Sent,
}

/// <summary>Where somebody wants to be told, for one reason. Without a row: everywhere.</summary>
internal sealed record NotificationChoice(Guid UserId, string Reason, bool IsInWeb, bool IsByMail);

internal static class NotificationReasons
{
    public static readonly IReadOnlyList<NotificationReason> All = Enum.GetValues<NotificationReason>();

    public static string ToWire(this NotificationReason reason) => reason.ToString().ToLowerInvariant();

    public static NotificationReason? Parse(string? name) => All.Where(r => r.ToWire() == name).Select(r => (NotificationReason?)r).FirstOrDefault();

    public static string Title(this NotificationReason reason) => reason switch
    {
        NotificationReason.Discussion => "Discussions",
        NotificationReason.Mention => "Mentions",
        NotificationReason.Access => "Access",
        NotificationReason.Derivative => "Made from yours",
        NotificationReason.Webhook => "Webhooks",
        _ => "Spending",
    };

    public static string Hint(this NotificationReason reason) => reason switch
    {
        NotificationReason.Discussion => "What is written and decided in discussions of repositories that you watch, and in those that you take part in.",
        NotificationReason.Mention => "Somebody writes your name with an @ before it.",
        NotificationReason.Access => "Somebody asks for access to a repository of yours, or it is decided about you.",
        NotificationReason.Derivative => "New models that were made from yours: one digest a day.",
        NotificationReason.Webhook => "A webhook of yours was suspended, because nobody took what it sent.",
        _ => "A spending limit is nearly reached, an hour costs far more than usual, a payment failed or metered events wait for you.",
    };

    public static string Icon(this NotificationReason reason) => reason switch
    {
        NotificationReason.Discussion => "chat",
        NotificationReason.Mention => "user",
        NotificationReason.Access => "lock",
        NotificationReason.Derivative => "branch",
        NotificationReason.Webhook => "bolt",
        _ => "wallet",
    };
}

internal static class NotificationQueries
{
    /// <summary>The user's own, of what the user may still see.</summary>
    public static IQueryable<Notification> VisibleTo(this IQueryable<Notification> notifications, HubDb db, Caller caller) => notifications
        .Where(n => n.UserId == caller.Id && (n.RepoId == null || db.Repos.VisibleTo(caller).Any(r => r.Id == n.RepoId)));
}
