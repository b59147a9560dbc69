namespace Lodestone.Hub;

/// <summary>Settings under <c>Hub</c>.</summary>
public sealed record HubOptions
{
    // Addresses of xorbs are handed out that are good for some minutes, and downloads under way take their time.
    private static readonly TimeSpan ShortestXorbGrace = TimeSpan.FromHours(1);

    /// <summary>Bytes. A larger file is taken in parts from clients that can send them, so that an upload cut off goes on where it was; 64 MiB unless given.</summary>
    public long MultipartThreshold { get; init; } = 64 * 1024 * 1024;

    /// <summary>Bytes of a part, which is what an upload cut off loses; 16 MiB unless given. Very large files get larger parts.</summary>
    public long PartSize { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes that a namespace may store, where it has no limit of its own; no limit unless given.</summary>
    public long? StorageLimit { get; init; }

    /// <summary>How long a large file that nothing refers to is kept; 7 days unless given. Zero only while nobody uploads.</summary>
    public TimeSpan ReclaimAfter { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Takes large files by the Xet protocol from clients that can; on unless given. The Python client of today sends them in no other
    /// way unless its own setting says so. What came so is read as before when this is off.
    /// </summary>
    public bool Xet { get; init; } = true;

    /// <summary>Lets everybody build on chunks of public files instead of sending them; on unless given. Off: only on those of the same namespace.</summary>
    public bool SharePublicChunks { get; init; } = true;

    /// <summary>
    /// How long a xorb that no file has chunks of is kept; 21 days unless given, because clients refer for so long to what they have
    /// sent. What is shorter makes uploads fail of clients that remember longer.
    /// </summary>
    public TimeSpan XorbGrace { get; init; } = TimeSpan.FromDays(21);

    /// <summary>Large files that came whole are cut into chunks in the background, so that what they have in common is stored once; off unless given.</summary>
    public bool ChunkLargeFiles { get; init; }

    /// <summary>Models that have tensors in common are found in the background, and pages say which looks derived from which; on unless given.</summary>
    public bool InferLineage { get; init; } = true;

    /// <summary>Bytes. Models with more safetensors than this are not compared with others; 64 GiB unless given.</summary>
    public long InferLineageBytes { get; init; } = 64L * 1024 * 1024 * 1024;

    /// <summary>Path of an .mmdb file that says in which country network addresses are; none unless given, and then no gate can be closed to places.</summary>
    public string? AddressDatabase { get; init; }

    internal bool IsValid => MultipartThreshold >= 0 && PartSize > 0 && StorageLimit is not < 0 && ReclaimAfter >= TimeSpan.Zero && XorbGrace >= ShortestXorbGrace;
}
