using System.Text.Json;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

/// <summary>The hashes that the stock JavaScript client computes, of random files.</summary>
[NoDatabase]
public sealed class XetClientHashesTests
{
    private const int Files = 60;

    [Fact]
    public async Task The_javascript_client_and_we_agree_on_every_hash()
    {
        var contents = Enumerable.Range(0, Files).Select(Content).ToList();
        var key = XetSome.Bytes(99, Blake3.KeySize);

        var theirs = await HashedByClientAsync(contents, key);

        var compared = 0;
        for (var i = 0; i < Files; i++)
        {
            var chunks = Chunks(contents[i], theirs[i].Chunks);
            Assert.Equal(theirs[i].Chunks.Select(c => c.Hash), chunks.Select(c => c.Hash.ToString()));
            Assert.Equal(theirs[i].Xorb, XetSome.Tree(chunks).Root().ToString());
            Assert.Equal(theirs[i].File, XetSome.Tree(chunks).FileHash().ToString());
            Assert.Equal(theirs[i].Verification, chunks.Count == 0 ? null : XetHashes.Verification([.. chunks.Select(c => c.Hash)]).ToString());
            Assert.Equal(theirs[i].Keyed, chunks.Select(c => XetHashes.Keyed(key, c.Hash).ToString()));
            compared += 3 + (2 * chunks.Count);
        }

        Assert.InRange(compared, 300, int.MaxValue);
    }

    [Fact]
    public async Task The_javascript_client_and_we_cut_alike_where_it_keeps_to_the_least_size()
    {
        var contents = Enumerable.Range(0, Files).Select(Content).ToList();

        var theirs = await HashedByClientAsync(contents, new byte[Blake3.KeySize]);

        var alike = Enumerable.Range(0, Files).Where(i => theirs[i].Chunks.SkipLast(1).All(c => c.Length >= Chunker.LeastSize)).ToList();
        Assert.InRange(alike.Count, Files / 2, Files);
        Assert.All(alike, i => Assert.Equal(theirs[i].Chunks.Select(c => c.Length), XetSome.Chunks(contents[i]).Select(c => c.Length)));
    }

    /// <summary>Random bytes; in some, the same byte again and again from somewhere on.</summary>
    private static byte[] Content(int seed)
    {
        var random = new Random(seed);
        var content = XetSome.Bytes(seed, seed == 0 ? 0 : random.Next(1, 400_000));
        if (seed % 3 == 1)
        {
            content.AsSpan(random.Next(content.Length)).Fill((byte)seed);
        }

        return content;
    }

    private static List<(XetHash Hash, int Length)> Chunks(byte[] content, IReadOnlyList<ClientChunk> cuts)
    {
        var chunks = new List<(XetHash Hash, int Length)>();
        var start = 0;
        foreach (var length in cuts.Select(c => c.Length))
        {
            chunks.Add((XetHashes.Chunk(content.AsSpan(start, length)), length));
            start += length;
        }

        return chunks;
    }

    private static async Task<List<ClientHashes>> HashedByClientAsync(List<byte[]> contents, byte[] key)
    {
        using var file = new TempFile();
        await File.WriteAllBytesAsync(file.Path, [.. contents.SelectMany(c => c)], TestContext.Current.CancellationToken);
        var output = await ClientProcess.RunAsync(
            "node",
            ["xet-hashes.mjs"],
            ClientProcess.Scripts(),
            ("FILE", file.Path),
            ("LENGTHS", JsonSerializer.Serialize(contents.Select(c => c.Length))),
            ("KEY", Convert.ToHexStringLower(key)));
        return JsonSerializer.Deserialize<List<ClientHashes>>(output, JsonSerializerOptions.Web)!; // it prints an array
    }

    private sealed record ClientHashes(IReadOnlyList<ClientChunk> Chunks, string Xorb, string File, string? Verification, IReadOnlyList<string> Keyed);

    private sealed record ClientChunk(string Hash, int Length);
}
