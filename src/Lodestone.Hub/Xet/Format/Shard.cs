using System.Runtime.InteropServices;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What a client sends to have files registered: the files, and what it says about xorbs. Read by <see cref="ShardReader"/>.</summary>
internal sealed record Shard(IReadOnlyList<ShardFile> Files, IReadOnlyList<ShardXorb> Xorbs);

/// <param name="Sha256">A claim. Absent where the client does not say.</param>
internal sealed record ShardFile(XetHash Hash, IReadOnlyList<ShardTerm> Terms, Sha256Digest? Sha256);

/// <param name="FirstChunk">From 0.</param>
/// <param name="EndChunk">Exclusive.</param>
/// <param name="Size">Bytes of the chunks, unpacked.</param>
/// <param name="Verification">See <see cref="XetHashes.Verification"/>.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ShardTerm(XetHash Xorb, int FirstChunk, int EndChunk, int Size, XetHash Verification);

internal sealed record ShardXorb(XetHash Hash, IReadOnlyList<ShardChunk> Chunks);

/// <param name="Offset">In the xorb, unpacked.</param>
/// <param name="Size">Bytes, unpacked.</param>
/// <param name="IsAskable">The client would like others to find it.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ShardChunk(XetHash Hash, int Offset, int Size, bool IsAskable);
