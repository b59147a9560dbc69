namespace Lodestone.Hub;

/// <summary>One call of a webhook, to be made or made.</summary>
internal sealed class WebhookDelivery
{
    public required Guid Id { get; init; }

    public required Guid WebhookId { get; init; }

    public required Guid EventId { get; init; }

    /// <summary>0: because it happened; from 1: because somebody asked for it again.</summary>
    public required long Replay { get; init; }

    /// <summary>The repository. What happened to one is told in order, each once the one before was taken.</summary>
    public required Guid SubjectId { get; init; }

    /// <summary>Of the event, within its subject.</summary>
    public required long Number { get; init; }

    /// <summary>What the log calls it: <c>owner/name</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>Scope and kind: <c>repo.content update</c>.</summary>
    public required string Event { get; init; }

    /// <summary>The body, to the byte.</summary>
    public required string Payload { get; init; }

    public required DeliveryState State { get; init; }

    /// <summary>Calls made.</summary>
    public long Tries { get; init; }

    /// <summary>Not before this instant.</summary>
    public required DateTimeOffset DueAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was called last.</summary>
    public DateTimeOffset? TriedAt { get; init; }

    /// <summary>Of the last answer; null when there was none.</summary>
    public long? Status { get; init; }

    /// <summary>The beginning of the last answer, or why there was none.</summary>
    public string? Answer { get; init; }

    /// <summary>Milliseconds until the last answer.</summary>
    public long? TookMs { get; init; }
}

internal enum DeliveryState
{
    Waiting,

    /// <summary>The receiver took it.</summary>
    Delivered,
}

internal static class DeliveryStates
{
    public static string ToWire(this DeliveryState state) => state.ToString().ToLowerInvariant();

    public static DeliveryState Parse(string name) => Enum.Parse<DeliveryState>(name, ignoreCase: true);
}
