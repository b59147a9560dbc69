using System.Net;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>Opens and ends sessions.</summary>
internal sealed partial class SignIns(IdentityDb db, Passwords passwords, LoginThrottle throttle, Credentials credentials, TimeProvider clock, ILogger<SignIns> log)
{
    private const int LongestAccount = 254;

    /// <param name="account">User name, or e-mail address when only one account has it.</param>
    /// <param name="password">As typed.</param>
    /// <param name="address">Where the try comes from.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The value of the session's cookie.</returns>
    /// <exception cref="Refusal"><c>wrong_password</c>, also when there is no such account; <c>rate_limit_exceeded</c>.</exception>
    public async Task<string> SignInAsync(string account, string password, IPAddress? address, CancellationToken cancel)
    {
        var lowered = account.Trim().ToLowerInvariant();
        if (lowered.Length > LongestAccount)
        {
            throw Wrong();
        }

        throttle.Try(lowered, address);
        var user = await FindAsync(lowered, cancel);
        if (!passwords.Verify(user, password, out var isOutdated) || user is null)
        {
            Refused(log, user?.Id);
            throw Wrong();
        }

        throttle.Succeeded(lowered, address);
        if (isOutdated)
        {
            user.SetPassword(passwords.Hash(password)); // saved with the session
        }

        return await OpenAsync(user.Id, cancel);
    }

    /// <summary>For somebody who has just proved who they are.</summary>
    /// <returns>The value of the session's cookie.</returns>
    public async Task<string> OpenAsync(Guid userId, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var value = Secret.New("");
        db.Sessions.RemoveRange(await db.Sessions.Where(s => s.UserId == userId && s.ExpiresAt < now).ToListAsync(cancel));
        db.Sessions.Add(new Session
        {
            Id = Guid.CreateVersion7(now),
            UserId = userId,
            Hash = Secret.Hash(value),
            CreatedAt = now,
            ExpiresAt = now + Session.Lifetime,
        });
        await db.SaveChangesAsync(cancel);
        SignedIn(log, userId);
        return value;
    }

    public async Task EndAsync(Caller caller, CancellationToken cancel)
    {
        await db.WriteAsync(inTransaction => db.Sessions.VisibleTo(caller).Where(s => s.Id == caller.CredentialId).ExecuteDeleteAsync(inTransaction), cancel);
        credentials.Forget();
        SignedOut(log, caller.Id);
    }

    private async Task<User?> FindAsync(string lowered, CancellationToken cancel)
    {
        if (!lowered.Contains('@', StringComparison.Ordinal))
        {
            return await db.Users.SingleOrDefaultAsync(u => db.Namespaces.Any(n => n.Id == u.Id && n.LoweredName == lowered), cancel);
        }

        // Anybody may claim an address. Who has shown that it is theirs comes first; otherwise it must be clear who is meant.
        var claimants = await db.Users.Where(u => u.LoweredEmail == lowered).OrderByDescending(u => u.EmailVerified).Take(2).ToListAsync(cancel);
        return claimants is [var first, ..] && (first.EmailVerified || claimants.Count == 1) ? first : null;
    }

    private static Refusal Wrong() =>
        new(IdentityRefusals.WrongPassword, "The user name or the password is not right. Check both; an administrator can help if the password is lost.") { Param = "password" };

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} signed in")]
    private static partial void SignedIn(ILogger log, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} signed out")]
    private static partial void SignedOut(ILogger log, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "A sign-in was refused, for user {UserId}")]
    private static partial void Refused(ILogger log, Guid? userId);
}

internal static class SessionQueries
{
    public static IQueryable<Session> VisibleTo(this IQueryable<Session> sessions, Caller caller) => sessions.Where(s => s.UserId == caller.Id);
}
