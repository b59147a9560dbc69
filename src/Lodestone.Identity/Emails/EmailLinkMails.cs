using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>
/// Mails the newest link of a user, as a leased task of that user. Each try has a new secret, so that none is kept anywhere but in the mail;
/// of two mails that came because the server died in between, the later one's link works.
/// </summary>
internal sealed partial class EmailLinkMails(IdentityDb db, IMail mail, PublicAddress address, TimeProvider clock, ILogger<EmailLinkMails> log) : ITaskHandler
{
    public const string Kind = "identity.email_link";

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var (userId, secret) = (Guid.ParseExact(task.Key, "N"), Secret.New(""));
        if (await db.WriteAsync(inner => TakeAsync(userId, secret, inner), cancel) is { } letter)
        {
            await mail.SendAsync(Write(letter, secret), cancel);
            Sent(log, userId);
        }

        return null;
    }

    /// <returns>Null where nothing is to be sent any more.</returns>
    private async Task<Letter?> TakeAsync(Guid userId, string secret, CancellationToken cancel)
    {
        await db.LockAsync<User>(userId, cancel);
        var user = await db.Users.AsNoTracking().Where(u => u.Id == userId && !u.EmailVerified).Join(db.Namespaces, u => u.Id, n => n.Id, (u, n) => new { u.Email, u.LoweredEmail, n.Name, n.FullName }).SingleOrDefaultAsync(cancel);
        var links = await db.EmailLinks.Where(l => l.UserId == userId).OrderByDescending(l => l.AskedAt).ThenByDescending(l => l.Id).ToListAsync(cancel);
        if (user is null || links is not [var newest, ..] || newest.Email != user.LoweredEmail || newest.ExpiresAt <= clock.GetUtcNow())
        {
            return null;
        }

        links.ForEach(l => l.Hash = null);
        newest.Hash = Secret.Hash(secret);
        await db.SaveChangesAsync(cancel);
        return new Letter(newest.Id, user.Email, user.Name, user.FullName);
    }

    private Mail Write(Letter letter, string secret) => new(
        letter.Id,
        letter.Email,
        letter.FullName,
        $"Confirm your address for {letter.Name}",
        $"""
        Somebody, probably you, gave this address for the account {letter.Name} on
        {address.Value}

        If it is yours, open this within a day, signed in as {letter.Name}:

        {address.Value}{EmailLinks.Path}?token={secret}

        If it is not, do nothing: nobody can use the link without signing in as {letter.Name}.

        """);

    private sealed record Letter(Guid Id, string Email, string Name, string FullName);

    [LoggerMessage(Level = LogLevel.Information, Message = "A link to confirm the e-mail address went to user {UserId}")]
    private static partial void Sent(ILogger log, Guid userId);
}
