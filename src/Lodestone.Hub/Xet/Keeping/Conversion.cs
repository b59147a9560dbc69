using System.Security.Cryptography;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Turns a large file that came whole into chunks:
/// <list type="number">
/// <item>the blob is cut; chunks that a member of the repository's namespace may build on are not stored again</item>
/// <item>the others are written as xorbs, which the namespace may build on from now on: it has sent all their bytes</item>
/// <item>the file is rebuilt once and held against its SHA-256</item>
/// <item>it is written down; from then on the blob is spare, and goes with the next reclaims</item>
/// </list>
/// Cut off anywhere, it leaves xorbs that no file needs, which go like any such.
/// </summary>
internal sealed class Conversion(HubDb db, IBlobStore blobs, XorbStore store, XorbEntry entry, XorbAccess access, ChunkedFiles files)
{
    /// <param name="repo">Holds the file.</param>
    /// <exception cref="FileNotFoundException">There is no blob.</exception>
    public async Task RunAsync(Sha256Digest digest, Repo repo, CancellationToken cancel)
    {
        var member = new XetToken(repo.Id, repo.OwnerId, repo.OwnerId, XetScope.Write, DateTimeOffset.MaxValue);
        var (draft, index) = (new FileDraft(), new ChunkIndex(db, store, access, member));
        await index.LoadNewestAsync(repo.Id, cancel);
        await using (var content = await blobs.OpenAsync(digest, cancel))
        {
            using var chunks = new FileChunks(content);
            var isLeft = await NextNewAsync(chunks, [], draft, index, cancel); // 1
            while (isLeft)
            {
                var table = await store.MakeAsync(async writer => isLeft = await FillAsync(writer, chunks, draft, index, cancel), cancel); // 2
                await entry.AddAsync(table, repo.OwnerId, cancel);
                draft.Name(table.Xorb);
                index.Add(table);
            }
        }

        await ProveAsync(draft, digest, cancel); // 3
        await files.RegisterAsync([new NewChunkedFile(draft.Hash, digest, draft.Size, draft.Terms)], draft.Known, repoId: null, cancel); // 4
    }

    /// <summary>Begins with the current chunk.</summary>
    /// <returns>Whether there is another one, which did not fit.</returns>
    private static async Task<bool> FillAsync(XorbWriter writer, FileChunks chunks, FileDraft draft, ChunkIndex index, CancellationToken cancel)
    {
        var (here, bytes) = (new Dictionary<XetHash, int>(), 0);
        do
        {
            if (!here.TryGetValue(chunks.Hash, out var number))
            {
                if (writer.IsFull || bytes + Chunker.MostSize > XorbLimits.Size)
                {
                    return true;
                }

                number = writer.Count;
                await writer.AddAsync(chunks.Content, chunks.Hash, cancel);
                here.Add(chunks.Hash, number);
                bytes += chunks.Content.Length;
            }

            draft.Add(chunks.Hash, new ChunkPlace(default, number), chunks.Content.Length);
        }
        while (await NextNewAsync(chunks, here, draft, index, cancel));
        return false;
    }

    /// <summary>Passes over chunks that are stored, but not over those of the xorb that is being made.</summary>
    /// <param name="here">Those, with their numbers.</param>
    /// <returns>Whether there is another; it is the current one.</returns>
    private static async Task<bool> NextNewAsync(FileChunks chunks, Dictionary<XetHash, int> here, FileDraft draft, ChunkIndex index, CancellationToken cancel)
    {
        while (await chunks.NextAsync(cancel))
        {
            if (here.ContainsKey(chunks.Hash) || await index.FindAsync(chunks.Hash, draft.Last, isFirst: draft.Size == 0, cancel) is not { } place)
            {
                return true;
            }

            draft.Add(chunks.Hash, place, chunks.Content.Length);
        }

        return false;
    }

    private async Task ProveAsync(FileDraft draft, Sha256Digest digest, CancellationToken cancel)
    {
        await using var rebuilt = new RebuiltStream(store, new FileTerms([.. draft.Terms]));
        var actual = Sha256Digest.FromHash(await SHA256.HashDataAsync(rebuilt, cancel));
        if (actual != digest)
        {
            throw new InvalidDataException($"The blob {digest} came out of its chunks as {actual}.");
        }
    }
}
