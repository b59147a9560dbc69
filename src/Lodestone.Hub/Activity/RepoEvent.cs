using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lodestone.Hub;

/// <summary>One thing that happened to a repository. What it says of the repository is as it was then.</summary>
internal sealed class RepoEvent
{
    public const string OfRepo = "repo";
    public const string OfContent = "repo.content";
    public const string OfConfig = "repo.config";
    public const string OfDiscussion = "discussion";
    public const string OfComment = "discussion.comment";

    /// <summary>A word of Lodestone's own: a model was made from this one.</summary>
    public const string OfDerivative = "repo.derivative";

    public required Guid Id { get; init; }

    public required Guid RepoId { get; init; }

    /// <summary>From 1, in the order in which things happened to the repository.</summary>
    public required long Number { get; init; }

    public required RepoType Type { get; init; }

    public required Guid OwnerId { get; init; }

    public required string OwnerName { get; init; }

    public required string Name { get; init; }

    public required bool IsPrivate { get; init; }

    /// <summary>Of main; null where it is not known.</summary>
    public string? HeadSha { get; init; }

    /// <summary>What it happened to, as webhooks call it: <see cref="OfRepo"/>, <see cref="OfContent"/>, …</summary>
    public required string Scope { get; init; }

    public required ChangeKind Kind { get; init; }

    /// <summary>Empty: the server itself.</summary>
    public required Guid ActorId { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary><see cref="EventDetails"/>.</summary>
    public required string Details { get; init; }

    /// <summary>The queues of webhooks have it.</summary>
    public required bool IsSentOn { get; init; }

    public string FullName => $"{OwnerName}/{Name}";

    public EventDetails Read() => JsonSerializer.Deserialize(Details, HubJson.Default.EventDetails) ?? new EventDetails();
}

/// <summary>What there is to say about an event beyond its scope and kind.</summary>
internal sealed record EventDetails
{
    public IReadOnlyList<UpdatedRef>? UpdatedRefs { get; init; }

    /// <summary>Whether the repository is private now.</summary>
    public bool? Private { get; init; }

    public MovedTo? MovedTo { get; init; }

    public DerivedModel? Derivative { get; init; }

    public ToldDiscussion? Discussion { get; init; }

    public ToldComment? Comment { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, HubJson.Default.EventDetails);
}

/// <summary>A model that was made from the one that the event is of.</summary>
/// <param name="Name"><c>owner/name</c>.</param>
/// <param name="Id">24 hex digits.</param>
/// <param name="Relation"><c>finetune</c>, <c>adapter</c>, <c>merge</c>, <c>quantized</c> or <c>distilled</c>.</param>
internal sealed record DerivedModel(string Type, string Name, string Id, string Relation);

/// <param name="Name"><c>owner/name</c>.</param>
internal sealed record MovedTo(string Name, EventOwner Owner);

/// <param name="Id">24 hex digits.</param>
internal sealed record EventOwner([property: JsonPropertyName("id")] string Id);

internal static class ChangeKinds
{
    /// <summary>As webhooks say it: <c>create</c>, <c>update</c>, <c>delete</c> or <c>move</c>.</summary>
    public static string ToWire(this ChangeKind kind) => kind.ToString().ToLowerInvariant();

    public static ChangeKind Parse(string name) => Enum.Parse<ChangeKind>(name, ignoreCase: true);
}
