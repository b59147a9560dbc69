namespace Lodestone.Hub;

/// <summary>Some chunks in a row, stored as one: what chunked files are made of, whoever needs them.</summary>
/// <param name="Size">Bytes of the chunk records, as stored and as sent.</param>
/// <param name="UnpackedSize">Bytes of the chunks.</param>
internal sealed record Xorb(XetHash Hash, long Size, long UnpackedSize, long ChunkCount, DateTimeOffset CreatedAt)
{
    /// <summary>Since when no file has a chunk of it. Clients remember for three weeks what they have sent, and refer to it unasked.</summary>
    public DateTimeOffset? UnreferencedSince { get; init; }
}

/// <summary>Somebody has sent all of the xorb's bytes, so they may build files of any of its chunks.</summary>
/// <param name="GranteeId">A namespace; where somebody proposes a change to another's repository, that person.</param>
internal sealed record XorbGrant(XetHash Xorb, Guid GranteeId);

/// <summary>A chunk that is worth asking for, and a xorb that has it.</summary>
/// <param name="Number">In the xorb, from 0.</param>
internal sealed record KnownChunk(XetHash Hash, XetHash Xorb, long Number);
