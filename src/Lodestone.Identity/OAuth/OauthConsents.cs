using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>What people allow apps: asked, remembered, listed and taken back.</summary>
internal sealed partial class OauthConsents(IdentityDb db, Credentials credentials, TimeProvider clock, ILogger<OauthConsents> log)
{
    /// <summary>The caller, signed in with a browser: nothing else may allow an app anything.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>.</exception>
    public async Task<Caller> PersonAsync(Caller caller, CancellationToken cancel) =>
        await db.Sessions.VisibleTo(caller).AnyAsync(s => s.Id == caller.CredentialId, cancel)
            ? caller
            : throw new Refusal(RefusalCode.Forbidden, "Only somebody who signed in with a browser allows an app something; a token does not.");

    public Task<OauthConsent?> FindAsync(Caller person, Guid appId, CancellationToken cancel) =>
        db.OauthConsents.AsNoTracking().VisibleTo(person).SingleOrDefaultAsync(c => c.AppId == appId, cancel);

    /// <summary>Organizations that the person belongs to and could let an app act in, by name.</summary>
    public async Task<IReadOnlyList<ConsentOrganization>> OrganizationsAsync(Caller person, CancellationToken cancel)
    {
        var ids = person.Roles.Keys.ToList();
        var found = await db.Namespaces.AsNoTracking().Where(n => n.IsOrganization && ids.Contains(n.Id)).OrderBy(n => n.LoweredName).ToListAsync(cancel);
        return [.. found.Select(n => new ConsentOrganization(n.Id, n.Name, person.Roles[n.Id]))];
    }

    /// <summary>Adds to what the person has allowed the app, and sets in which organizations.</summary>
    /// <param name="organizationIds">Null leaves them as they are. Those that the person does not belong to are left out.</param>
    /// <returns>The consent's id.</returns>
    public async Task<Guid> AllowAsync(Caller person, OauthApp app, TokenScope scope, IReadOnlyCollection<Guid>? organizationIds, CancellationToken cancel)
    {
        var (now, own) = (clock.GetUtcNow(), organizationIds?.Where(id => id != person.Id && person.Roles.ContainsKey(id)));
        var consentId = await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<User>(person.Id, inner); // two answers at once: one row
                var consent = await db.OauthConsents.VisibleTo(person).SingleOrDefaultAsync(c => c.AppId == app.Id, inner);
                if (consent is null)
                {
                    consent = new OauthConsent
                    {
                        Id = Guid.CreateVersion7(now),
                        AppId = app.Id,
                        UserId = person.Id,
                        Scope = scope,
                        Organizations = OauthConsent.Written([]),
                        CreatedAt = now,
                        UsedAt = now,
                    };
                    db.OauthConsents.Add(consent);
                }

                (consent.Scope, consent.UsedAt) = (consent.Scope | scope, now);
                consent.Organizations = own is null ? consent.Organizations : OauthConsent.Written(own);
                await db.SaveChangesAsync(inner);
                return consent.Id;
            },
            cancel);
        credentials.Forget();
        Allowed(log, person.Id, app.ClientId, scope);
        return consentId;
    }

    /// <returns>A code for the app, which it exchanges for tokens.</returns>
    public async Task<string> CodeAsync(AuthorizeRequest asked, Guid consentId, CancellationToken cancel)
    {
        var (now, code) = (clock.GetUtcNow(), Secret.New("hf_code_"));
        var old = now - TimeSpan.FromHours(1); // kept for a while after their end: one that is shown again then is a theft
        db.OauthCodes.RemoveRange(await db.OauthCodes.Where(c => c.ExpiresAt < old).ToListAsync(cancel));
        db.OauthCodes.Add(new OauthCode
        {
            Id = Guid.CreateVersion7(now),
            Hash = Secret.Hash(code),
            ConsentId = consentId,
            Scope = asked.Scope,
            RedirectUri = asked.RedirectUri,
            Challenge = asked.Challenge,
            Nonce = asked.Nonce,
            ExpiresAt = now + OauthCode.Lifetime,
        });
        await db.SaveChangesAsync(cancel);
        return code;
    }

    /// <summary>The apps that the person allowed something, by name.</summary>
    public async Task<IReadOnlyList<AllowedApp>> ListAsync(Caller person, CancellationToken cancel)
    {
        var found = await db.OauthConsents.AsNoTracking().VisibleTo(person).Join(db.OauthApps, c => c.AppId, a => a.Id, (c, a) => new { Consent = c, App = a }).OrderBy(f => f.App.Name).ToListAsync(cancel);
        var ids = found.SelectMany(f => f.Consent.OrganizationIds).ToList();
        var names = await db.Namespaces.Where(n => ids.Contains(n.Id)).ToDictionaryAsync(n => n.Id, n => n.Name, cancel);
        return [.. found.Select(f => new AllowedApp(f.Consent, f.App, [.. f.Consent.OrganizationIds.Select(id => names.GetValueOrDefault(id)).OfType<string>()]))];
    }

    /// <summary>Takes back everything, and with it every token that the app has of the person.</summary>
    /// <returns>The app's name; null when there is no such consent.</returns>
    public async Task<string?> RevokeAsync(Caller person, Guid consentId, CancellationToken cancel)
    {
        var found = db.OauthConsents.VisibleTo(person.InPerson()).Where(c => c.Id == consentId);
        var name = await found.Join(db.OauthApps, c => c.AppId, a => a.Id, (_, a) => a.Name).SingleOrDefaultAsync(cancel);
        if (name is null || await db.WriteAsync(inner => found.ExecuteDeleteAsync(inner), cancel) == 0)
        {
            return null;
        }

        credentials.Forget();
        Revoked(log, person.Id, consentId);
        return name;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} allowed app {ClientId} the scope {Scope}")]
    private static partial void Allowed(ILogger log, Guid userId, string clientId, TokenScope scope);

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} took back the consent {ConsentId}")]
    private static partial void Revoked(ILogger log, Guid userId, Guid consentId);
}

/// <param name="Role">The person's.</param>
internal sealed record ConsentOrganization(Guid Id, string Name, NamespaceRole Role);

/// <param name="Organizations">Names of those in which it may act.</param>
internal sealed record AllowedApp(OauthConsent Consent, OauthApp App, IReadOnlyList<string> Organizations);

internal static class OauthConsentQueries
{
    public static IQueryable<OauthConsent> VisibleTo(this IQueryable<OauthConsent> consents, Caller caller) => consents.Where(c => c.UserId == caller.Id);
}
