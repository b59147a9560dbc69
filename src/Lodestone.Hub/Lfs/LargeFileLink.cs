using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// A link to one large file's bytes that carries its own authority, because clients send no token there: which repository, which
/// file, how many bytes, to read or to write, and until when, all signed.
/// </summary>
/// <param name="PartSize">Bytes of a part, for uploads in parts; else 0.</param>
internal sealed record LargeFileLink(Guid RepoId, Sha256Digest Digest, long Size, long PartSize, LargeFileOperation Operation, DateTimeOffset ExpiresAt)
{
    private static readonly RefusalCode Expired = new("link_expired", 403);
    private static readonly RefusalCode Forged = new("link_invalid", 403);

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    /// <summary>Of a link to what is behind a gate, which may close: clients ask for another when they go on.</summary>
    public static readonly TimeSpan GatedLifetime = TimeSpan.FromMinutes(15);

    public PartialBlob Upload => new(RepoId, Digest, Size, PartSize);

    public string ToUrl(string baseAddress, byte[] secret) => $"{Place(baseAddress)}?{Query(secret)}";

    /// <summary>One address for each part, by its number: zero-padded, because some clients send the parts in the order of these texts.</summary>
    public IEnumerable<KeyValuePair<string, string>> ToPartUrls(string baseAddress, byte[] secret)
    {
        var (place, query) = (Place(baseAddress), Query(secret)); // one signature is good for all
        return Enumerable.Range(1, Upload.Parts).Select(number => KeyValuePair.Create(
            number.ToString("D5", CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{place}/{number}?{query}")));
    }

    /// <exception cref="Refusal"><c>link_invalid</c> or <c>link_expired</c>.</exception>
    public static LargeFileLink Read(SignedLink signed, LargeFileOperation operation, byte[] secret, TimeProvider clock)
    {
        if (!PublicId.TryParseHub(signed.Repo, out var repoId) || !Sha256Digest.TryParse(signed.Oid, out var digest) || signed.Expires is < 0 or > 253402300799)
        {
            throw Invalid();
        }

        var link = new LargeFileLink(repoId, digest, signed.Size, signed.PartSize ?? 0, operation, DateTimeOffset.FromUnixTimeSeconds(signed.Expires));
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(link.Sign(secret)), Encoding.UTF8.GetBytes(signed.Signature)))
        {
            throw Invalid();
        }

        return link.ExpiresAt > clock.GetUtcNow() ? link : throw new Refusal(Expired, "This link has expired. Ask for a new one.");
    }

    private string Place(string baseAddress) =>
        $"{baseAddress}/api/lfs/{PublicId.ToHub(RepoId)}/{Digest}{(Operation is LargeFileOperation.Verify ? "/verify" : "")}";

    private string Query(byte[] secret)
    {
        var parts = PartSize == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"&partSize={PartSize}");
        return string.Create(CultureInfo.InvariantCulture, $"size={Size}{parts}&expires={ExpiresAt.ToUnixTimeSeconds()}&signature={Sign(secret)}");
    }

    private string Sign(byte[] secret)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Operation}\n{RepoId:N}\n{Digest}\n{Size}\n{PartSize}\n{ExpiresAt.ToUnixTimeSeconds()}");
        return Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(text)));
    }

    private static Refusal Invalid() => new(Forged, "This link is not valid. Ask for a new one.");
}

internal enum LargeFileOperation
{
    Download,
    Upload,
    UploadParts,
    Verify,
}

/// <summary>A link's parts as they come in.</summary>
internal readonly record struct SignedLink(string Repo, string Oid, long Size, long? PartSize, long Expires, string Signature);
