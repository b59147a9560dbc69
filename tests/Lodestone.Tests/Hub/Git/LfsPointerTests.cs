using System.Text;
using Lodestone.Core;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class LfsPointerTests
{
    private const string Oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    private const string Whole = $"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize 12345\n";

    [Fact]
    public void A_pointer_reads_as_it_was_written()
    {
        var pointer = new LfsPointer(Sha256Digest.Parse(Oid), 12345);

        Assert.Equal(Whole, Encoding.ASCII.GetString(pointer.Format()));
        Assert.True(LfsPointer.TryParse(pointer.Format(), out var read));
        Assert.Equal(pointer, read);
    }

    [Fact]
    public void Extensions_are_passed_over()
    {
        var extended = Whole.Replace("oid ", $"ext-0-foo sha256:{Oid}\noid ", StringComparison.Ordinal);

        Assert.True(LfsPointer.TryParse(Encoding.ASCII.GetBytes(extended), out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n")]
    [InlineData($"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize -1\n")]
    [InlineData($"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize +1\n")]
    [InlineData($"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize \n")]
    [InlineData($"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize 1x\n")]
    [InlineData($"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize 99999999999999999999\n")]
    [InlineData($"version https://git-lfs.github.com/spec/v1\nsize 1\noid sha256:{Oid}\n")]
    [InlineData($"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize 1")]
    [InlineData($"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize 1\nmore\n")]
    [InlineData($"version https://git-lfs.github.com/spec/v1\r\noid sha256:{Oid}\r\nsize 1\r\n")]
    [InlineData($"version https://hawser.github.com/spec/v1\noid sha256:{Oid}\nsize 1\n")]
    public void What_is_almost_a_pointer_is_a_file(string text) => Assert.False(LfsPointer.TryParse(Encoding.ASCII.GetBytes(text), out _));
}
