using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Puts what happened to a repository into the queues of the webhooks that watch it and whose owners may see it: all that is not
/// there yet, in the order in which it happened, whichever of its announcements is heard first.
/// </summary>
internal sealed class WebhookQueue(HubDb db, People people, Tasks tasks, PublicAddress address, TimeProvider clock) : IEventHandler<RepoChanged>
{
    private const int MostAtOnce = 100;

    public async Task HandleAsync(Guid eventId, RepoChanged happened, CancellationToken cancel)
    {
        while (await UnsentAsync(happened.RepoId, cancel) is { Count: > 0 } events)
        {
            await SendOnAsync(events, await ListenersAsync(events, cancel), cancel);
        }

        // All with something waiting, not only those of the events above: a server may have died before it came to this.
        var waiting = await db.WebhookDeliveries.Where(d => d.SubjectId == happened.RepoId && d.State == DeliveryState.Waiting).Select(d => d.WebhookId).Distinct().ToListAsync(cancel);
        foreach (var webhookId in waiting)
        {
            await tasks.ScheduleAsync(WebhookSending.Kind, WebhookSending.KeyOf(webhookId), clock.GetUtcNow(), new { }, cancel);
        }
    }

    private Task<List<RepoEvent>> UnsentAsync(Guid repoId, CancellationToken cancel) =>
        db.RepoEvents.AsNoTracking().Where(e => e.RepoId == repoId && !e.IsSentOn).OrderBy(e => e.Number).Take(MostAtOnce).ToListAsync(cancel);

    /// <summary>Whether the person sees what the event is about, as it was when that happened.</summary>
    private static bool MaySee(Caller reader, RepoEvent happened) => !happened.IsPrivate || reader.CanRead(happened.OwnerId);

    private static (string Type, string Name)[] NamesOf(RepoEvent happened)
    {
        var owners = new[] { happened.OwnerName, happened.Read().MovedTo?.Name.Split('/')[0] }.OfType<string>();
        var places = new[] { happened.FullName, happened.Read().MovedTo?.Name }.OfType<string>();
        return [.. places.Select(place => (happened.Type.Singular(), place.ToLowerInvariant())), .. owners.SelectMany(owner => new[] { ("user", owner.ToLowerInvariant()), ("org", owner.ToLowerInvariant()) })];
    }

    private async Task<List<(Guid WebhookId, RepoEvent Event)>> ListenersAsync(List<RepoEvent> events, CancellationToken cancel)
    {
        var names = events.SelectMany(NamesOf).Select(n => n.Name).Distinct(StringComparer.Ordinal).ToList();
        var watches = await db.WebhookWatches.AsNoTracking().Where(w => names.Contains(w.NameLower))
            .Join(db.Webhooks.Where(w => w.State == WebhookState.Enabled), watch => watch.WebhookId, webhook => webhook.Id, (watch, webhook) => new { watch.Type, watch.NameLower, webhook })
            .ToListAsync(cancel);
        var readers = await people.ReadersAsync([.. watches.Select(w => w.webhook.OwnerId).Distinct()], cancel);
        var told = new List<(Guid, RepoEvent)>();
        foreach (var happened in events)
        {
            var (mine, domain) = (NamesOf(happened), WebhookDomains.OfScope(happened.Scope));
            told.AddRange(watches.Where(w => w.webhook.CreatedAt <= happened.At && mine.Contains((w.Type, w.NameLower)) && w.webhook.Has(domain)
                && readers.TryGetValue(w.webhook.OwnerId, out var reader) && MaySee(reader, happened))
                .Select(w => w.webhook.Id).Distinct().Select(id => (id, happened)));
        }

        return told;
    }

    /// <summary>Whole or, where another server did it at the same moment, not at all.</summary>
    private async Task SendOnAsync(List<RepoEvent> events, List<(Guid WebhookId, RepoEvent Event)> told, CancellationToken cancel)
    {
        var (server, now) = (address.Value, clock.GetUtcNow());
        var ids = events.ConvertAll(e => e.Id);
        db.WebhookDeliveries.AddRange(told.Select(t => Delivery(t.Event, t.WebhookId, server, now)));
        await db.WriteDerivedAsync( // a power cut that undoes it undoes the later end of the announcement, too
            async inner => await db.TrySaveAsync(inner) && await db.RepoEvents.Where(e => ids.Contains(e.Id)).ExecuteUpdateAsync(e => e.SetProperty(x => x.IsSentOn, true), inner) > 0,
            cancel);
        db.ChangeTracker.Clear();
    }

    private static WebhookDelivery Delivery(RepoEvent happened, Guid webhookId, string server, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        WebhookId = webhookId,
        EventId = happened.Id,
        Replay = 0,
        SubjectId = happened.RepoId,
        Number = happened.Number,
        Subject = happened.FullName,
        Event = string.Create(CultureInfo.InvariantCulture, $"{happened.Scope} {happened.Kind.ToWire()}"),
        Payload = WebhookPayload.Of(happened, webhookId, server).ToJson(),
        State = DeliveryState.Waiting,
        DueAt = now,
        CreatedAt = now,
    };
}
