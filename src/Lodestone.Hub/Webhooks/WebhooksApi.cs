using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Webhooks of the caller, as hub clients manage them: <c>/api/settings/webhooks</c>.</summary>
internal static class WebhooksApi
{
    private const int LogPage = 100;

    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        var webhooks = routes.MapGroup("/api/settings/webhooks");
        webhooks.MapGet("", async (Webhooks own, CancellationToken cancel) =>
            HubAnswer.Json<IReadOnlyList<WebhookView>>([.. (await own.ListAsync(cancel)).Select(w => WebhookView.Of(w))], HubJson.Default.IReadOnlyListWebhookView));
        webhooks.MapPost("", async (NewWebhook wanted, Webhooks own, CancellationToken cancel) => Answer(await own.CreateAsync(wanted, cancel), wanted.Secret));
        webhooks.MapGet("/{id}", async (string id, Webhooks own, CancellationToken cancel) => Answer(await own.FindAsync(IdOf(id), cancel)));
        webhooks.MapPost("/{id}", async (string id, NewWebhook wanted, Webhooks own, CancellationToken cancel) => Answer(await own.UpdateAsync(IdOf(id), wanted, cancel), wanted.Secret));
        webhooks.MapDelete("/{id}", Delete);
        webhooks.MapPost("/{id}/enable", async (string id, Webhooks own, CancellationToken cancel) => Answer(await own.EnableAsync(IdOf(id), isEnabled: true, cancel)));
        webhooks.MapPost("/{id}/disable", async (string id, Webhooks own, CancellationToken cancel) => Answer(await own.EnableAsync(IdOf(id), isEnabled: false, cancel)));
        webhooks.MapGet("/{id}/deliveries", Log);
        webhooks.MapPost("/{id}/replay/{delivery}", Replay);
    }

    private static async Task<IResult> Delete(string id, Webhooks own, CancellationToken cancel)
    {
        await own.DeleteAsync(IdOf(id), cancel);
        return Results.Ok();
    }

    private static async Task<IResult> Log(string id, Webhooks own, HttpContext context, CancellationToken cancel)
    {
        var limit = (int)Math.Clamp(context.Request.Query.Whole("limit") ?? LogPage, 1, LogPage);
        var after = Cursor.Decode(context.Request.Query["cursor"]) is { } last ? await own.DeliveryAsync(IdOf(id), DeliveryOf(last), cancel) : null;
        var page = await own.LogAsync(IdOf(id), after, limit + 1, cancel);
        if (page.Count > limit)
        {
            Cursor.LinkNext(context, page[limit - 1].Id.ToString("N"));
        }

        return HubAnswer.Json<IReadOnlyList<DeliveryView>>([.. page.Take(limit).Select(DeliveryView.Of)], HubJson.Default.IReadOnlyListDeliveryView);
    }

    private static async Task<IResult> Replay(string id, string delivery, Webhooks own, CancellationToken cancel)
    {
        await own.ReplayAsync(IdOf(id), DeliveryOf(delivery), cancel);
        return Answer(await own.FindAsync(IdOf(id), cancel));
    }

    // What is no id is the id of nothing.
    private static Guid IdOf(string id) => PublicId.TryParseHub(id, out var found) ? found : Guid.Empty;

    private static Guid DeliveryOf(string id) => Guid.TryParseExact(id, "N", out var found) ? found : Guid.Empty;

    private static IResult Answer(ShownWebhook webhook, string? secret = null) => HubAnswer.Json(new WebhookAnswer(WebhookView.Of(webhook, secret)), HubJson.Default.WebhookAnswer);
}

/// <summary>A webhook as somebody wants it.</summary>
/// <param name="Domains"><c>repo</c> and <c>discussion</c> unless given; <c>derivative</c> only where asked for.</param>
/// <param name="Secret">Absent leaves it as it is; empty takes it away.</param>
/// <param name="JobSourceId">Clients may name a job instead of an address; no jobs run here.</param>
internal sealed record NewWebhook(string? Url, IReadOnlyList<WatchedName>? Watched, IReadOnlyList<string>? Domains, string? Secret, string? JobSourceId = null, JsonElement? Job = null);

/// <param name="Type"><c>model</c>, <c>dataset</c>, <c>space</c>, <c>user</c> or <c>org</c>.</param>
/// <param name="Name"><c>owner/name</c> of a repository, else a namespace's name.</param>
internal sealed record WatchedName(string? Type, string? Name);

internal sealed record WebhookAnswer(WebhookView Webhook);

/// <param name="Id">24 hex digits.</param>
/// <param name="Secret">Only in the answer to whoever just set it.</param>
/// <param name="Disabled">A truth value, or <c>suspended-after-failure</c>.</param>
internal sealed record WebhookView(string Id, string Url, IReadOnlyList<WatchedName> Watched, IReadOnlyList<string> Domains, string? Secret, JsonNode Disabled)
{
    public static WebhookView Of(ShownWebhook shown, string? secret = null) => new(
        PublicId.ToHub(shown.Webhook.Id),
        shown.Webhook.Url,
        [.. shown.Watches.Select(w => new WatchedName(w.Type, w.Name))],
        shown.Webhook.Domains.Split(' '),
        string.IsNullOrEmpty(secret) ? null : secret,
        shown.Webhook.State is WebhookState.Suspended ? JsonValue.Create("suspended-after-failure") : JsonValue.Create(!shown.Webhook.IsEnabled));
}

/// <param name="Event">Scope and kind: <c>repo.content update</c>.</param>
/// <param name="State"><c>waiting</c> or <c>delivered</c>.</param>
/// <param name="NextTryAt">Only while it waits.</param>
/// <param name="Status">HTTP status of the last answer; absent when there was none.</param>
/// <param name="Answer">Its beginning, or why there was none.</param>
internal sealed record DeliveryView(
    string Id, string Event, string Subject, string State, long Tries, bool IsReplay, string CreatedAt, string? TriedAt, string? NextTryAt, long? Status, string? Answer, long? TookMs, JsonNode? Payload)
{
    public static DeliveryView Of(WebhookDelivery delivery) => new(
        delivery.Id.ToString("N"), delivery.Event, delivery.Subject, delivery.State.ToWire(), delivery.Tries, delivery.Replay > 0, Instants.ToWire(delivery.CreatedAt),
        delivery.TriedAt is { } at ? Instants.ToWire(at) : null, delivery.State is DeliveryState.Waiting ? Instants.ToWire(delivery.DueAt) : null,
        delivery.Status, delivery.Answer, delivery.TookMs, JsonNode.Parse(delivery.Payload));
}
