using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Sends one user's notifications by mail, as a leased task of that user. What the mail server took is marked at once; a mail may come
/// twice only where the server died in between, and has the same id then. Nothing goes to addresses that nobody has verified.
/// </summary>
internal sealed partial class NotificationMails(
    HubDb db, People people, IMail mail, UnsubscribeLinks links, PublicAddress address, ILogger<NotificationMails> log) : ITaskHandler
{
    public const string Kind = "hub.mail";

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var userId = Guid.ParseExact(task.Key, "N");
        var mailbox = await people.MailboxAsync(userId, cancel);
        var readers = await people.ReadersAsync([userId], cancel);
        var waiting = await db.Notifications.AsNoTracking().Where(n => n.UserId == userId && n.Mail == NotificationMail.Waiting).OrderBy(n => n.At).ThenBy(n => n.Id).ToListAsync(cancel);
        foreach (var one in waiting)
        {
            var isTold = mailbox is { IsVerified: true } && readers.TryGetValue(userId, out var reader)
                && await db.Notifications.VisibleTo(db, reader).AnyAsync(n => n.Id == one.Id, cancel);
            if (isTold)
            {
                await mail.SendAsync(Write(one, mailbox!), cancel); // it is there: the line above says so
                Sent(log, one.Id, userId);
            }

            var state = isTold ? NotificationMail.Sent : NotificationMail.None;
            await db.WriteAsync(inner => db.Notifications.Where(n => n.Id == one.Id).ExecuteUpdateAsync(n => n.SetProperty(x => x.Mail, state), inner), CancellationToken.None);
        }

        return null;
    }

    private Mail Write(Notification one, Mailbox mailbox) => new(
        one.Id,
        mailbox.Address,
        mailbox.FullName,
        one.Title,
        $"""
        {one.Title}.

        {address.Value}{one.Href}

        --
        You get this because of "{one.Reason.Title()}" in your settings:
        {address.Value}/settings/notifications

        """,
        $"{address.Value}{links.PathFor(one.UserId, one.Reason)}");

    [LoggerMessage(Level = LogLevel.Information, Message = "Notification {NotificationId} went to user {UserId} by mail")]
    private static partial void Sent(ILogger log, Guid notificationId, Guid userId);
}
