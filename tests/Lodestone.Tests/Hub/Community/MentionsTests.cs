using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Community;

public sealed class MentionsTests
{
    [Theory]
    [InlineData("Hello @alice and @Bob.", "alice Bob")]
    [InlineData("@alice, @ALICE (@alice-b_c.)", "alice alice-b_c")]
    [InlineData("**@alice** [ask @bob](x.md)", "alice bob")]
    [InlineData("write to alice@example.org or @example.org/x", "")]
    [InlineData("`@alice` and\n\n```\n@bob\n```\n\n    @carol\n", "")]
    [InlineData("<b title=\"@alice\">x</b> https://example.org/@bob", "")]
    [InlineData("> @alice said\n\n- @bob", "alice bob")]
    [InlineData("nobody", "")]
    public void Names_are_found_in_prose_alone(string markdown, string names)
    {
        Assert.Equal(names, string.Join(' ', Mentions.In(markdown)));
    }
}
