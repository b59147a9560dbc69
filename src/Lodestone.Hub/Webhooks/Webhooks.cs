using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What somebody does with webhooks of their own, over the API or on the page. Those of others are not found.</summary>
internal sealed class Webhooks(HubDb db, WebhookSecrets secrets, OutgoingCalls calls, Tasks tasks, Caller caller, TimeProvider clock)
{
    private const int MostWebhooks = 100;
    private const int MostWatched = 200;
    private const int LongestName = 200;

    private static readonly string[] Types = ["model", "dataset", "space", "user", "org"];

    /// <summary>The oldest first.</summary>
    public async Task<IReadOnlyList<ShownWebhook>> ListAsync(CancellationToken cancel)
    {
        var webhooks = await db.Webhooks.AsNoTracking().VisibleTo(Reader).OrderBy(w => w.CreatedAt).ThenBy(w => w.Id).ToListAsync(cancel);
        var ids = webhooks.ConvertAll(w => w.Id);
        var watches = (await db.WebhookWatches.AsNoTracking().Where(w => ids.Contains(w.WebhookId)).OrderBy(w => w.Position).ToListAsync(cancel)).ToLookup(w => w.WebhookId);
        return [.. webhooks.Select(w => new ShownWebhook(w, [.. watches[w.Id]]))];
    }

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<ShownWebhook> FindAsync(Guid id, CancellationToken cancel)
    {
        var webhook = await db.Webhooks.VisibleTo(Reader).SingleOrDefaultAsync(w => w.Id == id, cancel) ?? throw NotFound();
        return new ShownWebhook(webhook, await db.WebhookWatches.AsNoTracking().Where(w => w.WebhookId == id).OrderBy(w => w.Position).ToListAsync(cancel));
    }

    /// <exception cref="Refusal"><c>invalid_request</c>, <c>unprocessable</c> or <c>address_not_public</c>.</exception>
    public async Task<ShownWebhook> CreateAsync(NewWebhook wanted, CancellationToken cancel)
    {
        RequireWrite();
        if (await db.Webhooks.VisibleTo(caller).CountAsync(cancel) >= MostWebhooks)
        {
            throw new Refusal(RefusalCode.Unprocessable, $"You have {MostWebhooks} webhooks, which is the most. Delete one first.");
        }

        if (wanted.Url is null && (wanted.JobSourceId ?? wanted.Job?.ToString()) is not null)
        {
            throw new Refusal(RefusalCode.Unprocessable, "This server runs no jobs. Give a \"url\".") { Param = "url" };
        }

        var webhook = new Webhook
        {
            Id = PublicId.New(clock),
            OwnerId = caller.Id,
            Url = calls.Check(wanted.Url, "url").AbsoluteUri,
            Secret = secrets.Seal(wanted.Secret),
            Domains = WebhookDomains.Join(wanted.Domains),
            CreatedAt = clock.GetUtcNow(),
        };
        var watched = Watched(webhook.Id, wanted.Watched);
        db.Webhooks.Add(webhook);
        db.WebhookWatches.AddRange(watched);
        await db.SaveChangesAsync(cancel);
        return new ShownWebhook(webhook, watched);
    }

    /// <summary>What is watched is replaced; domains and secret only where they are given.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, or as for creating.</exception>
    public async Task<ShownWebhook> UpdateAsync(Guid id, NewWebhook wanted, CancellationToken cancel)
    {
        RequireWrite();
        var (webhook, before) = await FindAsync(id, cancel);
        webhook.Url = wanted.Url is null ? webhook.Url : calls.Check(wanted.Url, "url").AbsoluteUri;
        webhook.Domains = wanted.Domains is null ? webhook.Domains : WebhookDomains.Join(wanted.Domains);
        webhook.Secret = wanted.Secret is null ? webhook.Secret : secrets.Seal(wanted.Secret);
        var watched = wanted.Watched is null ? before : Watched(id, wanted.Watched);
        await db.WriteAsync(
            async inner =>
            {
                await db.WebhookWatches.Where(w => w.WebhookId == id).ExecuteDeleteAsync(inner);
                db.WebhookWatches.AddRange(watched);
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        return new ShownWebhook(webhook, watched);
    }

    /// <summary>Enabled again, it is told what was waiting when it was suspended; of what happened since then it hears nothing.</summary>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<ShownWebhook> EnableAsync(Guid id, bool isEnabled, CancellationToken cancel)
    {
        RequireWrite();
        var found = await FindAsync(id, cancel);
        if (!isEnabled)
        {
            found.Webhook.Disable();
            await db.SaveChangesAsync(cancel);
            return found;
        }

        found.Webhook.Enable();
        var now = clock.GetUtcNow();
        await db.WriteAsync(
            async inner =>
            {
                await db.WebhookDeliveries.HeadsOf(id).ExecuteUpdateAsync(d => d.SetProperty(x => x.DueAt, now), inner);
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        await tasks.ScheduleAsync(WebhookSending.Kind, WebhookSending.KeyOf(id), now, new { }, cancel);
        return found;
    }

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task DeleteAsync(Guid id, CancellationToken cancel)
    {
        RequireWrite();
        if (await db.WriteAsync(inner => db.Webhooks.VisibleTo(caller).Where(w => w.Id == id).ExecuteDeleteAsync(inner), cancel) == 0)
        {
            throw NotFound();
        }
    }

    /// <summary>The newest first.</summary>
    /// <param name="before">The last of the page before; null: from the newest.</param>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<IReadOnlyList<WebhookDelivery>> LogAsync(Guid id, WebhookDelivery? before, int limit, CancellationToken cancel)
    {
        await FindAsync(id, cancel);
        var log = db.WebhookDeliveries.AsNoTracking().Where(d => d.WebhookId == id);
        if (before is not null)
        {
            log = log.Where(d => d.CreatedAt < before.CreatedAt || (d.CreatedAt == before.CreatedAt && d.Id.CompareTo(before.Id) < 0));
        }

        return await log.OrderByDescending(d => d.CreatedAt).ThenByDescending(d => d.Id).Take(limit).ToListAsync(cancel);
    }

    /// <summary>One delivery of the caller's; null when there is none.</summary>
    public Task<WebhookDelivery?> DeliveryAsync(Guid id, Guid deliveryId, CancellationToken cancel)
    {
        var own = db.Webhooks.VisibleTo(Reader);
        return db.WebhookDeliveries.AsNoTracking().SingleOrDefaultAsync(d => d.WebhookId == id && d.Id == deliveryId && own.Any(w => w.Id == d.WebhookId), cancel);
    }

    /// <summary>Sends a delivery again, with the same body; one that still waits is tried at once.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, or <c>conflict</c> where the webhook is told nothing just now.</exception>
    public async Task ReplayAsync(Guid id, Guid deliveryId, CancellationToken cancel)
    {
        RequireWrite();
        var (webhook, _) = await FindAsync(id, cancel);
        var delivery = await DeliveryAsync(id, deliveryId, cancel) ?? throw NotFound();
        if (!webhook.IsEnabled)
        {
            throw new Refusal(RefusalCode.Conflict, "This webhook is disabled. Enable it first: what waits is sent then.");
        }

        var now = clock.GetUtcNow();
        await db.WriteAsync(
            async inner =>
            {
                if (await db.WebhookDeliveries.Where(d => d.Id == deliveryId && d.State == DeliveryState.Waiting).ExecuteUpdateAsync(d => d.SetProperty(x => x.DueAt, now), inner) == 0)
                {
                    db.WebhookDeliveries.Add(await AgainAsync(delivery, now, inner));
                }

                return await db.SaveChangesAsync(inner);
            },
            cancel);
        await tasks.ScheduleAsync(WebhookSending.Kind, WebhookSending.KeyOf(id), now, new { }, cancel);
    }

    private async Task<WebhookDelivery> AgainAsync(WebhookDelivery delivery, DateTimeOffset now, CancellationToken cancel)
    {
        await db.LockAsync<Webhook>(delivery.WebhookId, cancel); // two who press at once have two numbers
        var last = await db.WebhookDeliveries.Where(d => d.WebhookId == delivery.WebhookId && d.EventId == delivery.EventId).MaxAsync(d => d.Replay, cancel);
        return new WebhookDelivery
        {
            Id = Guid.CreateVersion7(now),
            WebhookId = delivery.WebhookId,
            EventId = delivery.EventId,
            Replay = last + 1,
            SubjectId = delivery.SubjectId,
            Number = delivery.Number,
            Subject = delivery.Subject,
            Event = delivery.Event,
            Payload = delivery.Payload,
            State = DeliveryState.Waiting,
            DueAt = now,
            CreatedAt = now,
        };
    }

    private static List<WebhookWatch> Watched(Guid webhookId, IReadOnlyList<WatchedName>? watched)
    {
        var named = (watched ?? []).DistinctBy(w => (w.Type, w.Name?.ToLowerInvariant())).ToList();
        if (named.Count is 0 or > MostWatched)
        {
            throw new Refusal(RefusalCode.Invalid, $"\"watched\" must name between 1 and {MostWatched} repositories, users or organizations") { Param = "watched" };
        }

        return [.. named.Select((w, i) => Types.Contains(w.Type, StringComparer.Ordinal) && IsName(w)
            ? new WebhookWatch(webhookId, w.Type!, w.Name!, w.Name!.ToLowerInvariant(), i) // both are given: the condition says so
            : throw new Refusal(RefusalCode.Invalid, "\"watched\" has {\"type\", \"name\"}, where the type is one of [dataset, model, org, space, user]") { Param = "watched" })];
    }

    private static bool IsName(WatchedName watched)
    {
        var isRepo = watched.Type is not ("user" or "org");
        return watched.Name is { Length: > 0 and <= LongestName } name && name.Split('/') is { } parts && parts.Length == (isRepo ? 2 : 1) && Array.TrueForAll(parts, RepoName.HasNameCharacters);
    }

    // Closed to apps, whatever they were allowed: a webhook tells of all that its owner may see, which may be more than the app may.
    private void RequireWrite()
    {
        if (caller.AppId is not null)
        {
            throw TokenScopes.Lacking(TokenScope.None);
        }

        caller.Allowing(TokenScope.Webhooks);
    }

    // A person's own token that reads may look; an app must have been allowed webhooks.
    private Caller Reader => caller.AppId is null ? caller.Authenticated() : caller.Allowing(TokenScope.Webhooks);

    private static Refusal NotFound() => new(RefusalCode.NotFound, "You have no such webhook.");
}

/// <param name="Watches">In the order in which they were given.</param>
internal sealed record ShownWebhook(Webhook Webhook, IReadOnlyList<WebhookWatch> Watches);
