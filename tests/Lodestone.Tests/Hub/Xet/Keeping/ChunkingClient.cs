using System.IO.Pipelines;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>
/// A Xet client of one namespace, without the wire: cuts, remembers what it has sent, asks what it need not send, and sends a shard.
/// It cuts finely, so that little content has many chunks.
/// </summary>
/// <param name="random">Has it send some chunks again, and xorbs of many sizes; null: a file's new chunks make one xorb.</param>
internal sealed class ChunkingClient(Guid ownerId, Random? random = null)
{
    private const int Forgets = 50; // one chunk of so many

    private readonly Dictionary<XetHash, Place> _known = [];

    /// <summary>Has the repository hold the content. What is left half done before is of no matter.</summary>
    public async Task UploadAsync(IServiceProvider services, Guid repoId, byte[] content)
    {
        var token = new XetToken(repoId, ownerId, ownerId, XetScope.Write, DateTimeOffset.MaxValue);
        try
        {
            await SendAsync(services, token, content);
        }
        catch (Refusal refusal) when (refusal.Code == RefusalCode.Invalid)
        {
            _known.Clear(); // it remembered a xorb that is gone
            await SendAsync(services, token, content);
        }
    }

    /// <summary>Sends a xorb that no file has, as a client does that is cut off.</summary>
    public Task AbandonAsync(IServiceProvider services, byte[] content) => SendXorbAsync(services, [.. Cut(content)]);

    /// <summary>Pieces of some 100 bytes, which an edit leaves as they are but for those it touches.</summary>
    public static IEnumerable<byte[]> Cut(byte[] content)
    {
        var start = 0;
        for (var i = 0; i < content.Length; i++)
        {
            if (i == content.Length - 1 || (i - start >= 31 && content[i] % 64 == 0))
            {
                yield return content[start..(i + 1)];
                start = i + 1;
            }
        }
    }

    private async Task SendAsync(IServiceProvider services, XetToken token, byte[] content)
    {
        var chunks = Cut(content).ToList();
        await AskAsync(services, token, XetHashes.Chunk(chunks[0]));
        var missing = chunks.Where(c => !_known.ContainsKey(XetHashes.Chunk(c)) || random?.Next(Forgets) == 0).DistinctBy(c => XetHashes.Chunk(c)).ToList();
        foreach (var some in missing.Chunk(random?.Next(5, 60) ?? int.MaxValue))
        {
            await SendXorbAsync(services, some);
        }

        var tree = new HashTree();
        chunks.ForEach(c => tree.Add(XetHashes.Chunk(c), c.Length));
        var file = new ShardFile(tree.FileHash(), Terms(chunks), Sha256Digest.Parse(LfsCalls.Digest(content)));
        await services.GetRequiredService<ShardIntake>().TakeAsync(new Shard([file], []), token, new ShardProgress(1), CancellationToken.None);
    }

    private async Task SendXorbAsync(IServiceProvider services, byte[][] chunks)
    {
        var xorb = MadeXorb.Of(chunks);
        var table = await services.GetRequiredService<XorbStore>().WriteAsync(PipeReader.Create(new MemoryStream(xorb.Records)), xorb.Hash, CancellationToken.None);
        await services.GetRequiredService<XorbEntry>().AddAsync(table, ownerId, CancellationToken.None);
        Learn(table, 0, chunks.Length);
    }

    /// <summary>As the answer to a chunk query would be: what the token may build on, of xorbs that have the chunk.</summary>
    private async Task AskAsync(IServiceProvider services, XetToken token, XetHash chunk)
    {
        var xorbs = await services.GetRequiredService<HubDb>().KnownChunks.Where(c => c.Hash == chunk).Select(c => c.Xorb).ToListAsync();
        foreach (var (xorb, usable) in await services.GetRequiredService<XorbAccess>().UsableAsync(token, xorbs, CancellationToken.None))
        {
            var table = services.GetRequiredService<XorbStore>().Table(xorb)!; // usable, so it is there
            foreach (var i in Enumerable.Range(0, table.Chunks.Count).Where(i => usable.Contains(i, i + 1)))
            {
                Learn(table, i, i + 1);
            }
        }
    }

    private void Learn(ChunkTable table, int first, int end)
    {
        for (var i = first; i < end; i++)
        {
            _known[table.Chunks[i].Hash] = new Place(table.Xorb, i);
        }
    }

    private List<ShardTerm> Terms(IEnumerable<byte[]> chunks)
    {
        var (terms, hashes) = (new List<ShardTerm>(), new List<XetHash>());
        foreach (var chunk in chunks)
        {
            var hash = XetHashes.Chunk(chunk);
            var (xorb, number) = _known[hash];
            if (terms is [.., var last] && last.Xorb == xorb && last.EndChunk == number)
            {
                hashes.Add(hash);
                terms[^1] = last with { EndChunk = number + 1, Size = last.Size + chunk.Length, Verification = XetHashes.Verification([.. hashes]) };
                continue;
            }

            hashes = [hash];
            terms.Add(new ShardTerm(xorb, number, number + 1, chunk.Length, XetHashes.Verification([hash])));
        }

        return terms;
    }

    private sealed record Place(XetHash Xorb, int Number);
}
