using Lodestone.Identity;

namespace Lodestone.Tests.Identity.OAuth;

[NoDatabase]
public sealed class RedirectUriTests
{
    [Theory]
    [InlineData("http://localhost:3000", "http://localhost:3000/?code=c&state=%7B%7D")]
    [InlineData("http://localhost:3000/", "http://localhost:3000/?code=c&state=%7B%7D")]
    [InlineData("https://app.example/back", "https://app.example/back?code=c&state=%7B%7D")]
    [InlineData("https://app.example?from=hub", "https://app.example?from=hub&code=c&state=%7B%7D")]
    [InlineData("com.example.app://back", "com.example.app://back?code=c&state=%7B%7D")]
    public void An_answer_is_added_to_the_address_as_apps_expect_it(string address, string expected) =>
        Assert.Equal(expected, RedirectUri.With(address, "%7B%7D", ("code", "c")));
}
