namespace Lodestone.Hub;

/// <summary>What one kind of client fetched of one kind of file of one revision on one day.</summary>
/// <param name="Day">Days since 1970, UTC.</param>
internal sealed record Traffic(Guid RepoId, long Day, string Revision, string FileClass, string ClientClass, long Requests, long Fetches, long Downloads, long Uniques, long Bytes);

/// <summary>What one kind of client fetched of one file on one day.</summary>
internal sealed record TrafficFile(Guid RepoId, long Day, string Path, string ClientClass, long Requests, long Fetches, long Bytes);

/// <summary>A client that came, as a hash.</summary>
internal sealed record TrafficClient(Guid RepoId, long Day, string Revision, string FileClass, string ClientClass, string Client);

/// <summary>What a client has of a file, since it began to fetch it.</summary>
internal sealed class FetchedPart
{
    public required Guid RepoId { get; init; }

    public required string Client { get; init; }

    public required string Revision { get; init; }

    public required string Path { get; init; }

    /// <summary>As <see cref="FetchedRanges"/> writes them.</summary>
    public required string Ranges { get; set; }

    public required DateTimeOffset BeganAt { get; set; }
}

/// <summary>A set of files that was counted as downloaded by a client.</summary>
internal sealed class FetchedSet
{
    public required Guid RepoId { get; init; }

    public required string Client { get; init; }

    public required string Revision { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset CountedAt { get; set; }
}

/// <summary>What clients are hashed with for some time.</summary>
internal sealed record TrafficSalt(Guid Id, byte[] Secret, DateTimeOffset CreatedAt);
