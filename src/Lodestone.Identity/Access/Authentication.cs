using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Identity;

/// <summary>
/// Says who makes a request: by the token in its headers, else by the session cookie, else nobody. A bad token is refused even on
/// what everybody may read, with the text by which hub clients tell it from a hidden repository; a stale cookie is not.
/// </summary>
internal sealed class Authentication(RequestDelegate next, Credentials credentials, CredentialUse use, TimeProvider clock)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<OwnAuthority>() is null && await FindAsync(context) is { } credential)
        {
            if (credential.Caller.AppId is not null && ErrorShapes.IsPage(context))
            {
                throw new Refusal(RefusalCode.InsufficientScope, "Pages are for people. An app calls the API.");
            }

            if (!credential.IsGoodFrom(context.Connection.RemoteIpAddress))
            {
                throw new Refusal(IdentityRefusals.AddressNotAllowed, $"This token is not good from {context.Connection.RemoteIpAddress}. Its owner names the addresses it is good from.");
            }

            context.Features.Set(credential.Caller);
            use.Note(credential);
        }

        await next(context);
    }

    private async Task<Credential?> FindAsync(HttpContext context)
    {
        if (AuthorizationHeader.Of(context.Request) is { } header)
        {
            var found = header.Value is null ? null : await credentials.FindTokenAsync(header.Value, context.RequestAborted);
            return found ?? throw new Refusal(RefusalCode.InvalidCredentials, "Invalid credentials in Authorization header")
            {
                Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["WWW-Authenticate"] = header.Challenge },
            };
        }

        return SessionCookie.Read(context.Request) is { } value ? await FindSessionAsync(context, value) : null;
    }

    private async Task<Credential?> FindSessionAsync(HttpContext context, string value)
    {
        if (await credentials.FindSessionAsync(value, context.RequestAborted) is not { } found)
        {
            return null;
        }

        SameOrigin.Check(context.Request);
        if (found.ExpiresAt is { } end && Session.IsWorn(end, clock.GetUtcNow()))
        {
            SessionCookie.Write(context, value);
        }

        return found;
    }
}
