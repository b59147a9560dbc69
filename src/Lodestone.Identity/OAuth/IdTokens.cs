using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lodestone.Identity;

/// <summary>Signed statements of who signed in to an app (OpenID Connect Core 1.0 section 2).</summary>
internal sealed class IdTokens(SigningKeys keys, UserClaims claims, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <param name="issuer">This server, as the app calls it.</param>
    public async Task<string> MakeAsync(IssuedTokens issued, string issuer, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var user = await claims.OfAsync(issued.Consent.UserId, issued.Scope, issued.Consent.OrganizationIds, issuer, cancel);
        var said = new Dictionary<string, object>(StringComparer.Ordinal) { ["sub"] = user.Sub };
        Say("nonce", issued.Nonce);
        Say("name", user.Name);
        Say("preferred_username", user.PreferredUsername);
        Say("profile", user.Profile);
        Say("picture", user.Picture);
        Say("website", user.Website);
        Say("email", user.Email);
        Say("email_verified", user.EmailVerified);
        return Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = issued.ClientId,
            IssuedAt = now.UtcDateTime,
            Expires = (now + Lifetime).UtcDateTime,
            Claims = said,
            SigningCredentials = await keys.CurrentAsync(cancel),
        });

        void Say(string name, object? value)
        {
            if (value is not null)
            {
                said[name] = value;
            }
        }
    }
}
