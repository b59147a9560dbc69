using System.Globalization;
using System.Security.Cryptography;
using Lodestone.Core;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

[NoDatabase]
public sealed class XetHashesTests
{
    /// <param name="step">Bytes that the chunker is given at a time.</param>
    [Theory]
    [InlineData(1)]
    [InlineData(777)]
    [InlineData(1 << 20)]
    public void Files_are_cut_and_named_as_clients_do(int step)
    {
        foreach (var file in XetVectors.Files)
        {
            var content = XetVectors.Content(file);

            var chunks = XetSome.Chunks(content, step);

            var expected = file.GetProperty("chunks").EnumerateArray().Select(c => $"{c[0].GetString()} {c[1].GetInt32()}");
            Assert.Equal(file.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(content)));
            Assert.Equal(expected, chunks.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Hash} {c.Length}")));
            Assert.Equal(file.GetProperty("xorb_hash").GetString(), XetSome.Tree(chunks).Root().ToString());
            Assert.Equal(file.GetProperty("file_hash").GetString(), XetSome.Tree(chunks).FileHash().ToString());
            Assert.Equal(file.GetProperty("verification_hash_all_chunks").GetString(), chunks.Count == 0 ? null : Verification(chunks));
        }
    }

    [Fact]
    public void Lists_of_chunks_are_folded_as_clients_do()
    {
        foreach (var tree in XetVectors.Trees)
        {
            var seed = ulong.Parse(tree.GetProperty("leaf_rule").GetString()!.Split("seed ")[1].Split('+')[0], CultureInfo.InvariantCulture);
            var leaves = Enumerable.Range(0, tree.GetProperty("leaves").GetInt32())
                .Select(i => (Hash: XetHash.Read(XetVectors.SplitMix(seed + (ulong)i, XetHash.Size)), Length: 8192 + (13 * i)))
                .ToList();

            var folded = XetSome.Tree(leaves);

            Assert.Equal(tree.GetProperty("first_leaf_string").GetString(), leaves[0].Hash.ToString());
            Assert.Equal(tree.GetProperty("xorb_hash").GetString(), folded.Root().ToString());
            Assert.Equal(tree.GetProperty("file_hash").GetString(), folded.FileHash().ToString());
            Assert.Equal(tree.GetProperty("verification_hash").GetString(), Verification(leaves));
        }
    }

    [Fact]
    public void A_chunk_is_named_by_a_key_as_clients_do()
    {
        var vector = XetVectors.Hmac;
        var hash = XetHash.Parse(vector.GetProperty("hash_string").GetString()!);
        var key = Convert.FromHexString(vector.GetProperty("key_raw_hex").GetString()!);

        var keyed = XetHashes.Keyed(key, hash);

        Assert.Equal(XetHash.Read(Convert.FromHexString(vector.GetProperty("hash_raw_hex").GetString()!)), hash);
        Assert.Equal(vector.GetProperty("result_string").GetString(), keyed.ToString());
    }

    [Fact]
    public void A_sha256_survives_being_written_as_a_hash()
    {
        var digest = Sha256Digest.FromHash(SHA256.HashData("compass"u8));

        var stored = XetHashes.OfSha256(digest);

        Assert.Equal(digest.Hex, stored.ToString());
        Assert.Equal(digest, XetHashes.ToSha256(stored));
    }

    private static string Verification(List<(XetHash Hash, int Length)> chunks) => XetHashes.Verification([.. chunks.Select(c => c.Hash)]).ToString();
}
