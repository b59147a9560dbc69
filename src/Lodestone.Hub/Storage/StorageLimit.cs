namespace Lodestone.Hub;

/// <summary>A namespace's own limit, in place of the server's.</summary>
/// <param name="Id">Of the namespace.</param>
/// <param name="Bytes">Null: no limit.</param>
internal sealed record StorageLimit(Guid Id, long? Bytes);

/// <summary>A blob that nobody needs: no repository holds it, or its bytes are kept as chunks too.</summary>
/// <param name="Sha256">64 lower-case hex digits.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Since">When that was first seen.</param>
internal sealed record UnheldBlob(string Sha256, long Size, DateTimeOffset Since);
