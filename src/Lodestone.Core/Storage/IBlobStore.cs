using System.IO.Pipelines;

namespace Lodestone.Core;

/// <summary>Immutable bytes by their SHA-256: the content of large files. One blob, whoever uploads it.</summary>
public interface IBlobStore
{
    /// <summary>Takes a stream in, hashing as it comes. The blob is durable when this returns, and invisible before.</summary>
    /// <param name="content">The bytes; read to its end.</param>
    /// <param name="expected">What the bytes must hash to, if known.</param>
    /// <param name="expectedSize">How many bytes must come, if known.</param>
    /// <param name="cancel">Stops the transfer; nothing is kept.</param>
    /// <exception cref="Refusal"><c>digest_mismatch</c> or <c>size_mismatch</c>; nothing is kept.</exception>
    Task<Blob> WriteAsync(PipeReader content, Sha256Digest? expected, long? expectedSize, CancellationToken cancel);

    /// <summary>Size in bytes, or <see langword="null"/> when there is no such blob.</summary>
    Task<long?> FindAsync(Sha256Digest digest, CancellationToken cancel);

    /// <summary>The whole blob as a seekable stream.</summary>
    /// <exception cref="FileNotFoundException">There is no such blob.</exception>
    Task<Stream> OpenAsync(Sha256Digest digest, CancellationToken cancel);

    /// <summary>A file on this machine that holds the blob, for programs that map files into memory. Read only.</summary>
    /// <exception cref="FileNotFoundException">There is no such blob.</exception>
    Task<string> LocalPathAsync(Sha256Digest digest, CancellationToken cancel);

    /// <summary>Everything stored, read as it is asked for. What comes or goes meanwhile may be missed.</summary>
    IEnumerable<Blob> List();

    /// <summary>Deletes a blob, unless somebody has written its bytes since: whoever uploads what is there already can rely on it.</summary>
    /// <param name="digest">What nothing refers to any more.</param>
    /// <param name="unusedSince">A write after this instant keeps the blob.</param>
    /// <param name="cancel">Does not stop half-way.</param>
    /// <returns>Whether it was deleted.</returns>
    Task<bool> DiscardAsync(Sha256Digest digest, DateTimeOffset unusedSince, CancellationToken cancel);
}

/// <param name="Digest">SHA-256 of the bytes.</param>
/// <param name="Size">Bytes.</param>
public sealed record Blob(Sha256Digest Digest, long Size);
