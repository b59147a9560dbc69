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
internal sealed record LargeFileLink(Guid RepoId, Sha256Digest Digest, long Size, LargeFileOperation Operation, DateTimeOffset ExpiresAt)
{
    private static readonly RefusalCode Expired = new("link_expired", 403);
    private static readonly RefusalCode Forged = new("link_invalid", 403);

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    public string ToUrl(string baseAddress, byte[] secret) => string.Create(
        CultureInfo.InvariantCulture,
        $"{baseAddress}/api/lfs/{PublicId.ToHub(RepoId)}/{Digest}?size={Size}&expires={ExpiresAt.ToUnixTimeSeconds()}&signature={Sign(secret)}");

    /// <exception cref="Refusal"><c>link_invalid</c> or <c>link_expired</c>.</exception>
    public static LargeFileLink Read(
        string repo, string oid, long size, long expires, string signature, LargeFileOperation operation, byte[] secret, TimeProvider clock)
    {
        if (!PublicId.TryParseHub(repo, out var repoId) || !Sha256Digest.TryParse(oid, out var digest) || expires is < 0 or > 253402300799)
        {
            throw Invalid();
        }

        var link = new LargeFileLink(repoId, digest, size, operation, DateTimeOffset.FromUnixTimeSeconds(expires));
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(link.Sign(secret)), Encoding.UTF8.GetBytes(signature)))
        {
            throw Invalid();
        }

        return link.ExpiresAt > clock.GetUtcNow() ? link : throw new Refusal(Expired, "This link has expired. Ask for a new one.");
    }

    private string Sign(byte[] secret)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Operation}\n{RepoId:N}\n{Digest}\n{Size}\n{ExpiresAt.ToUnixTimeSeconds()}");
        return Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(text)));
    }

    private static Refusal Invalid() => new(Forged, "This link is not valid. Ask for a new one.");
}

internal enum LargeFileOperation
{
    Download,
    Upload,
}
