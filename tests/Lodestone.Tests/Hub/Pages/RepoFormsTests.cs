using System.Net;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub.Pages;

public sealed class RepoFormsTests
{
    [Fact]
    public async Task A_model_made_on_its_page_is_the_one_the_API_knows()
    {
        await using var world = await World.CreateAsync();
        using var dana = await SignedInAsync(world, "dana");

        var sent = await dana.SendAsync(await dana.OpenAsync("/new"), "new", ("name", "compass"), ("license", "mit"), ("visibility", "private"));

        Assert.Equal((HttpStatusCode.Redirect, "/dana/compass"), (sent.Status, sent.Location?.OriginalString.Replace(world.Server.Url.ToString().TrimEnd('/'), "", StringComparison.Ordinal)));
        var made = await dana.OpenAsync("/dana/compass");
        Assert.Contains("Private", made.Text(".page-header"), StringComparison.Ordinal);
        Assert.Contains("mit", made.Text(".repo-tags"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await world.As(world.Bob).GetAsync("/api/models/dana/compass")).StatusCode);
    }

    [Theory]
    [InlineData("-bad-", "cannot be a repository name")]
    [InlineData("taken", "exists already")]
    public async Task A_name_that_will_not_do_is_explained_at_its_field(string name, string reason)
    {
        await using var world = await World.CreateAsync();
        using var dana = await SignedInAsync(world, "dana");
        await dana.SendAsync(await dana.OpenAsync("/new"), "new", ("name", "taken"));

        var sent = await dana.SendAsync(await dana.OpenAsync("/new"), "new", ("name", name));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, sent.Status);
        Assert.Contains(reason, sent.Text("#field-name-error"), StringComparison.Ordinal);
        Assert.Equal(name, sent.Value("name"));
    }

    [Fact]
    public async Task Settings_hide_a_model_and_delete_it_when_its_name_is_typed()
    {
        await using var world = await World.CreateAsync();
        using var dana = await SignedInAsync(world, "dana");
        await dana.SendAsync(await dana.OpenAsync("/new"), "new", ("name", "compass"));

        await dana.SendAsync(await dana.OpenAsync("/dana/compass/settings"), "visibility", ("visibility", "private"));
        var hidden = await world.AsNobody().GetAsync("/dana/compass");
        var wrong = await dana.SendAsync(await dana.OpenAsync("/dana/compass/settings"), "delete", ("confirm", "compass"));
        var still = await dana.OpenAsync("/dana/compass");
        var deleted = await dana.SendAsync(await dana.OpenAsync("/dana/compass/settings"), "delete", ("confirm", "dana/compass"));
        var profile = await dana.OpenAsync("/dana");
        var gone = await dana.OpenAsync("/dana/compass");

        Assert.Equal(
            [HttpStatusCode.NotFound, HttpStatusCode.UnprocessableEntity, HttpStatusCode.OK, HttpStatusCode.Redirect, HttpStatusCode.NotFound],
            [hidden.StatusCode, wrong.Status, still.Status, deleted.Status, gone.Status]);
        Assert.Contains("dana/compass is deleted", profile.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_say_what_deleting_frees_and_delete_a_large_file()
    {
        await using var world = await World.CreateAsync();
        using var dana = await SignedInAsync(world, "dana");
        foreach (var name in new[] { "compass", "needle" })
        {
            await dana.SendAsync(await dana.OpenAsync("/new"), "new", ("name", name));
        }

        using var client = world.Server.With(await TokenAsync(world, "dana"));
        var (both, one) = (LfsCalls.Bytes(1_000_000, 1), LfsCalls.Bytes(500_000, 2));
        await client.HoldAsync("dana/needle", both);
        await client.HoldAsync("dana/compass", both);
        await client.HoldAsync("dana/compass", one);
        await client.CommitAsync("dana/compass", [LfsCalls.FileLine("both.bin", both), LfsCalls.FileLine("one.bin", one)]);

        var before = await dana.OpenAsync("/dana/compass/settings");
        await dana.SendAsync(before, "delete-file", ("file", LfsCalls.Digest(one)));
        var after = await dana.OpenAsync("/dana/compass/settings");

        Assert.Equal(["both.bin", "one.bin"], before.Document.TextsOf(".stored a"));
        Assert.Contains("Frees 1.5 MB of dana’s storage", before.Document.TextOf(".settings"), StringComparison.Ordinal);
        Assert.Contains("1 MB of the large files are also in other repositories that you can see", before.Document.TextOf(".settings"), StringComparison.Ordinal);
        Assert.Equal(["both.bin"], after.Document.TextsOf(".stored a"));
        Assert.Contains("Frees 1 MB of dana’s storage", after.Document.TextOf(".settings"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_of_another_are_denied_and_cannot_be_sent()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        using var dana = await SignedInAsync(world, "dana");

        var page = await dana.OpenAsync("/alice/compass/settings");

        Assert.Contains("Settings are for administrators of alice", page.Text("main"), StringComparison.Ordinal);
        Assert.Equal(["like", "watch"], page.Document.QuerySelectorAll("main form input[name=_handler]").Select(i => i.GetAttribute("value")));
    }

    [Fact]
    public async Task A_profile_shows_what_its_reader_may_see()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("acme/open");
        await alice.CreateRepoAsync("acme/closed", isPrivate: true);

        var member = await world.As(world.Bob).PageAsync("/acme");
        var stranger = await world.AsNobody().PageAsync("/acme");
        var nobody = await world.AsNobody().PageAsync("/nobody-at-all", HttpStatusCode.NotFound);

        Assert.Equal("Acme Corporation", stranger.TextOf("h1"));
        Assert.Equal(["Alice", "Bob"], stranger.TextsOf(".profile__tied a"));
        Assert.Equal(["acme/open"], stranger.TextsOf(".repo-card__link"));
        Assert.Equal(["acme/closed", "acme/open"], member.TextsOf(".repo-card__link").Order(StringComparer.Ordinal));
        Assert.Equal("There is nothing here", nobody.TextOf("h1"));
    }

    private static async Task<string> TokenAsync(World world, string name)
    {
        var who = await world.UseAsync<Namespaces, Namespace?>(namespaces => namespaces.FindAsync(name, CancellationToken.None));
        return await world.UseAsync<Accounts, string>(accounts => accounts.IssueTokenAsync(who!.Id, new NewToken("tests", TokenScope.Write), CancellationToken.None)); // just joined
    }

    private static async Task<PageClient> SignedInAsync(World world, string name)
    {
        const string Password = "correct horse battery";
        await world.Server.JoinAsync(name, Password);
        return await world.Server.SignedInAsync(name, Password);
    }
}
