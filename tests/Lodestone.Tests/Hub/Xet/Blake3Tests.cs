using System.Runtime.Intrinsics.X86;
using Lodestone.Hub;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;

namespace Lodestone.Tests.Hub.Xet;

[NoDatabase]
public sealed class Blake3Tests
{
    /// <summary>Each width that this processor has.</summary>
    public static TheoryData<int> Widths =>
    [
        (int)Blake3Width.One,
        .. Avx2.IsSupported ? [(int)Blake3Width.Eight] : Array.Empty<int>(),
        .. Avx512F.IsSupported ? [(int)Blake3Width.Sixteen] : Array.Empty<int>(),
    ];

    [Theory]
    [MemberData(nameof(Widths))]
    public void Every_number_of_pieces_hashes_as_it_should(int width)
    {
        var key = XetSome.Bytes(1, Blake3.KeySize);
        var content = XetSome.Bytes(2, 1024 * 131);

        for (var pieces = 0; pieces <= 130; pieces++)
        {
            foreach (var odd in (int[])[0, 1, 63, 64, 65, 1023])
            {
                var length = (pieces * 1024) + odd;
                Assert.Equal(Oracle(key, content.AsSpan(0, length)), Ours(key, content.AsSpan(0, length), width));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Any_message_hashes_as_it_should(int width)
    {
        var random = new Random(3);

        for (var i = 0; i < 100; i++)
        {
            var key = XetSome.Bytes(i, Blake3.KeySize);
            var content = XetSome.Bytes(i + 1000, random.Next(300_000));
            Assert.Equal(Oracle(key, content), Ours(key, content, width));
        }
    }

    [Fact]
    public void The_widest_is_what_the_processor_has()
    {
        Assert.Contains((int)Blake3.Widest, Widths.Select(row => row.Data));
        Assert.Equal(Widths.Max(row => row.Data), (int)Blake3.Widest);
    }

    private static string Ours(byte[] key, ReadOnlySpan<byte> content, int width)
    {
        var hash = new byte[Blake3.HashSize];
        Blake3.Keyed(key, content, hash, (Blake3Width)width);
        return Convert.ToHexStringLower(hash);
    }

    private static string Oracle(byte[] key, ReadOnlySpan<byte> content)
    {
        var digest = new Blake3Digest();
        digest.Init(Blake3Parameters.Key(key));
        digest.BlockUpdate(content);
        var hash = new byte[Blake3.HashSize];
        digest.DoFinal(hash);
        return Convert.ToHexStringLower(hash);
    }
}
