using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// A link to some bytes of a xorb that carries its own authority, because clients send no token there. Only to those bytes: what
/// else is in the xorb may be of files that the reader may not have.
/// </summary>
/// <param name="Start">First byte, in the chunk records.</param>
/// <param name="End">Last byte.</param>
internal sealed record XorbLink(XetHash Xorb, long Start, long End, DateTimeOffset ExpiresAt)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private static readonly RefusalCode Expired = new("link_expired", 403);
    private static readonly RefusalCode Forged = new("link_invalid", 403);

    /// <param name="casAddress">Where <c>/data/…</c> is.</param>
    public string ToUrl(string casAddress, byte[] secret) => string.Create(
        CultureInfo.InvariantCulture,
        $"{casAddress}/data/{Xorb}?start={Start}&end={End}&expires={ExpiresAt.ToUnixTimeSeconds()}&signature={Sign(secret)}");

    /// <exception cref="Refusal"><c>link_invalid</c>; <c>link_expired</c>, after which clients ask for a new reconstruction.</exception>
    public static XorbLink Read(SignedXorbLink signed, byte[] secret, TimeProvider clock)
    {
        if (!XetHash.TryParse(signed.Xorb, out var xorb) || signed.Expires is < 0 or > 253402300799)
        {
            throw Invalid();
        }

        var link = new XorbLink(xorb, signed.Start, signed.End, DateTimeOffset.FromUnixTimeSeconds(signed.Expires));
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(link.Sign(secret)), Encoding.UTF8.GetBytes(signed.Signature)))
        {
            throw Invalid();
        }

        return link.ExpiresAt > clock.GetUtcNow() ? link : throw new Refusal(Expired, "This link has expired. Ask for a new reconstruction.");
    }

    /// <exception cref="Refusal"><c>link_invalid</c>.</exception>
    public ByteRange Require(ByteRange? asked) =>
        asked is { } part && part.Start >= Start && part.Start + part.Length - 1 <= End
            ? part
            : throw new Refusal(Forged, string.Create(CultureInfo.InvariantCulture, $"This link is good for bytes={Start}-{End} and parts of that. Ask with such a Range."));

    private string Sign(byte[] secret)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"Xorb\n{Xorb}\n{Start}\n{End}\n{ExpiresAt.ToUnixTimeSeconds()}");
        return Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(text)));
    }

    private static Refusal Invalid() => new(Forged, "This link is not valid. Ask for a new reconstruction.");
}

/// <summary>A link's parts as they come in.</summary>
internal readonly record struct SignedXorbLink(string Xorb, long Start, long End, long Expires, string Signature);
