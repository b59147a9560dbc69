namespace Lodestone.Hub;

/// <summary>How far a shard's registration is. One writes, another reads.</summary>
/// <param name="total">Files.</param>
internal sealed class ShardProgress(long total)
{
    private volatile ShardEvent _now = new("validating") { Verified = 0, Total = total };

    public ShardEvent Now => _now;

    public void Verified() => _now = _now with { Verified = _now.Verified + 1 };

    public void Commit() => _now = new ShardEvent("committing") { Stage = "syncing" };
}

/// <summary>A line of the answer to a shard.</summary>
/// <param name="Type"><c>validating</c>, <c>committing</c>; at the end <c>result</c> or <c>error</c>.</param>
internal sealed record ShardEvent(string Type)
{
    /// <summary>Files whose content is proved, of <see cref="Total"/>.</summary>
    public long? Verified { get; init; }

    public long? Total { get; init; }

    /// <summary><c>syncing</c>.</summary>
    public string? Stage { get; init; }

    /// <summary>1; 0 when all of it was known.</summary>
    public int? Result { get; init; }

    public string? Message { get; init; }

    /// <summary>Whether the same shard may do next time.</summary>
    public bool? Retryable { get; init; }
}
