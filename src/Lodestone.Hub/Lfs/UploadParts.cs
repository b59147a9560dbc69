using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Decides which uploads go in parts, and in parts of what size.</summary>
internal sealed class UploadParts(PartialBlobs partials, HubOptions options)
{
    public const string Transfer = "multipart";

    /// <summary>In one answer: each part is an address of some 250 bytes.</summary>
    private const int MostParts = 10_000;

    /// <summary>
    /// All files of a batch go the same way, because some clients hand the whole batch to the agent of one transfer; a small file
    /// then has one part.
    /// </summary>
    /// <param name="transfers">What the client can do; none said: <c>basic</c>.</param>
    /// <param name="sizes">Of the files to upload, in bytes.</param>
    /// <returns>Bytes of a part; 0 when the files go whole.</returns>
    public long PartSizeFor(IReadOnlyList<string>? transfers, IReadOnlyCollection<long> sizes)
    {
        var canParts = transfers?.Contains(Transfer, StringComparer.Ordinal) is true;
        var canWhole = transfers is null or [] || transfers.Contains("basic", StringComparer.Ordinal) || !canParts;
        if (!canParts || (canWhole && !sizes.Any(size => size > options.MultipartThreshold)))
        {
            return 0;
        }

        var partSize = options.PartSize;
        while (sizes.Sum(size => (decimal)size / partSize) > MostParts)
        {
            partSize *= 2;
        }

        return partSize;
    }

    /// <summary>Who comes back goes on with the parts that were begun.</summary>
    public long Resume(Guid repoId, Sha256Digest digest, long size, long partSize) =>
        partSize == 0 ? 0 : partials.PartSizeOf(repoId, digest, size) ?? partSize;

    /// <summary>A name for a part's content, as clients return it: the file's digest and the part's number name it.</summary>
    public static string ETag(Sha256Digest digest, int number) => $"\"{digest.Hex[..32]}-{number}\"";
}
