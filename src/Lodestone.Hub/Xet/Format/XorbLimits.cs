namespace Lodestone.Hub;

/// <summary>The protocol's.</summary>
internal static class XorbLimits
{
    /// <summary>Bytes, as sent.</summary>
    public const int Size = 64 * 1024 * 1024;

    public const int Chunks = 8192;
}
