using System.Globalization;
using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Tells the owner of a webhook that it is suspended.</summary>
internal sealed class TellOfSuspension(Notifying notifying) : IEventHandler<WebhookSuspended>
{
    public Task HandleAsync(Guid eventId, WebhookSuspended happened, CancellationToken cancel) => notifying.TellAsync(
        [
            new NewNotification(
                happened.OwnerId, $"webhook {eventId:N}", NotificationReason.Webhook, $"Your webhook to {new Uri(happened.Url).Host} is suspended: nobody took its deliveries for three days",
                $"/settings/webhooks/{PublicId.ToHub(happened.WebhookId)}"),
        ],
        cancel);
}

/// <summary>Tells those who look after a repository that somebody asks for access, and whoever asked what was decided.</summary>
internal sealed class TellOfAccess(HubDb db, Notifying notifying, Namespaces namespaces, People people) : IEventHandler<AccessChanged>
{
    public async Task HandleAsync(Guid eventId, AccessChanged happened, CancellationToken cancel)
    {
        if (await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == happened.RepoId, cancel) is not { } repo)
        {
            return;
        }

        var names = await namespaces.ByIdAsync([happened.SubjectId], cancel);
        var isAsked = happened.State is "pending";
        var place = $"/{repo.Type.Prefix()}{repo.FullName}";
        var told = isAsked ? [.. await people.AdministratorsAsync(repo.OwnerId, cancel), repo.CreatedBy] : await people.AdministratorsAsync(happened.SubjectId, cancel);
        var title = isAsked ? $"{names.GetValueOrDefault(happened.SubjectId)?.Name ?? "Somebody"} asks for access to {repo.FullName}" : $"Access to {repo.FullName} is {happened.State}";
        await notifying.TellAsync(
            [.. told.Where(id => id != happened.ActorId).Select(id => new NewNotification(
                id, string.Create(CultureInfo.InvariantCulture, $"access {eventId:N}"), NotificationReason.Access, title, isAsked ? $"{place}/settings/access" : place, repo.Id))],
            cancel);
    }
}

/// <summary>Tells those who look after an account, or the server, what Billing raised.</summary>
internal sealed class TellOfAlert(Notifying notifying, People people) : IEventHandler<AlertRaised>
{
    public async Task HandleAsync(Guid eventId, AlertRaised happened, CancellationToken cancel)
    {
        var told = happened.AccountId == Guid.Empty ? await people.OperatorsAsync(cancel) : await people.AdministratorsAsync(happened.AccountId, cancel);
        await notifying.TellAsync([.. told.Select(id => new NewNotification(id, $"alert {happened.AlertId:N}", NotificationReason.Spending, happened.Title, happened.Href))], cancel);
    }
}
