using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Signing in a program that has no browser: it shows a code, and a person types it in one (RFC 8628).</summary>
internal static class DeviceEndpoint
{
    /// <summary>A minute from one address.</summary>
    private const int MostBegun = 30;

    public static void MapDevices(this IEndpointRouteBuilder routes) => routes.MapPost(Discovery.DevicePath, Begin)
        .WithErrorShape(ErrorShape.Oauth).WithOwnAuthority().WithTags("OAuth");

    private static async Task<Ok<DeviceAnswer>> Begin(HttpContext context, OauthClients clients, Devices devices, AddressQuota quota, CancellationToken cancel)
    {
        context.Response.Headers.CacheControl = "no-store";
        quota.Take("device", context.Connection.RemoteIpAddress, MostBegun);
        var form = await context.Request.OauthFormAsync(cancel);
        var app = await clients.RequireAsync(context.Request, form, cancel);
        var (deviceCode, userCode) = await devices.BeginAsync(app, OauthScopes.Asked(form.Value("scope"), app), cancel);
        var page = context.Request.BaseAddress() + Discovery.ActivatePath;
        return TypedResults.Ok(new DeviceAnswer(deviceCode, userCode, page, $"{page}?user_code={userCode}", (long)OauthDevice.Lifetime.TotalSeconds, OauthDevice.FirstWaitSeconds));
    }
}

/// <summary>Devices that wait for a person.</summary>
internal sealed class Devices(IdentityDb db, OauthConsents consents, AddressQuota quota, TimeProvider clock)
{
    private const string Letters = "BCDFGHJKLMNPQRSTVWXZ"; // RFC 8628 section 6.1: no vowels, so no words
    private const int Length = 8;

    /// <summary>Wrong codes a minute from one person.</summary>
    private const int MostGuesses = 10;

    public async Task<(string DeviceCode, string UserCode)> BeginAsync(OauthApp app, TokenScope scope, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var old = now - TimeSpan.FromDays(1); // kept for a while, so that a device hears that its code has expired
        await db.WriteAsync(inner => db.OauthDevices.Where(d => d.ExpiresAt < old).ExecuteDeleteAsync(inner), cancel);
        while (true)
        {
            var (deviceCode, typed) = (Secret.New("hf_device_"), RandomNumberGenerator.GetString(Letters, Length));
            db.OauthDevices.Add(new OauthDevice
            {
                Id = Guid.CreateVersion7(now),
                Hash = Secret.Hash(deviceCode),
                UserCodeHash = Secret.Hash(typed),
                AppId = app.Id,
                Scope = scope,
                WaitSeconds = OauthDevice.FirstWaitSeconds,
                CreatedAt = now,
                ExpiresAt = now + OauthDevice.Lifetime,
            });
            if (await db.TrySaveAsync(cancel)) // else another device shows the same code
            {
                return (deviceCode, $"{typed[..(Length / 2)]}-{typed[(Length / 2)..]}");
            }
        }
    }

    /// <summary>The device that shows the code and waits.</summary>
    /// <exception cref="Refusal"><c>not_found</c>; <c>slow_down</c> after several wrong codes.</exception>
    public async Task<(OauthDevice Device, OauthApp App)> FindAsync(Caller person, string typed, CancellationToken cancel)
    {
        quota.Check("code", person.Name, MostGuesses);
        var (hash, now) = (Secret.Hash(string.Concat(typed.ToUpperInvariant().Where(Letters.Contains))), clock.GetUtcNow());
        var found = await db.OauthDevices.Where(d => d.UserCodeHash == hash && d.ExpiresAt > now && d.ConsentId == null && d.DeniedAt == null)
            .Join(db.OauthApps, d => d.AppId, a => a.Id, (d, a) => new { Device = d, App = a }).SingleOrDefaultAsync(cancel);
        if (found is null)
        {
            quota.Count("code", person.Name);
            throw new Refusal(RefusalCode.NotFound, "No device waits with this code. Codes are good for 15 minutes; look at the device again.") { Param = "user_code" };
        }

        return (found.Device, found.App);
    }

    /// <exception cref="Refusal">As <see cref="FindAsync"/>; <c>forbidden</c>.</exception>
    public async Task<OauthApp> AllowAsync(Caller caller, string typed, IReadOnlyList<Guid>? organizationIds, CancellationToken cancel)
    {
        var person = await consents.PersonAsync(caller, cancel);
        var (device, app) = await FindAsync(person, typed, cancel);
        device.ConsentId = await consents.AllowAsync(person, app, device.Scope, organizationIds, cancel);
        await db.SaveChangesAsync(cancel);
        return app;
    }

    /// <inheritdoc cref="AllowAsync"/>
    public async Task<OauthApp> DenyAsync(Caller caller, string typed, CancellationToken cancel)
    {
        var (device, app) = await FindAsync(await consents.PersonAsync(caller, cancel), typed, cancel);
        device.DeniedAt = clock.GetUtcNow();
        await db.SaveChangesAsync(cancel);
        return app;
    }
}

/// <param name="UserCode">What the person types.</param>
/// <param name="VerificationUri">Where.</param>
/// <param name="VerificationUriComplete">The same with the code filled in.</param>
/// <param name="ExpiresIn">Seconds.</param>
/// <param name="Interval">Seconds between two questions at the token endpoint.</param>
internal sealed record DeviceAnswer(
    [property: JsonPropertyName("device_code")] string DeviceCode,
    [property: JsonPropertyName("user_code")] string UserCode,
    [property: JsonPropertyName("verification_uri")] string VerificationUri,
    [property: JsonPropertyName("verification_uri_complete")] string VerificationUriComplete,
    [property: JsonPropertyName("expires_in")] long ExpiresIn,
    [property: JsonPropertyName("interval")] long Interval);
