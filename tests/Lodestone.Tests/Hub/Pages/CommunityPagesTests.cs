using System.Net;
using System.Net.Http.Json;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub.Pages;

public sealed class CommunityPagesTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_collection_is_put_together_and_ordered_on_its_page_without_script()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/one");
        await alice.CreateRepoAsync("alice/two", type: "dataset");
        using var dana = await SignedInAsync(world, "dana");
        using var eve = await SignedInAsync(world, "eve");

        var offered = (await dana.OpenAsync("/alice/one")).Document.QuerySelector("a[href^='/collections/new']")!.GetAttribute("href")!;
        var wrong = await dana.SendAsync(await dana.OpenAsync(offered), "new", ("title", " "));
        var place = PathOf(await dana.SendAsync(await dana.OpenAsync(offered), "new", ("title", "Compass needles")));
        await dana.SendAsync(await dana.OpenAsync(place), "add", ("type", "dataset"), ("id", "alice/two"), ("note", "The points"));
        var refused = await dana.SendAsync(await dana.OpenAsync(place), "add", ("type", "model"), ("id", "alice/none"));
        var second = (await dana.OpenAsync(place)).Document.QuerySelector(".collection__items li:last-child button[value^='up ']")!.GetAttribute("value")!;
        await dana.SendAsync(await dana.OpenAsync(place), "items", ("act", second));
        var ordered = (await dana.OpenAsync(place)).Document.TextsOf(".collection__items .repo-card__link");
        var first = second.Split(' ')[1];
        await dana.SendAsync(await dana.OpenAsync(place), "items", ("act", $"note {first}"), ($"note-{first}", "Said anew"));
        await dana.SendAsync(await dana.OpenAsync(place), "upvote", ("upvoted", "true"));
        var page = await dana.OpenAsync(place);
        var changed = PathOf(await dana.SendAsync(page, "change", ("title", "Needles"), ("theme", "indigo"), ("private", "true")));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.Status);
        Assert.Contains("There is no model alice/none", refused.Text(".alert"), StringComparison.Ordinal);
        Assert.Equal(["alice/two", "alice/one"], ordered);
        Assert.Equal("Said anew", page.Text(".collection__note"));
        Assert.Contains("1", page.Text("button[name=upvoted]"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await eve.OpenAsync(changed)).Status);
        Assert.DoesNotContain("Needles", (await eve.OpenAsync("/collections")).Html, StringComparison.Ordinal);
        Assert.DoesNotContain("Needles", (await eve.OpenAsync("/alice/one")).Text("aside"), StringComparison.Ordinal);
        Assert.Contains("Needles", (await dana.OpenAsync("/alice/one")).Text("aside"), StringComparison.Ordinal);
        Assert.Equal(["Needles"], (await dana.OpenAsync("/dana?kind=collections")).Document.TextsOf(".collection-card__name a"));
        var moved = await dana.OpenAsync(changed);
        Assert.EndsWith("/collections/dana/needles-" + place[^24..], moved.Location!.OriginalString, StringComparison.Ordinal);
        await dana.SendAsync(await dana.OpenAsync(PathOf(moved)), "delete");
        Assert.Contains("No collections", (await dana.OpenAsync("/dana?kind=collections")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_one_watches_and_whom_one_follows_is_on_the_home_page_as_far_as_one_may_see_it()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("acme/compass");
        await alice.CreateRepoAsync("alice/quiet");
        using var dana = await SignedInAsync(world, "dana");
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1));

        await dana.SendAsync(await dana.OpenAsync("/acme/compass"), "watch", ("watched", "true"));
        await alice.CommitAsync("acme/compass", ("a.txt", "a"));
        await alice.CommitAsync("acme/compass", ("b.txt", "b"));
        await alice.CommitAsync("alice/quiet", ("a.txt", "a"));
        var watched = (await dana.OpenAsync("/")).Document.TextsOf(".feed li .feed__text");
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        await dana.SendAsync(await dana.OpenAsync("/alice"), "follow", ("followed", "true"));
        await alice.CreateRepoAsync("alice/new");
        await alice.CreateRepoAsync("alice/hidden", isPrivate: true);
        var followed = await dana.OpenAsync("/");
        var profile = await dana.OpenAsync("/alice?kind=activity");
        (await alice.PutAsJsonAsync("/api/models/acme/compass/settings", new { @private = true })).EnsureSuccessStatusCode();
        var hidden = await dana.OpenAsync("/");

        Assert.Equal(["alice changed the files of acme/compass, 2 times", "alice made acme/compass"], watched);
        Assert.Contains("alice made alice/new", followed.Document.TextsOf(".feed__text"));
        Assert.DoesNotContain("alice/hidden", followed.Html + profile.Html, StringComparison.Ordinal);
        Assert.Contains("1 follower", profile.Text(".profile__followers"), StringComparison.Ordinal);
        Assert.DoesNotContain("acme/compass", hidden.Text(".feed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Followers_are_known_to_clients()
    {
        await using var world = await World.CreateAsync();
        var (alice, carol, nobody) = (world.As(world.Alice), world.As(world.Carol), world.AsNobody());

        (await carol.PostAsync("/api/users/alice/follow", null)).EnsureSuccessStatusCode();
        (await carol.PostAsync("/api/users/Alice/follow", null)).EnsureSuccessStatusCode();
        (await carol.PostAsync("/api/organizations/acme/follow", null)).EnsureSuccessStatusCode();
        var seen = await carol.JsonAsync("/api/users/alice/overview");
        var organization = await nobody.JsonAsync("/api/organizations/acme/overview");
        int[] refused =
        [
            (int)(await carol.PostAsync("/api/users/carol/follow", null)).StatusCode,
            (int)(await carol.PostAsync("/api/users/acme/follow", null)).StatusCode,
            (int)(await nobody.PostAsync("/api/users/alice/follow", null)).StatusCode,
            (int)(await world.As(world.Bob).PostAsync("/api/users/alice/follow", null)).StatusCode,
        ];

        Assert.Equal((true, 1, 0), (seen["isFollowing"]!.GetValue<bool>(), seen["numFollowers"]!.GetValue<int>(), seen["numFollowing"]!.GetValue<int>()));
        Assert.Equal((false, 1), (organization["isFollowing"]!.GetValue<bool>(), organization["numFollowers"]!.GetValue<int>()));
        Assert.Equal(["carol"], (await nobody.JsonAsync("/api/users/alice/followers")).AsArray().Select(f => f!["user"]!.GetValue<string>()));
        Assert.Equal(["acme org", "alice user"], (await nobody.JsonAsync("/api/users/carol/following")).AsArray().Select(f => $"{f!["user"]} {f["type"]}"));
        Assert.Equal([422, 404, 401, 403], refused);
        (await carol.DeleteAsync("/api/users/alice/follow")).EnsureSuccessStatusCode();
        Assert.Empty((await alice.JsonAsync("/api/users/alice/followers")).AsArray());
    }

    private static string PathOf(Page redirect) => redirect.Location!.OriginalString is var place && place.StartsWith('/') ? place : new Uri(place).PathAndQuery;

    private static async Task<PageClient> SignedInAsync(World world, string name)
    {
        await world.Server.JoinAsync(name, Password);
        return await world.Server.SignedInAsync(name, Password);
    }
}
