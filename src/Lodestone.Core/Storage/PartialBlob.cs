using System.Runtime.InteropServices;

namespace Lodestone.Core;

/// <summary>A blob on its way in parts.</summary>
/// <param name="OwnerId">For whom: two owners never share an upload, so neither learns of the other's.</param>
/// <param name="Digest">What the whole must hash to.</param>
/// <param name="Size">Bytes of the whole.</param>
/// <param name="PartSize">Bytes of every part but the last.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PartialBlob(Guid OwnerId, Sha256Digest Digest, long Size, long PartSize)
{
    public int Parts => checked((int)((Size / PartSize) + (Size % PartSize == 0 ? 0 : 1)));

    /// <summary>Where the upload is kept; the part size is not in it, since an upload has but one.</summary>
    internal string Name => PartialBlobs.NameOf(OwnerId, Digest, Size);

    /// <param name="number">From 1.</param>
    public long LengthOf(int number) => Math.Min(PartSize, Size - OffsetOf(number));

    internal long OffsetOf(int number) => (number - 1) * PartSize;
}
