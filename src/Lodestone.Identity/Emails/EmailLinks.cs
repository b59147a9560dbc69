using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>
/// Has people show that their e-mail address is theirs: by a link that is mailed there. A link works once, in a browser in which that user
/// is signed in, so that nobody makes a stranger vouch for them. It is made when it is mailed, and only its hash is kept.
/// </summary>
internal sealed partial class EmailLinks(IdentityDb db, Tasks tasks, IMail mail, TimeProvider clock, ILogger<EmailLinks> log)
{
    /// <summary>A page of this server; takes <c>token</c>.</summary>
    public const string Path = "/settings/email/confirm";

    /// <summary>In a day, to one user as to one address: whoever joins with a stranger's address must not flood it.</summary>
    private const int MostADay = 5;

    private static readonly TimeSpan Between = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public bool CanSend => mail.IsConfigured;

    /// <summary>Has a link mailed to the user, unless their address is verified, no mail can be sent, or too many were asked for.</summary>
    /// <returns>Null: it is on its way; else when the next may be asked for.</returns>
    public async Task<DateTimeOffset?> TryAskAsync(Guid userId, CancellationToken cancel)
    {
        if (!mail.IsConfigured)
        {
            return DateTimeOffset.MaxValue;
        }

        var next = await db.WriteAsync(inner => AddAsync(userId, inner), cancel);
        if (next is null)
        {
            await tasks.ScheduleAsync(EmailLinkMails.Kind, userId.ToString("N"), clock.GetUtcNow(), new { }, cancel);
        }

        return next;
    }

    /// <exception cref="Refusal"><c>unavailable</c> without a mail server; <c>rate_limit_exceeded</c>; <c>conflict</c> when the address is verified.</exception>
    public async Task AskAsync(Caller caller, CancellationToken cancel)
    {
        var userId = caller.MayChange().Id;
        if (!mail.IsConfigured)
        {
            throw new Refusal(RefusalCode.Unavailable, "This server sends no mail. Ask an administrator of the server to confirm your address.");
        }

        if (await db.Users.AnyAsync(u => u.Id == userId && u.EmailVerified, cancel))
        {
            throw new Refusal(RefusalCode.Conflict, "Your address is confirmed already.");
        }

        if (await TryAskAsync(userId, cancel) is { } next)
        {
            var left = next - clock.GetUtcNow();
            throw new Refusal(RefusalCode.TooManyRequests, $"A link was sent just now. Look for it, also among unwanted mail, or ask again in {Words(left)}.") { RetryAfter = left };
        }
    }

    /// <summary>A link that confirms nothing.</summary>
    public static Refusal Dead() => new(IdentityRefusals.LinkUsed, "This link is used, older than a day, was followed by a newer one, or is for another account. Ask for a new one in your settings.") { HelpPath = EmailCard.Here };

    /// <summary>The address that a link confirms; null where it is used, ended, too old, or another user's.</summary>
    public async Task<string?> FindAsync(Caller caller, string token, CancellationToken cancel) =>
        await Usable(caller, token).Join(db.Users, l => l.UserId, u => u.Id, (l, u) => u).Select(u => u.Email).SingleOrDefaultAsync(cancel);

    /// <exception cref="Refusal"><c>link_used</c>, or <c>conflict</c> when another user has the address and has shown it.</exception>
    public async Task ConfirmAsync(Caller caller, string token, CancellationToken cancel)
    {
        var isConfirmed = await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<User>(caller.MayChange().Id, inner);
                if (await Usable(caller, token).SingleOrDefaultAsync(inner) is not { } link)
                {
                    throw Dead();
                }

                link.Hash = null;
                (await db.Users.SingleAsync(u => u.Id == caller.Id, inner)).VerifyEmail();
                return await db.TrySaveAsync(inner);
            },
            cancel);
        if (!isConfirmed)
        {
            throw new Refusal(RefusalCode.Conflict, "Another account has shown that this address is its own. Give another address.");
        }

        EmailVerified(log, caller.Id);
    }

    /// <summary>Those of the caller that work, which is one at most.</summary>
    private IQueryable<EmailLink> Usable(Caller caller, string token)
    {
        var (hash, now) = (Secret.Hash(token), clock.GetUtcNow());
        return db.EmailLinks.Where(l => l.UserId == caller.Id && l.Hash == hash && l.ExpiresAt > now && db.Users.Any(u => u.Id == l.UserId && u.LoweredEmail == l.Email));
    }

    private async Task<DateTimeOffset?> AddAsync(Guid userId, CancellationToken cancel)
    {
        await db.LockAsync<User>(userId, cancel);
        var (user, now) = (await db.Users.AsNoTracking().SingleAsync(u => u.Id == userId, cancel), clock.GetUtcNow());
        var dayAgo = now - Day;
        await db.EmailLinks.Where(l => l.AskedAt <= dayAgo && l.ExpiresAt <= now).ExecuteDeleteAsync(cancel);
        var lately = await db.EmailLinks.Where(l => (l.UserId == userId || l.Email == user.LoweredEmail) && l.AskedAt > dayAgo).OrderByDescending(l => l.AskedAt).Select(l => new { l.UserId, l.Email, l.AskedAt }).ToListAsync(cancel);
        var own = lately.FindAll(l => l.UserId == userId);
        var same = lately.FindAll(l => l.Email == user.LoweredEmail);
        var next = new[] { own.Count > 0 ? own[0].AskedAt + Between : now, Full(own.ConvertAll(l => l.AskedAt)), Full(same.ConvertAll(l => l.AskedAt)) }.Max();
        if (user.EmailVerified || next > now)
        {
            return user.EmailVerified ? DateTimeOffset.MaxValue : next;
        }

        db.EmailLinks.Add(new EmailLink { Id = Guid.CreateVersion7(now), UserId = userId, Email = user.LoweredEmail, AskedAt = now, ExpiresAt = now + EmailLink.Lifetime });
        await db.SaveChangesAsync(cancel);
        return null;

        static DateTimeOffset Full(List<DateTimeOffset> newestFirst) => newestFirst.Count >= MostADay ? newestFirst[MostADay - 1] + Day : DateTimeOffset.MinValue;
    }

    private static string Words(TimeSpan left) => left > TimeSpan.FromHours(1) ? $"{Math.Ceiling(left.TotalHours):N0} hours" : left > Between ? $"{Math.Ceiling(left.TotalMinutes):N0} minutes" : $"{Math.Ceiling(left.TotalSeconds):N0} seconds";

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} has shown that the e-mail address is theirs")]
    private static partial void EmailVerified(ILogger log, Guid userId);
}
