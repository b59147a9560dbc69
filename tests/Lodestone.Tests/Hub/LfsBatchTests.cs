using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>The batch endpoint as git-lfs <c>docs/api/batch.md</c> and the hub clients have it.</summary>
public sealed class LfsBatchTests
{
    private const string Empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private static readonly byte[] Here = LfsCalls.Bytes(1000, seed: 1);
    private static readonly byte[] Elsewhere = LfsCalls.Bytes(1000, seed: 2);

    [Theory]
    [InlineData("xyz", "1", 422)]
    [InlineData("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "0", 422)]
    [InlineData(Empty + "00", "0", 422)]
    [InlineData("../../../../etc/passwd", "1", 422)]
    [InlineData(Empty, "-1", 422)]
    [InlineData(Empty, "null", 422)]
    [InlineData(Empty, "0", null)]
    public async Task A_bad_object_has_its_own_error_beside_good_ones(string oid, string size, int? error)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var good = LfsCalls.Digest(Here);

        using var answer = await alice.PostBatchAsync(
            "alice/compass",
            JsonNode.Parse($$"""{"operation":"upload","objects":[{"oid":"{{oid}}","size":{{size}}},{"oid":"{{good}}","size":1000}]}""")!);
        var objects = (await answer.OkAsync())["objects"]!;

        Assert.Equal(error, objects[0]!["error"]?["code"]?.GetValue<int>());
        Assert.Equal(oid, objects[0]!["oid"]!.GetValue<string>());
        Assert.Equal(error is null, objects[0]!["actions"] is not null);
        Assert.NotNull(objects[1]!["actions"]!["upload"]);
    }

    [Fact]
    public async Task Held_and_missing_objects_are_told_apart_by_this_repository_alone()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        await alice.HoldAsync("alice/compass", Here);
        await alice.HoldAsync("alice/secret", Elsewhere);

        var up = await BatchAsync(alice, "upload");
        var down = await BatchAsync(world.AsNobody(), "download");

        Assert.Equal("basic", up["transfer"]!.GetValue<string>());
        Assert.Equal("sha256", up["hash_algo"]!.GetValue<string>());
        Assert.Equal(["oid", "size"], up["objects"]![0]!.AsObject().Select(p => p.Key));
        Assert.NotNull(up["objects"]![1]!["actions"]!["upload"]);
        Assert.NotNull(up["objects"]![1]!["actions"]!["verify"]);
        Assert.NotNull(down["objects"]![0]!["actions"]!["download"]);
        Assert.Equal(404, down["objects"]![1]!["error"]!["code"]!.GetValue<int>());
        Assert.Null(down["objects"]![1]!["actions"]);
    }

    [Theory]
    [InlineData("null", 200)]
    [InlineData("\"sha256\"", 200)]
    [InlineData("\"sha_256\"", 200)]
    [InlineData("\"sha512\"", 409)]
    public async Task The_hash_may_be_spelled(string algorithm, int status)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        using var answer = await alice.PostBatchAsync(
            "alice/compass", JsonNode.Parse($$"""{"operation":"upload","objects":[{"oid":"{{Empty}}","size":0}],"hash_algo":{{algorithm}}}""")!);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/vnd.git-lfs+json", answer.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("""["tus", "ssh", "basic"]""", "basic")]
    [InlineData("""["lfs-standalone-file"]""", "basic")]
    [InlineData("[]", "basic")]
    [InlineData("""["multipart", "basic", "xet"]""", "xet")]
    [InlineData("""["multipart"]""", "multipart")]
    public async Task A_small_file_goes_by_the_transfer(string transfers, string transfer)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        using var answer = await alice.PostBatchAsync(
            "alice/compass", JsonNode.Parse($$"""{"operation":"upload","transfers":{{transfers}},"objects":[{"oid":"{{Empty}}","size":5}]}""")!);

        Assert.Equal(transfer, (await answer.OkAsync())["transfer"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("nobody", "alice/compass", "download", 200)]
    [InlineData("nobody", "alice/compass", "upload", 401)]
    [InlineData("nobody", "alice/secret", "download", 401)]
    [InlineData("nobody", "alice/nothing", "download", 401)]
    [InlineData("bob", "alice/compass", "upload", 403)]
    [InlineData("bob", "alice/secret", "download", 404)]
    [InlineData("bob", "alice/nothing", "download", 404)]
    [InlineData("alice", "alice/secret", "upload", 200)]
    public async Task Who_may_do_what(string who, string id, string operation, int status)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        var client = who == "nobody" ? world.AsNobody() : who == "bob" ? world.As(world.Bob) : alice;

        using var answer = await client.PostBatchAsync(id, JsonNode.Parse($$"""{"operation":"{{operation}}","objects":[]}""")!);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/vnd.git-lfs+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(status == 401, answer.Headers.Contains("LFS-Authenticate"));
        if (status >= 400)
        {
            Assert.NotNull(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["message"]);
        }
    }

    [Theory]
    [InlineData("""{"operation":"delete","objects":[]}""", 422)]
    [InlineData("""{"operation":"upload"}""", 422)]
    [InlineData("""{"operation":"upload","objects":[null]}""", 422)]
    [InlineData("""{"operation":"upload","objects":{}}""", 400)]
    [InlineData("""[1]""", 400)]
    public async Task A_batch_that_is_none_is_refused_in_the_words_of_git_lfs(string batch, int status)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        using var answer = await alice.PostBatchAsync("alice/compass", JsonNode.Parse(batch)!);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.NotNull(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["message"]);
    }

    [Fact]
    public async Task An_empty_object_is_uploaded_and_read_like_any_other()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        Assert.Equal(Empty, await alice.HoldAsync("alice/compass", []));

        var answer = await LfsCalls.ObjectAsync(alice, "alice/compass", "download", Empty, 0);
        Assert.Empty(await world.AsNobody().GetByteArrayAsync(answer["actions"]!["download"]!["href"]!.GetValue<string>()));
    }

    private static async Task<JsonNode> BatchAsync(HttpClient client, string operation)
    {
        var objects = new[] { Here, Elsewhere }.Select(content => new { oid = LfsCalls.Digest(content), size = content.Length });
        using var answer = await client.PostBatchAsync("alice/compass", new { operation, objects });
        return await answer.OkAsync();
    }
}
