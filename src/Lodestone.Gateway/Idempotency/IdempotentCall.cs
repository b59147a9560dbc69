namespace Lodestone.Gateway;

/// <summary>A call that its caller gave a key, so that asking again is not calling again.</summary>
internal sealed class IdempotentCall
{
    public required Guid Id { get; init; }

    public required Guid CallerId { get; init; }

    /// <summary>As the caller sent it.</summary>
    public required string Key { get; init; }

    /// <summary>Of what was asked: the key belongs to one question.</summary>
    public required string Fingerprint { get; init; }

    public required IdempotentState State { get; set; }

    /// <summary>Of a finished answer.</summary>
    public string? ContentType { get; set; }

    /// <summary>A finished answer.</summary>
    public byte[]? Body { get; set; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

internal enum IdempotentState
{
    Running,

    /// <summary>The answer is stored.</summary>
    Finished,

    /// <summary>It was charged, but there is no answer to give again: it was cut off, or is too large.</summary>
    Unrepeatable,
}
