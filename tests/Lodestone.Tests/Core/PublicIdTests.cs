using Lodestone.Core;

namespace Lodestone.Tests.Core;

[NoDatabase]
public sealed class PublicIdTests
{
    [Fact]
    public void A_hub_id_has_24_hex_digits_and_reads_back()
    {
        var id = PublicId.New(TimeProvider.System);

        var text = PublicId.ToHub(id);

        Assert.Matches("^[0-9a-f]{24}$", text);
        Assert.True(PublicId.TryParseHub(text, out var read));
        Assert.Equal(id, read);
    }

    [Fact]
    public void A_given_hub_id_is_kept()
    {
        Assert.True(PublicId.TryParseHub("65f1a2b3c4d5e6f708192a3b", out var id));

        Assert.Equal("65f1a2b3c4d5e6f708192a3b", PublicId.ToHub(id));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("65f1a2b3c4d5e6f708192a3")]
    [InlineData("65f1a2b3c4d5e6f708192a3z")]
    [InlineData("-5f1a2b3c4d5e6f708192a3b")]
    public void Anything_else_is_no_hub_id(string? text) => Assert.False(PublicId.TryParseHub(text, out _));

    [Fact]
    public void A_prefix_tells_what_the_id_is_of()
    {
        var id = Guid.CreateVersion7();

        var text = PublicId.Format("evt", id);

        Assert.StartsWith("evt_", text, StringComparison.Ordinal);
        Assert.True(PublicId.TryParse("evt", text, out var read));
        Assert.Equal(id, read);
        Assert.False(PublicId.TryParse("org", text, out _));
    }
}
