using System.Net.Http.Json;

namespace Lodestone.Tests.Hub.Git;

public sealed class SuperSquashTests
{
    [Fact]
    public async Task A_branch_keeps_its_files_and_loses_its_history()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("a.txt", "1"), ("folder/b.txt", "b"));
        (await alice.PostAsync("/api/models/alice/compass/branch/feature%2Fone", null)).EnsureSuccessStatusCode().Dispose();
        var head = await alice.CommitAsync("alice/compass", ("a.txt", "2"));

        using var answer = await alice.PostAsJsonAsync("/api/models/alice/compass/super-squash/main", new { message = "Start over\n\nwith less" });

        var squashed = (await answer.OkAsync())["commitId"]!.GetValue<string>();
        var info = await alice.JsonAsync("/api/models/alice/compass");
        var commits = await alice.JsonAsync("/api/models/alice/compass/commits/main");
        var others = await alice.JsonAsync("/api/models/alice/compass/commits/feature%2Fone");
        Assert.NotEqual(head, squashed);
        Assert.Equal(squashed, info["sha"]!.GetValue<string>());
        Assert.Equal([".gitattributes", "a.txt", "folder/b.txt"], info["siblings"]!.AsArray().Select(s => s!["rfilename"]!.GetValue<string>()));
        Assert.Equal(["Start over|with less|alice"], commits.AsArray().Select(c => $"{c!["title"]}|{c["message"]}|{c["authors"]![0]!["user"]}"));
        Assert.Equal(2, others.AsArray().Count);
        await (await world.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Theory]
    [InlineData("nope", 404, "RevisionNotFound")]
    [InlineData("v1", 400, null)]
    [InlineData("HEAD~1", 404, "RevisionNotFound")]
    [InlineData("refs%2Fpr%2F7", 404, "RevisionNotFound")]
    public async Task Only_a_branch_can_be_squashed(string revision, int status, string? code)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        (await alice.PostAsJsonAsync("/api/models/alice/compass/tag/main", new { tag = "v1" })).EnsureSuccessStatusCode().Dispose();

        using var answer = await alice.PostAsJsonAsync($"/api/models/alice/compass/super-squash/{revision}", new { message = "x" });

        Assert.Equal((status, code), ((int)answer.StatusCode, answer.Headers.TryGetValues("X-Error-Code", out var codes) ? codes.Single() : null));
    }

    [Fact]
    public async Task A_reader_cannot_squash()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");

        using var reader = await world.As(world.Bob).PostAsJsonAsync("/api/models/alice/compass/super-squash/main", new { message = "x" });
        using var nobody = await world.AsNobody().PostAsJsonAsync("/api/models/alice/compass/super-squash/main", new { message = "x" });

        Assert.Equal((403, 401), ((int)reader.StatusCode, (int)nobody.StatusCode));
    }
}
