namespace Lodestone.Hub;

/// <summary>The protocol's.</summary>
internal static class XorbLimits
{
    /// <summary>
    /// Bytes, as sent. Native clients fill a xorb to 64 MiB of chunks and count neither headers nor the footer: those of
    /// 8,192 chunks take less than half a MiB.
    /// </summary>
    public const int Size = (64 * 1024 * 1024) + (512 * 1024);

    public const int Chunks = 8192;
}
