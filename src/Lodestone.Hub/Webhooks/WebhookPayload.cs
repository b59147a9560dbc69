using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What a webhook is sent: version 3 of the payload that receivers of hubs know. What there is nothing to say of is absent.</summary>
internal sealed record WebhookPayload(PayloadEvent Event, PayloadRepo Repo, PayloadWebhook Webhook)
{
    public IReadOnlyList<PayloadRef>? UpdatedRefs { get; init; }

    public PayloadConfig? UpdatedConfig { get; init; }

    public MovedTo? MovedTo { get; init; }

    public DerivedModel? Derivative { get; init; }

    /// <param name="server">Its public address, without a trailing slash.</param>
    public static WebhookPayload Of(RepoEvent happened, Guid webhookId, string server)
    {
        var details = happened.Read();
        var place = $"{happened.Type.Segment()}/{happened.FullName}";
        var url = new PayloadUrl($"{server}/{happened.Type.Prefix()}{happened.FullName}", $"{server}/api/{place}");
        var repo = new PayloadRepo(
            happened.Type.Singular(), happened.FullName, PublicId.ToHub(happened.RepoId), happened.IsPrivate, url, new EventOwner(PublicId.ToHub(happened.OwnerId)),
            happened.Scope.StartsWith(RepoEvent.OfRepo, StringComparison.Ordinal) ? happened.HeadSha : null);
        return new WebhookPayload(new PayloadEvent(happened.Kind.ToWire(), happened.Scope), repo, new PayloadWebhook(PublicId.ToHub(webhookId)))
        {
            UpdatedRefs = details.UpdatedRefs is { } refs ? [.. refs.Select(r => new PayloadRef(r.Ref, Node(r.OldSha), Node(r.NewSha)))] : null,
            UpdatedConfig = details.Private is { } isPrivate ? new PayloadConfig(isPrivate) : null,
            MovedTo = details.MovedTo,
            Derivative = details.Derivative,
        };
    }

    public string ToJson() => JsonSerializer.Serialize(this, HubJson.Default.WebhookPayload);

    // A null that is said, where absent members are left out.
    private static JsonElement Node(string? sha) => sha is null ? JsonElement.Parse("null") : JsonSerializer.SerializeToElement(sha, HubJson.Default.String);
}

/// <param name="Action"><c>create</c>, <c>update</c>, <c>delete</c> or <c>move</c>.</param>
internal sealed record PayloadEvent(string Action, string Scope);

/// <param name="Name"><c>owner/name</c>.</param>
/// <param name="Id">24 hex digits.</param>
internal sealed record PayloadRepo(string Type, string Name, string Id, bool Private, PayloadUrl Url, EventOwner Owner, string? HeadSha);

internal sealed record PayloadUrl(string Web, string Api);

/// <param name="Id">24 hex digits.</param>
internal sealed record PayloadWebhook(string Id)
{
    public int Version { get; } = 3;
}

/// <param name="OldSha">Null where it is new.</param>
/// <param name="NewSha">Null where it is gone.</param>
internal sealed record PayloadRef(string Ref, JsonElement OldSha, JsonElement NewSha);

internal sealed record PayloadConfig(bool Private);
