using System.Net;
using System.Net.Http.Headers;

namespace Lodestone.Tests.Hub;

public sealed class RepoFilesTests
{
    [Fact]
    public async Task A_committed_file_is_listed_described_and_downloaded()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        var created = await alice.CreateRepoAsync("alice/compass");

        var commit = await alice.CommitAsync("alice/compass", ("README.md", "---\nlicense: mit\ntags: [tiny]\n---\n# Compass\n"), ("folder/a b#.txt", "hello"));

        Assert.Equal($"{world.Server.Url.ToString().TrimEnd('/')}/alice/compass", created["url"]!.GetValue<string>());
        var nobody = world.AsNobody();
        var info = await nobody.JsonAsync("/api/models/alice/compass");
        Assert.Equal(commit, info["sha"]!.GetValue<string>());
        Assert.Equal(["tiny", "license:mit", "region:us"], info["tags"]!.AsArray().Select(t => t!.GetValue<string>()));
        Assert.Equal([".gitattributes", "README.md", "folder/a b#.txt"], info["siblings"]!.AsArray().Select(s => s!["rfilename"]!.GetValue<string>()));
        var tree = await nobody.JsonAsync("/api/models/alice/compass/tree/main?recursive=true");
        Assert.Equal(
            ["file .gitattributes", "file README.md", "directory folder", "file folder/a b#.txt"],
            tree.AsArray().Select(e => $"{e!["type"]} {e["path"]}"));
        using var file = await nobody.GetAsync("/alice/compass/resolve/main/folder/a%20b%23.txt");
        Assert.Equal("hello", await file.Content.ReadAsStringAsync());
        Assert.Equal("\"b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0\"", file.Headers.ETag!.Tag);
        Assert.Equal(commit, file.Headers.GetValues("X-Repo-Commit").Single());
        Assert.Equal("text/plain; charset=utf-8", file.Content.Headers.ContentType!.ToString());
    }

    [Theory]
    [InlineData("bytes=0-0", 206, "h", "bytes 0-0/5")]
    [InlineData("bytes=1-2", 206, "el", "bytes 1-2/5")]
    [InlineData("bytes=3-", 206, "lo", "bytes 3-4/5")]
    [InlineData("bytes=-2", 206, "lo", "bytes 3-4/5")]
    [InlineData("bytes=-99", 206, "hello", "bytes 0-4/5")]
    [InlineData("bytes=4-99", 206, "o", "bytes 4-4/5")]
    [InlineData("bytes=5-", 416, "", "bytes */5")]
    [InlineData("bytes=2-1", 200, "hello", null)]
    [InlineData("bytes=0-0,2-2", 200, "hello", null)]
    [InlineData("lines=0-1", 200, "hello", null)]
    public async Task A_range_is_answered_with_that_part(string range, int status, string body, string? contentRange)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("a.txt", "hello"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/alice/compass/resolve/main/a.txt");
        request.Headers.TryAddWithoutValidation("Range", range);

        using var answer = await alice.SendAsync(request);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(body, await answer.Content.ReadAsStringAsync());
        Assert.Equal(contentRange, answer.Content.Headers.ContentRange?.ToString());
        Assert.Equal(body.Length, answer.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task A_file_that_the_client_has_already_is_not_sent_again()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("a.txt", "hello"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/alice/compass/resolve/main/a.txt");
        request.Headers.IfNoneMatch.Add(new EntityTagHeaderValue("\"b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0\""));

        using var answer = await alice.SendAsync(request);

        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    [Fact]
    public async Task An_empty_file_is_answered_whole_even_to_a_range()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("empty", ""));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/alice/compass/resolve/main/empty");
        request.Headers.Range = new RangeHeaderValue(0, 0);

        using var answer = await alice.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(0, answer.Content.Headers.ContentLength);
    }
}
