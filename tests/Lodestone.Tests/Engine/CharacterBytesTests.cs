using Lodestone.Engine.Inference;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class CharacterBytesTests
{
    [Fact]
    public void A_character_may_come_in_parts()
    {
        var characters = new CharacterBytes();
        characters.Add([0xF0, 0x9F]);

        Assert.True(characters.Accepts([0xA7]));
        Assert.True(characters.Accepts([0xA7, 0xAD, (byte)'a', 0xC3]));
        Assert.False(characters.Accepts("a"u8));
    }

    [Theory]
    [InlineData(new byte[] { 0xF0, 0x8A })] // longer than need be
    [InlineData(new byte[] { 0xC1 })]
    [InlineData(new byte[] { 0xED, 0xA0 })] // half a pair
    [InlineData(new byte[] { 0xF5 })]
    [InlineData(new byte[] { 0x80 })]
    public void What_can_become_no_character_is_refused(byte[] piece) => Assert.False(new CharacterBytes().Accepts(piece));
}
