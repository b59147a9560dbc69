using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class GitPathTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("a/b c/ü.txt")]
    [InlineData(".gitattributes")]
    [InlineData(".github/x")]
    [InlineData("a/...b")]
    [InlineData("git")]
    public void Clean_paths_are_accepted(string path) => Assert.True(GitPath.IsClean(path));

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("a/../b")]
    [InlineData("..")]
    [InlineData(".git/config")]
    [InlineData("a/.GIT/hooks")]
    [InlineData(".git ")]
    [InlineData(".git.")]
    [InlineData(".git::$INDEX_ALLOCATION")]
    [InlineData("GIT~1/x")]
    [InlineData(".g\u200cit/x")]
    [InlineData("a\\b")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("a/photo\u202egpj.exe")]
    [InlineData("a\u2066b")]
    [InlineData("\u200fa")]
    public void Dangerous_paths_are_refused(string path) => Assert.False(GitPath.IsClean(path));

    [Fact]
    public void Text_that_is_not_unicode_is_refused() => Assert.False(GitPath.IsClean("\ufffd\ud800"));

    [Fact]
    public void Bytes_that_are_not_text_are_no_name() => Assert.False(GitPath.IsCleanName(GitName.Decode([0x61, 0x80])));

    [Fact]
    public void Long_paths_are_refused()
    {
        Assert.True(GitPath.IsClean(new string('a', 255)));
        Assert.False(GitPath.IsClean(new string('a', 256)));
        Assert.False(GitPath.IsClean(string.Join('/', Enumerable.Repeat("abcd", 201))));
    }
}
