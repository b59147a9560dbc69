using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Something to be told to somebody.</summary>
/// <param name="Source">What it tells of: told to nobody twice.</param>
/// <param name="Title">A sentence without a full stop.</param>
/// <param name="Href">A path on this server.</param>
/// <param name="RepoId">Told only to those who may see it; null: it is about nothing hidden.</param>
internal sealed record NewNotification(Guid UserId, string Source, NotificationReason Reason, string Title, string Href, Guid? RepoId = null);

/// <summary>Tells people, as each of them chose: in the web, by mail, both or not at all. Telling the same again does nothing.</summary>
internal sealed class Notifying(HubDb db, People people, IMail mail, Tasks tasks, TimeProvider clock)
{
    public async Task TellAsync(IReadOnlyCollection<NewNotification> wanted, CancellationToken cancel)
    {
        var userIds = wanted.Select(w => w.UserId).Distinct().ToList();
        var choices = (await db.NotificationChoices.AsNoTracking().Where(c => userIds.Contains(c.UserId)).ToListAsync(cancel)).ToLookup(c => (c.UserId, c.Reason));
        var readers = await people.ReadersAsync(userIds, cancel);
        foreach (var one in wanted.DistinctBy(w => (w.UserId, w.Source)).Where(w => readers.ContainsKey(w.UserId)))
        {
            if (one.RepoId is null || await db.Repos.VisibleTo(readers[one.UserId]).AnyAsync(r => r.Id == one.RepoId, cancel))
            {
                await TellAsync(one, choices[(one.UserId, one.Reason.ToWire())].FirstOrDefault(), cancel);
            }
        }
    }

    private async Task TellAsync(NewNotification one, NotificationChoice? choice, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var isByMail = mail.IsConfigured && choice?.IsByMail is not false;
        if (await db.Notifications.AnyAsync(n => n.UserId == one.UserId && n.Source == one.Source, cancel) || (!isByMail && choice?.IsInWeb is false))
        {
            await ScheduleMailAsync(one.UserId, cancel); // a server may have died between telling and this
            return;
        }

        db.Notifications.Add(new Notification
        {
            Id = Guid.CreateVersion7(now),
            UserId = one.UserId,
            Source = one.Source,
            Reason = one.Reason,
            Title = one.Title,
            Href = one.Href,
            RepoId = one.RepoId,
            At = now,
            IsInWeb = choice?.IsInWeb is not false,
            Mail = isByMail ? NotificationMail.Waiting : NotificationMail.None,
        });
        await db.TrySaveAsync(cancel); // false: another server was faster
        await ScheduleMailAsync(one.UserId, cancel);
    }

    private async Task ScheduleMailAsync(Guid userId, CancellationToken cancel)
    {
        if (await db.Notifications.AnyAsync(n => n.UserId == userId && n.Mail == NotificationMail.Waiting, cancel))
        {
            await tasks.ScheduleAsync(NotificationMails.Kind, userId.ToString("N"), clock.GetUtcNow(), new { }, cancel);
        }
    }
}
