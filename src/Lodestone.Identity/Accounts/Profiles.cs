using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>What people say of themselves, and their passwords.</summary>
internal sealed partial class Profiles(IdentityDb db, Passwords passwords, LoginThrottle throttle, Credentials credentials, ILogger<Profiles> log)
{
    private const int LongestFullName = 100;
    private const int LongestWebsite = 200;

    public async Task<Profile> FindAsync(Caller caller, CancellationToken cancel) =>
        await db.Users.Where(u => u.Id == caller.Id)
            .Join(db.Namespaces, u => u.Id, n => n.Id, (u, n) => new Profile(n.Name, n.FullName, n.Website, u.Email, u.EmailVerified, u.PasswordHash != null))
            .SingleAsync(cancel);

    /// <exception cref="Refusal"><c>unprocessable</c>.</exception>
    public async Task DescribeAsync(Caller caller, string fullName, string? website, CancellationToken cancel)
    {
        if (fullName.Length > LongestFullName || fullName.Any(char.IsControl))
        {
            throw new Refusal(RefusalCode.Unprocessable, $"Give a full name of at most {LongestFullName} characters.") { Param = "fullName" };
        }

        if (website is not null && !IsWebsite(website))
        {
            throw new Refusal(RefusalCode.Unprocessable, "Give a web address that begins with https:// or http://, or leave it empty.") { Param = "website" };
        }

        var name = await db.Namespaces.SingleAsync(n => n.Id == caller.MayChange().Id, cancel);
        name.Describe(fullName, website);
        await db.SaveChangesAsync(cancel);
    }

    /// <summary>
    /// Sets the password and ends every other session of the user, and what their apps hold: whoever knew the old password may have let
    /// one in. Tokens that they made themselves stay, and so does what they allowed apps, which sign in again.
    /// </summary>
    /// <exception cref="Refusal"><c>wrong_password</c>, <c>weak_password</c>, <c>rate_limit_exceeded</c>.</exception>
    public async Task ChangePasswordAsync(Caller caller, string current, string wanted, CancellationToken cancel)
    {
        var user = await ProveAsync(caller, current, cancel);
        Passwords.Check(wanted);
        user.SetPassword(passwords.Hash(wanted));
        await db.WriteAsync(
            async inTransaction =>
            {
                await db.SaveChangesAsync(inTransaction);
                var consents = db.OauthConsents.VisibleTo(caller).Select(c => c.Id);
                await db.OauthTokens.Where(t => consents.Contains(t.ConsentId)).ExecuteDeleteAsync(inTransaction);
                await db.OauthCodes.Where(c => consents.Contains(c.ConsentId)).ExecuteDeleteAsync(inTransaction);
                await db.OauthDevices.Where(d => d.ConsentId != null && consents.Contains(d.ConsentId.Value)).ExecuteDeleteAsync(inTransaction);
                return await db.Sessions.VisibleTo(caller).Where(s => s.Id != caller.CredentialId).ExecuteDeleteAsync(inTransaction);
            },
            cancel);
        credentials.Forget();
        PasswordChanged(log, caller.Id);
    }

    /// <summary>Gives the user another e-mail address, which is not verified.</summary>
    /// <exception cref="Refusal"><c>wrong_password</c>, <c>invalid_email</c>, <c>rate_limit_exceeded</c>; <c>conflict</c> when it is theirs already.</exception>
    public async Task ChangeEmailAsync(Caller caller, string current, string wanted, CancellationToken cancel)
    {
        var user = await ProveAsync(caller, current, cancel);
        EmailAddress.Check(wanted);
        if (EmailAddress.Lower(wanted) == user.LoweredEmail)
        {
            throw new Refusal(RefusalCode.Conflict, "This is your address already.") { Param = "email" };
        }

        user.ChangeEmail(wanted);
        await db.SaveChangesAsync(cancel);
        EmailChanged(log, caller.Id);
    }

    /// <summary>The caller's own row, when they signed in in a browser and know their password.</summary>
    private async Task<User> ProveAsync(Caller caller, string current, CancellationToken cancel)
    {
        if (!await db.Sessions.VisibleTo(caller.MayChange()).AnyAsync(s => s.Id == caller.CredentialId, cancel))
        {
            throw new Refusal(RefusalCode.Forbidden, "This is changed in the browser, after signing in; not with a token.");
        }

        var user = await db.Users.SingleAsync(u => u.Id == caller.Id, cancel);
        throttle.Try(caller.Name, address: null);
        if (user.PasswordHash is not null && !passwords.Verify(user, current, out _))
        {
            throw new Refusal(IdentityRefusals.WrongPassword, "This is not your current password.") { Param = "current" };
        }

        throttle.Succeeded(caller.Name, address: null);
        return user;
    }

    private static bool IsWebsite(string website) =>
        website.Length <= LongestWebsite && Uri.TryCreate(website, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp);

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} changed the password")]
    private static partial void PasswordChanged(ILogger log, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} changed the e-mail address")]
    private static partial void EmailChanged(ILogger log, Guid userId);
}

/// <param name="Email">As typed.</param>
/// <param name="HasPassword">Some only ever use tokens.</param>
internal sealed record Profile(string Name, string FullName, string? Website, string Email, bool EmailVerified, bool HasPassword);
