namespace Lodestone.Hub;

/// <summary>What is stored and needed by nobody, or by nobody any more, in the order in which one needs the other.</summary>
internal sealed class UnneededBytes(UnheldChunkedFiles chunked, UnheldBlobs blobs, UnreferencedXorbs xorbs)
{
    /// <summary>To be called in the transaction that takes a repository's row away.</summary>
    public async Task NoteAsync(LfsObject released, CancellationToken cancel)
    {
        await blobs.NoteAsync(released, cancel);
        await chunked.NoteAsync(released, cancel);
    }

    public async Task DiscardAsync(ReclaimRun run, CancellationToken cancel)
    {
        await chunked.ForgetAsync(run, cancel);
        await blobs.DiscardAsync(run, cancel);
        await xorbs.DiscardAsync(run, cancel);
    }
}
