using System.Text;
using Lodestone.Engine.Inference;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class TextAssemblerTests
{
    [Fact]
    public void A_character_is_shown_when_it_is_whole()
    {
        var text = new TextAssembler([]);
        var bytes = "🧭"u8.ToArray();

        Assert.Equal("", text.Add(bytes.AsSpan(0, 3)));
        Assert.Equal("🧭", text.Add(bytes.AsSpan(3)));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_replaced()
    {
        var text = new TextAssembler([]);

        Assert.Equal("\uFFFDa", text.Add([0xFF, (byte)'a']));
    }

    [Fact]
    public void The_beginning_of_a_stop_sequence_is_held_until_it_is_known()
    {
        var text = new TextAssembler(["END"]);

        Assert.Equal("a ", text.Add("a E"u8));
        Assert.Equal("", text.Add("N"u8));
        Assert.Equal("ENE", text.Add("EEN"u8)[..3]);
        Assert.Equal("EN", text.Finish());
        Assert.False(text.IsStopped);
    }

    [Fact]
    public void The_earliest_stop_sequence_wins()
    {
        var text = new TextAssembler(["later", "now"]);

        Assert.Equal("right ", text.Add("right now or later"u8));
        Assert.True(text.IsStopped);
        Assert.Equal("", text.Finish());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void The_pieces_do_not_matter(int size)
    {
        const string Whole = "Größe 🧲 — naïve, 日本語 aaab aab";
        var text = new TextAssembler(["aab!", "🧲!"]);
        var shown = new StringBuilder();
        foreach (var piece in Encoding.UTF8.GetBytes(Whole).Chunk(size))
        {
            shown.Append(text.Add(piece));
        }

        Assert.Equal(Whole, shown.Append(text.Finish()).ToString());
    }
}
