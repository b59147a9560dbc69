using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A collection that somebody asks for.</summary>
/// <param name="Namespace">Absent: the caller's own.</param>
/// <param name="Item">Is in it from the beginning.</param>
internal sealed record NewCollection(string? Title, string? Namespace, string? Description, bool? Private, NewItem? Item);

/// <param name="Type"><c>model</c>, <c>dataset</c>, <c>space</c> or <c>collection</c>; papers and buckets are not kept here.</param>
/// <param name="Id"><c>owner/name</c>; of a collection its slug, or the 24 hex digits.</param>
internal sealed record NewItem(string? Type, string? Id);

/// <summary>The body of a call that adds an item.</summary>
internal sealed record AddedItem(NewItem? Item, string? Note);

/// <summary>What is absent stays as it is.</summary>
/// <param name="Gating"><c>false</c>, <c>true</c> (which is auto), <c>auto</c>, <c>manual</c>, or an object with one of them as <c>mode</c>.</param>
internal sealed record CollectionChange(string? Title, string? Description, long? Position, bool? Private, string? Theme, JsonNode? Gating = null)
{
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public GateSetting ReadGating()
    {
        var mode = Gating is JsonObject wanted ? wanted["mode"] : Gating;
        return new RepoSettings(null, null, mode?.GetValueKind() is JsonValueKind.True ? JsonValue.Create("auto") : mode).ReadGate();
    }
}

/// <summary>What is absent stays as it is; an empty note goes.</summary>
internal sealed record ItemChange(string? Note, long? Position);

/// <param name="Action">Only <c>update</c>.</param>
/// <param name="InternalId">24 hex digits.</param>
internal sealed record ItemBatchChange(string? Action, [property: JsonPropertyName("_id")] string? InternalId, ItemChange? Data);

/// <summary>What changing a collection answers.</summary>
internal sealed record ChangedCollection(CollectionView Data);

/// <param name="Position">Absent in lists: clients add one of their own there.</param>
internal sealed record CollectionView(
    string Slug, string Title, string? Description, CollectionOwner Owner, IReadOnlyList<CollectionItemView> Items, string LastUpdated, long? Position, bool Private, string Theme,
    long Upvotes, bool IsUpvotedByUser, string ShareUrl)
{
    /// <summary><c>false</c>, or an object with the <c>mode</c>.</summary>
    public required JsonNode Gating { get; init; }

    public static JsonNode GatingOf(GateMode? gate) => gate switch
    {
        null => false,
        GateMode.Auto => new JsonObject { ["mode"] = gate.Value.ToWire() },
        _ => new JsonObject { ["mode"] = gate.Value.ToWire(), ["notifications"] = new JsonObject { ["mode"] = "real-time" } }, // clients' types ask for it
    };
}

/// <param name="Type"><c>user</c> or <c>org</c>.</param>
internal sealed record CollectionOwner(
    [property: JsonPropertyName("_id")] string InternalId, string Name, string Fullname, string AvatarUrl, string Type, int FollowerCount, bool IsUserFollowing)
{
    public bool IsHf { get; }

    public bool IsHfAdmin { get; }

    public bool IsMod { get; }
}

/// <summary>What the text is, and the same as HTML.</summary>
internal sealed record ItemNote(string Html, string Text)
{
    public static ItemNote? Of(string? text) => text is null ? null : new ItemNote(WebUtility.HtmlEncode(text), text);
}

/// <summary>An item with what its kind has to say.</summary>
internal sealed record CollectionItemView
{
    [JsonPropertyName("_id")]
    public required string InternalId { get; init; }

    /// <summary><c>owner/name</c>; of a collection 24 hex digits.</summary>
    public required string Id { get; init; }

    public required string Type { get; init; }

    public required long Position { get; init; }

    public string? RepoType { get; init; }

    public ItemNote? Note { get; init; }

    public string? Author { get; init; }

    public long? Likes { get; init; }

    public long? Downloads { get; init; }

    public bool? Private { get; init; }

    /// <summary>Of a repository: <c>false</c>, <c>auto</c> or <c>manual</c>.</summary>
    public JsonNode? Gated { get; init; }

    public string? LastModified { get; init; }

    [JsonPropertyName("pipeline_tag")]
    public string? PipelineTag { get; init; }

    public string? Slug { get; init; }

    public string? Title { get; init; }

    public string? Description { get; init; }

    public CollectionOwner? Owner { get; init; }

    public int? NumberItems { get; init; }

    public string? LastUpdated { get; init; }

    public string? Theme { get; init; }

    public long? Upvotes { get; init; }

    public string? ShareUrl { get; init; }

    public static CollectionItemView Of(CollectionItem item, Repo repo) => new()
    {
        InternalId = PublicId.ToHub(item.Id),
        Id = repo.FullName,
        Type = repo.Type.Singular(),
        RepoType = repo.Type.Singular(),
        Position = item.Position,
        Note = ItemNote.Of(item.Note),
        Author = repo.OwnerName,
        Likes = repo.Likes,
        Downloads = repo.Downloads,
        Private = repo.IsPrivate,
        Gated = RepoSummary.GateOnWire(repo.Gate),
        LastModified = Instants.ToWire(repo.UpdatedAt),
        PipelineTag = repo.PipelineTag,
    };
}
