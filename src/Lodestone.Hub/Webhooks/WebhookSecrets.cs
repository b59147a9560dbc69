using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Lodestone.Hub;

/// <summary>Secrets of webhooks: encrypted in the database with the server's data protection keys, and what is signed with them.</summary>
internal sealed class WebhookSecrets(IDataProtectionProvider protection)
{
    private readonly IDataProtector _protector = protection.CreateProtector("hub.webhook.secret");

    public string? Seal(string? secret) => string.IsNullOrEmpty(secret) ? null : _protector.Protect(secret);

    public string? Open(Webhook webhook) => webhook.Secret is null ? null : _protector.Unprotect(webhook.Secret);

    /// <summary>
    /// <c>t=1700000000,v1=…</c>: seconds since 1970, and the hexadecimal HMAC-SHA-256, with the secret as its key, of those seconds, a
    /// full stop and the body.
    /// </summary>
    public static string Sign(string secret, string body, DateTimeOffset now)
    {
        var seconds = now.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{seconds}.{body}"));
        return $"t={seconds},v1={Convert.ToHexStringLower(mac)}";
    }
}
