using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>The bytes of large files, wherever they are: in a blob, or in chunks. Who may have them is settled before.</summary>
internal sealed class LargeFiles(IBlobStore blobs, XorbStore xorbs, KnownFiles known, FileCopies copies)
{
    /// <summary>The whole file as a seekable stream.</summary>
    /// <exception cref="FileNotFoundException">It is not here in either form.</exception>
    public async Task<Stream> OpenAsync(Sha256Digest digest, CancellationToken cancel) =>
        await OpenBlobAsync(digest, cancel) ?? new RebuiltStream(xorbs, (await RequireAsync(digest, cancel)).Terms);

    /// <summary>A file on this machine with the content, for programs that map files into memory: the blob, or a copy made for it.</summary>
    /// <inheritdoc cref="OpenAsync"/>
    public async Task<string> LocalPathAsync(Sha256Digest digest, CancellationToken cancel)
    {
        if (copies.Find(digest) is { } copy)
        {
            return copy;
        }

        if (await blobs.FindAsync(digest, cancel) is not null)
        {
            return await blobs.LocalPathAsync(digest, cancel);
        }

        var file = await RequireAsync(digest, cancel);
        return await copies.MakeAsync(digest, () => new RebuiltStream(xorbs, file.Terms), cancel);
    }

    private async Task<Stream?> OpenBlobAsync(Sha256Digest digest, CancellationToken cancel)
    {
        try
        {
            return await blobs.FindAsync(digest, cancel) is null ? null : await blobs.OpenAsync(digest, cancel);
        }
        catch (FileNotFoundException)
        {
            return null; // it has been turned into chunks this moment
        }
    }

    private async Task<RebuildableFile> RequireAsync(Sha256Digest digest, CancellationToken cancel) =>
        await known.FindAsync(digest, cancel) ?? throw new FileNotFoundException($"There is no file with the SHA-256 {digest}.");
}
