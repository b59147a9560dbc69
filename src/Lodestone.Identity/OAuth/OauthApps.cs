using System.Text.Json;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>Apps that people and organizations make and look after.</summary>
internal sealed partial class OauthApps(IdentityDb db, OauthConsents consents, Credentials credentials, TimeProvider clock, ILogger<OauthApps> log)
{
    /// <summary>Those that the caller may change, by name.</summary>
    public async Task<IReadOnlyList<OauthApp>> ListAsync(Caller caller, CancellationToken cancel) =>
        await db.OauthApps.AsNoTracking().VisibleTo(caller).OrderBy(a => a.Name).ThenBy(a => a.Id).ToListAsync(cancel);

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<OauthApp> FindAsync(Caller caller, string clientId, CancellationToken cancel) =>
        await db.OauthApps.VisibleTo(caller).SingleOrDefaultAsync(a => a.ClientId == clientId, cancel)
        ?? throw new Refusal(RefusalCode.NotFound, "You have no such app.");

    /// <param name="isPublic">Has no secret.</param>
    /// <param name="ownerId">The caller, or an organization that they administer.</param>
    /// <returns>The app, and its secret where it has one, which cannot be had again.</returns>
    /// <exception cref="Refusal"><c>forbidden</c>, or what is wrong with the description.</exception>
    public async Task<(OauthApp App, string? Secret)> CreateAsync(Caller caller, AppDescription wanted, bool isPublic, Guid ownerId, CancellationToken cancel)
    {
        var person = await consents.PersonAsync(caller, cancel);
        if (!person.CanAdminister(ownerId))
        {
            throw new Refusal(RefusalCode.Forbidden, "Only an organization's admin makes apps for it.");
        }

        var app = wanted.Make(clock, isPublic, ownerId);
        var secret = isPublic ? null : app.SetSecret();
        db.OauthApps.Add(app);
        await db.SaveChangesAsync(cancel);
        Created(log, app.ClientId, ownerId, person.Id);
        return (app, secret);
    }

    /// <summary>Scopes that it loses are taken from what people allowed it, and from its tokens.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, or what is wrong with the description.</exception>
    public async Task ChangeAsync(Caller caller, string clientId, AppDescription wanted, CancellationToken cancel)
    {
        var app = await FindAsync(await consents.PersonAsync(caller, cancel), clientId, cancel);
        wanted.Check();
        (app.Name, app.Website, app.RedirectUris, app.Scope) = (wanted.Name.Trim(), wanted.Website, JsonSerializer.Serialize(wanted.Redirects), wanted.Scope);
        await db.SaveChangesAsync(cancel);
        credentials.Forget();
        Changed(log, app.ClientId, caller.Id);
    }

    /// <summary>The secret before stops working at once.</summary>
    /// <returns>The new secret, which cannot be had again.</returns>
    /// <exception cref="Refusal"><c>not_found</c>; <c>conflict</c> for an app that has none.</exception>
    public async Task<string> RenewSecretAsync(Caller caller, string clientId, CancellationToken cancel)
    {
        var app = await FindAsync(await consents.PersonAsync(caller, cancel), clientId, cancel);
        if (app.IsPublic)
        {
            throw new Refusal(RefusalCode.Conflict, "This app has no secret.");
        }

        var secret = app.SetSecret();
        await db.SaveChangesAsync(cancel);
        Changed(log, app.ClientId, caller.Id);
        return secret;
    }

    /// <summary>With everything that people allowed it, and every token.</summary>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task DeleteAsync(Caller caller, string clientId, CancellationToken cancel)
    {
        var app = await FindAsync(await consents.PersonAsync(caller, cancel), clientId, cancel);
        await db.WriteAsync(inner => db.OauthApps.Where(a => a.Id == app.Id).ExecuteDeleteAsync(inner), cancel);
        credentials.Forget();
        Deleted(log, app.ClientId, caller.Id);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "App {ClientId} of {OwnerId} was made by user {UserId}")]
    private static partial void Created(ILogger log, string clientId, Guid ownerId, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {ClientId} was changed by user {UserId}")]
    private static partial void Changed(ILogger log, string clientId, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {ClientId} was deleted by user {UserId}")]
    private static partial void Deleted(ILogger log, string clientId, Guid userId);
}

/// <summary>What somebody says an app is.</summary>
/// <param name="Redirects">Addresses to which people may be sent back; none for an app that only signs in devices.</param>
internal sealed record AppDescription(string Name, IReadOnlyList<string> Redirects, string? Website, TokenScope Scope)
{
    private const int LongestName = 60;
    private const int LongestWebsite = 200;
    private const int MostRedirects = 20;

    /// <exception cref="Refusal"><c>invalid_name</c>, <c>invalid_redirect_uri</c>, <c>unprocessable</c>.</exception>
    public OauthApp Make(TimeProvider clock, bool isPublic, Guid? ownerId, bool isSelfRegistered = false)
    {
        Check();
        return new OauthApp
        {
            Id = PublicId.New(clock),
            ClientId = Guid.CreateVersion7(clock.GetUtcNow()).ToString(),
            Name = Name.Trim(),
            RedirectUris = JsonSerializer.Serialize(Redirects),
            IsPublic = isPublic,
            OwnerId = ownerId,
            Scope = Scope,
            Website = Website,
            IsSelfRegistered = isSelfRegistered,
            CreatedAt = clock.GetUtcNow(),
        };
    }

    /// <inheritdoc cref="Make"/>
    public void Check()
    {
        if (Name.Trim().Length is 0 or > LongestName || Name.Any(char.IsControl))
        {
            throw new Refusal(IdentityRefusals.InvalidName, $"Give the app a name of at most {LongestName} characters: people read it when they are asked.") { Param = "name" };
        }

        if (Redirects.Count > MostRedirects)
        {
            throw new Refusal(OauthRefusals.InvalidRedirectUri, $"An app has at most {MostRedirects} redirect addresses.") { Param = "redirectUris" };
        }

        foreach (var uri in Redirects)
        {
            RedirectUri.Check(uri);
        }

        if (Website is not null && (Website.Length > LongestWebsite || !Uri.TryCreate(Website, UriKind.Absolute, out var site) || (site.Scheme != Uri.UriSchemeHttps && site.Scheme != Uri.UriSchemeHttp)))
        {
            throw new Refusal(RefusalCode.Unprocessable, "Give a web address that begins with https:// or http://, or leave it empty.") { Param = "website" };
        }

        if (Scope is TokenScope.None)
        {
            throw new Refusal(RefusalCode.Unprocessable, "Choose at least one thing that the app may ask for.") { Param = "scopes" };
        }
    }
}
