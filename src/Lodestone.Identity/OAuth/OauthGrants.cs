using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Lodestone.Identity;

/// <summary>
/// Gives an app tokens for what it shows: a code, a refresh token or a device's code, each good once. One that is shown again did not
/// come from whom it was given to, so everything that came of it ends.
/// </summary>
internal sealed partial class OauthGrants(IdentityDb db, Credentials credentials, TimeProvider clock, ILogger<OauthGrants> log)
{
    // Clients count from the answer before, and clocks and networks are not exact.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    /// <param name="client">Null where the call named no app: the code says which it is.</param>
    /// <exception cref="Refusal"><c>invalid_grant</c>, <c>invalid_client</c>, <c>invalid_request</c>.</exception>
    public async Task<IssuedTokens> FromCodeAsync(OauthClient? client, string code, string redirectUri, string? verifier, CancellationToken cancel)
    {
        var hash = Secret.Hash(code);
        var found = await db.OauthCodes.AsNoTracking().SingleOrDefaultAsync(c => c.Hash == hash, cancel) ?? throw OauthRefusals.NotGood("code");
        var (consent, app) = await HolderAsync(found.ConsentId, cancel);
        if (client is not null && client.App.Id != app.Id)
        {
            throw OauthRefusals.NotGood("code");
        }

        (client ?? new OauthClient(app, IsProved: false)).Allowed();
        if (found.UsedAt is not null)
        {
            await EndReplayedAsync(found.Id, app.Id, cancel);
            throw OauthRefusals.NotGood("code");
        }

        if (found.ExpiresAt <= clock.GetUtcNow() || found.RedirectUri != redirectUri || !IsAnsweredBy(found.Challenge, verifier, client?.IsProved is true))
        {
            throw found.RedirectUri != redirectUri
                ? new Refusal(OauthRefusals.InvalidGrant, "The redirect_uri is not the one that the code was asked with.")
                : OauthRefusals.NotGood("code, or its code_verifier,");
        }

        var now = clock.GetUtcNow();
        return await IssueAsync(
            new Grant(app, consent, found.Id, found.Scope & app.Scope, found.Nonce),
            db.OauthCodes.Where(c => c.Id == found.Id && c.UsedAt == null),
            (codes, inner) => codes.ExecuteUpdateAsync(c => c.SetProperty(x => x.UsedAt, now), inner),
            "code",
            cancel);
    }

    /// <exception cref="Refusal"><c>invalid_grant</c>.</exception>
    public async Task<IssuedTokens> FromRefreshAsync(OauthApp caller, string refreshToken, CancellationToken cancel)
    {
        var hash = Secret.Hash(refreshToken);
        var found = await db.OauthTokens.AsNoTracking().SingleOrDefaultAsync(t => t.RefreshHash == hash, cancel) ?? throw OauthRefusals.NotGood("refresh token");
        var (consent, app) = await HolderAsync(found.ConsentId, cancel);
        if (app.Id != caller.Id)
        {
            throw OauthRefusals.NotGood("refresh token");
        }

        if (found.RefreshedAt is not null)
        {
            await EndReplayedAsync(found.GrantId, app.Id, cancel);
            throw OauthRefusals.NotGood("refresh token");
        }

        var now = clock.GetUtcNow();
        return found.RefreshExpiresAt <= now
            ? throw OauthRefusals.NotGood("refresh token")
            : await IssueAsync(
                new Grant(app, consent, found.GrantId, found.Scope & app.Scope, Nonce: null),
                db.OauthTokens.Where(t => t.Id == found.Id && t.RefreshedAt == null),
                (tokens, inner) => tokens.ExecuteUpdateAsync(t => t.SetProperty(x => x.RefreshedAt, now), inner),
                "refresh token",
                cancel);
    }

    /// <exception cref="Refusal"><c>authorization_pending</c>, <c>slow_down</c>, <c>access_denied</c>, <c>expired_token</c>, <c>invalid_grant</c>.</exception>
    public async Task<IssuedTokens> FromDeviceAsync(OauthApp caller, string deviceCode, CancellationToken cancel)
    {
        var (hash, now) = (Secret.Hash(deviceCode), clock.GetUtcNow());
        var found = await db.OauthDevices.AsNoTracking().SingleOrDefaultAsync(d => d.Hash == hash, cancel);
        if (found is null || found.AppId != caller.Id || found.UsedAt is not null)
        {
            throw OauthRefusals.NotGood("device code");
        }

        if (found.DeniedAt is not null)
        {
            throw new Refusal(OauthRefusals.AccessDenied, "The person did not allow it.");
        }

        if (found.ExpiresAt <= now)
        {
            throw new Refusal(OauthRefusals.ExpiredToken, "Nobody typed the code in time. Start again.");
        }

        if (found.ConsentId is not { } consentId)
        {
            throw await StillWaitingAsync(found, now, cancel);
        }

        var (consent, app) = await HolderAsync(consentId, cancel);
        return await IssueAsync(
            new Grant(app, consent, found.Id, found.Scope & app.Scope, Nonce: null),
            db.OauthDevices.Where(d => d.Id == found.Id && d.UsedAt == null),
            (devices, inner) => devices.ExecuteUpdateAsync(d => d.SetProperty(x => x.UsedAt, now), inner),
            "device code",
            cancel);
    }

    /// <summary>Ends what one sign-in gave, by its access or its refresh token (RFC 7009). Another app's is left as it is, and nothing is said.</summary>
    public async Task EndAsync(OauthApp caller, string token, CancellationToken cancel)
    {
        var hash = Secret.Hash(token);
        var grants = db.OauthTokens.Where(t => (t.Hash == hash || t.RefreshHash == hash) && db.OauthConsents.Any(c => c.Id == t.ConsentId && c.AppId == caller.Id)).Select(t => t.GrantId);
        foreach (var grantId in await grants.ToListAsync(cancel))
        {
            await EndGrantAsync(grantId, cancel);
        }
    }

    private async Task<Refusal> StillWaitingAsync(OauthDevice device, DateTimeOffset now, CancellationToken cancel)
    {
        var isTooFast = device.PolledAt is { } last && last + TimeSpan.FromSeconds(device.WaitSeconds) - Tolerance > now;
        var wait = isTooFast ? device.WaitSeconds + OauthDevice.FirstWaitSeconds : device.WaitSeconds; // RFC 8628 section 3.5: five seconds more from now on
        await db.WriteAsync(
            inner => db.OauthDevices.Where(d => d.Id == device.Id).ExecuteUpdateAsync(d => d.SetProperty(x => x.PolledAt, now).SetProperty(x => x.WaitSeconds, wait), inner), cancel);
        return isTooFast
            ? new Refusal(OauthRefusals.SlowDown, $"Ask every {wait} seconds.")
            : new Refusal(OauthRefusals.AuthorizationPending, "Nobody has typed the code yet.");
    }

    /// <param name="shown">The row of what was shown, as long as nobody else has used it.</param>
    /// <param name="use">Marks it as used; says how many rows that were.</param>
    private async Task<IssuedTokens> IssueAsync<T>(Grant grant, IQueryable<T> shown, Func<IQueryable<T>, CancellationToken, Task<int>> use, string what, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var (access, refresh) = (Secret.New(OauthToken.Prefix), Secret.New(OauthToken.RefreshPrefix));
        var isFirst = await db.WriteAsync(
            async inner =>
            {
                if (await use(shown, inner) == 0)
                {
                    return false;
                }

                await db.OauthTokens.Where(t => t.RefreshExpiresAt < now).ExecuteDeleteAsync(inner);
                await db.OauthConsents.Where(c => c.Id == grant.Consent.Id).ExecuteUpdateAsync(c => c.SetProperty(x => x.UsedAt, now), inner);
                db.OauthTokens.Add(new OauthToken
                {
                    Id = Guid.CreateVersion7(now),
                    ConsentId = grant.Consent.Id,
                    GrantId = grant.Id,
                    Scope = grant.Scope,
                    Hash = Secret.Hash(access),
                    ExpiresAt = now + OauthToken.Lifetime,
                    RefreshHash = Secret.Hash(refresh),
                    RefreshExpiresAt = now + OauthToken.RefreshLifetime,
                    CreatedAt = now,
                });
                await db.SaveChangesAsync(inner);
                return true;
            },
            cancel);
        if (!isFirst)
        {
            await EndReplayedAsync(grant.Id, grant.App.Id, cancel);
            throw OauthRefusals.NotGood(what);
        }

        Issued(log, grant.App.ClientId, grant.Consent.UserId);
        return new IssuedTokens(access, refresh, grant.Scope, grant.App.ClientId, grant.Consent, grant.Nonce);
    }

    private async Task<(OauthConsent Consent, OauthApp App)> HolderAsync(Guid consentId, CancellationToken cancel)
    {
        var holder = await db.OauthConsents.AsNoTracking().Where(c => c.Id == consentId).Join(db.OauthApps, c => c.AppId, a => a.Id, (c, a) => new { Consent = c, App = a }).SingleOrDefaultAsync(cancel)
            ?? throw OauthRefusals.NotGood("permission"); // taken back this moment
        return (holder.Consent, holder.App);
    }

    private async Task EndReplayedAsync(Guid grantId, Guid appId, CancellationToken cancel)
    {
        Replayed(log, grantId, appId);
        await EndGrantAsync(grantId, cancel);
    }

    private async Task EndGrantAsync(Guid grantId, CancellationToken cancel)
    {
        await db.WriteAsync(inner => db.OauthTokens.Where(t => t.GrantId == grantId).ExecuteDeleteAsync(inner), cancel);
        credentials.Forget();
    }

    // RFC 7636 section 4.6; without a challenge it is the secret that proves who asked.
    private static bool IsAnsweredBy(string? challenge, string? verifier, bool isProved) => challenge is null
        ? isProved && verifier is null
        : verifier is not null && CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(Base64UrlEncoder.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(verifier)))), Encoding.ASCII.GetBytes(challenge));

    [LoggerMessage(Level = LogLevel.Information, Message = "App {ClientId} was given tokens for user {UserId}")]
    private static partial void Issued(ILogger log, string clientId, Guid userId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What was used already of grant {GrantId} was shown again as app {AppId}; its tokens are ended")]
    private static partial void Replayed(ILogger log, Guid grantId, Guid appId);

    private sealed record Grant(OauthApp App, OauthConsent Consent, Guid Id, TokenScope Scope, string? Nonce);
}

/// <param name="Nonce">For the ID token.</param>
internal sealed record IssuedTokens(string Access, string Refresh, TokenScope Scope, string ClientId, OauthConsent Consent, string? Nonce);
