using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Where people want to be told, for each reason.</summary>
internal sealed class NotificationChoices(HubDb db)
{
    /// <summary>For every reason; where nothing was chosen, both.</summary>
    public async Task<IReadOnlyDictionary<NotificationReason, NotificationChoice>> OfAsync(Guid userId, CancellationToken cancel)
    {
        var chosen = await db.NotificationChoices.AsNoTracking().Where(c => c.UserId == userId).ToListAsync(cancel);
        return NotificationReasons.All.ToDictionary(
            r => r, r => chosen.Find(c => c.Reason == r.ToWire()) ?? new NotificationChoice(userId, r.ToWire(), IsInWeb: true, IsByMail: true));
    }

    public Task ChooseAsync(Caller caller, IReadOnlyCollection<NotificationChoice> choices, CancellationToken cancel)
    {
        var userId = caller.Authenticated().Id;
        return db.WriteAsync(
            async inner =>
            {
                await db.NotificationChoices.Where(c => c.UserId == userId).ExecuteDeleteAsync(inner);
                db.NotificationChoices.AddRange(choices);
                return await db.SaveChangesAsync(inner);
            },
            cancel);
    }

    public async Task EndMailAsync(Guid userId, NotificationReason reason, CancellationToken cancel)
    {
        var name = reason.ToWire();
        await db.WriteAsync(
            async inner =>
            {
                if (await db.NotificationChoices.Where(c => c.UserId == userId && c.Reason == name).ExecuteUpdateAsync(c => c.SetProperty(x => x.IsByMail, false), inner) == 0)
                {
                    db.NotificationChoices.Add(new NotificationChoice(userId, name, IsInWeb: true, IsByMail: false));
                }

                return await db.SaveChangesAsync(inner);
            },
            cancel);
    }
}
