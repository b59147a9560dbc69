namespace Lodestone.Hub;

/// <summary>How a shard lies in bytes: records of 48, whatever they are; then, in some, a footer.</summary>
internal static class ShardFormat
{
    public const int RecordSize = 48;
    public const int FooterSize = 200;
    public const ulong Version = 2;
    public const ulong FooterVersion = 1;

    /// <summary>Bytes.</summary>
    public const int MostSize = 64 * 1024 * 1024;

    /// <summary>Of a file: a verification follows for each term.</summary>
    public const uint HasVerification = 1u << 31;

    /// <summary>Of a file: its SHA-256 follows.</summary>
    public const uint HasSha256 = 1u << 30;

    /// <summary>Of a chunk: the client would like others to find it.</summary>
    public const uint IsAskable = 1u << 31;

    /// <summary>The first 32 bytes.</summary>
    public static ReadOnlySpan<byte> Tag =>
    [
        (byte)'H', (byte)'F', (byte)'R', (byte)'e', (byte)'p', (byte)'o', (byte)'M', (byte)'e', (byte)'t', (byte)'a', (byte)'D', (byte)'a', (byte)'t', (byte)'a',
        0, 85, 105, 103, 69, 106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169,
    ];

    /// <summary>Stands in the place of a hash after the last file, and after the last xorb.</summary>
    public static XetHash Bookend { get; } = new(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);
}
