using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Lodestone.Billing;

/// <summary>
/// The header <c>Stripe-Signature</c>: <c>t=1700000000,v1=…</c>, of which each <c>v1</c> is the HMAC-SHA-256 of <c>{t}.{body}</c>, in
/// hexadecimal; several while the secret is being changed (https://docs.stripe.com/webhooks/signature).
/// </summary>
internal static class StripeSignature
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <param name="body">The bytes as they came.</param>
    /// <param name="secrets">One or more, separated by spaces.</param>
    public static bool Fits(ReadOnlySpan<byte> body, string? header, string secrets, DateTimeOffset now)
    {
        var parts = (header ?? "").Split(',').Select(p => p.Trim().Split('=', 2)).Where(p => p.Length == 2).ToList();
        var stamp = parts.Find(p => p[0] == "t")?[1];
        if (!long.TryParse(stamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || Apart(now.ToUnixTimeSeconds(), seconds) > Tolerance.Ticks / TimeSpan.TicksPerSecond)
        {
            return false;
        }

        var signed = new byte[stamp.Length + 1 + body.Length];
        Encoding.ASCII.GetBytes($"{stamp}.", signed);
        body.CopyTo(signed.AsSpan(stamp.Length + 1));
        var given = parts.Where(p => p[0] == "v1").Select(p => Encoding.ASCII.GetBytes(p[1])).ToList();
        var isSigned = false;
        foreach (var secret in secrets.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var expected = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed)));
            isSigned |= given.Exists(signature => CryptographicOperations.FixedTimeEquals(signature, expected));
        }

        return isSigned;
    }

    private static long Apart(long left, long right) => left > right ? left - right : right - left;
}
