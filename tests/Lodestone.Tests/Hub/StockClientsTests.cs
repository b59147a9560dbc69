using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>The clients that people have, unmodified.</summary>
public sealed class StockClientsTests
{
    private static readonly System.Text.Json.JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task The_javascript_client_creates_uploads_lists_reads_and_deletes()
    {
        await using var world = await World.CreateAsync();

        var said = JsonNode.Parse(await RunHubScriptAsync(world, keep: false))!;

        Assert.Equal("alice", said["me"]!.GetValue<string>());
        Assert.Equal(
            """[false,true,false]""",
            new JsonArray(said["existsBefore"]!.DeepClone(), said["existsAfter"]!.DeepClone(), said["existsAtEnd"]!.DeepClone()).ToJsonString());
        Assert.Equal($"{Address(world)}/alice/compass", said["created"]!["repoUrl"]!.GetValue<string>());
        Assert.Equal(409, said["createdTwice"]!.GetValue<int>());
        Assert.Equal(40, said["commit"]!.GetValue<string>().Length);
        Assert.True(said["largeIsSame"]!.GetValue<bool>());
        Assert.True(said["part"]!.GetValue<bool>());
        Assert.Equal("text with spaces", said["text"]!.GetValue<string>());
        Assert.Null(said["missing"]);
        Assert.Equal("version https://git-lfs.github.com/spec/v1", said["rawPointer"]!.GetValue<string>());
        Assert.Equal("""{"size":3000000,"etag":true}""", said["downloadInfo"]!.ToJsonString());
        Assert.Equal("[true,false]", said["fileExists"]!.ToJsonString());
        Assert.Equal(
            ["file .gitattributes", "file README.md", "file config.json", "directory data", "file data/æ ø 1.txt", "file hello.txt", "file model.safetensors"],
            Texts(said["files"]));
        Assert.Equal("Add weights", said["lastCommit"]!.GetValue<string>());
        Assert.Equal(["file hello.txt", "directory data"], Texts(said["pathsInfo"]));
        Assert.Equal("initial commit by alice", Texts(said["commits"])[^1]);
        Assert.Equal(Texts(said["commits"]).Length, said["commitCount"]!.GetValue<int>());
        Assert.Equal("text-generation", said["info"]!["task"]!.GetValue<string>());
        Assert.Equal("transformers", said["info"]!["library_name"]!.GetValue<string>());
        Assert.Contains("license:mit", Texts(said["info"]!["tags"]));
        Assert.Equal(["alice/compass"], Texts(said["found"]));
        Assert.Equal([".gitattributes", "README.md", "data", "data/æ ø 1.txt", "model.safetensors", "other.json"], Texts(said["afterDelete"]));
        Assert.Equal(412, said["stale"]!.GetValue<int>());
        Assert.Equal(401, said["wrongToken"]!.GetValue<int>());
    }

    [Fact]
    public async Task The_javascript_client_works_with_every_kind_of_repository_branches_and_pull_requests()
    {
        await using var world = await World.CreateAsync();
        var folder = Directory.CreateTempSubdirectory("lodestone-snapshot-").FullName;

        var output = await ClientProcess.RunAsync(
            "node", ["kinds.mjs"], ClientProcess.Scripts(), ("HUB", Address(world)), ("TOKEN", world.Alice.Token), ("OTHER", world.Carol.Token), ("OWNER", "alice"), ("FOLDER", folder));
        var said = JsonNode.Parse(output.Trim().Split('\n')[^1])!; // the client writes its progress before

        string[] expected =
        [
            """dataset ["alice/words","alice",true,true]""",
            """datasets [["alice/words",40]]""",
            """datasetFiles [".gitattributes","README.md","data","data/train.jsonl","sound.wav"]""",
            """space ["alice/demo","static"]""",
            """spaces ["alice/demo"]""",
            """parameters {"F32":6}""",
            """safetensors {"parameters":{"F32":6},"total":6}""",
            """branches [[".gitattributes","model.safetensors","x.txt"],[],[".gitattributes","model.safetensors"]]""",
            "branchAgain 409",
            "branchGone 404",
            $"pullRequest \"{Address(world)}/alice/weights/discussions/1\"",
            """proposal [[".gitattributes","model.safetensors","y.txt"],[".gitattributes","model.safetensors"]]""",
            """proposalAfter [".gitattributes","model.safetensors"]""",
            """access ["done",401,404]""",
            "seenByOthers []",
            "snapshotIsSame true",
            "onBranch \"x\"",
            "left [false,false,false]",
        ];
        Assert.Equal(expected, said.AsObject().Select(s => $"{s.Key} {s.Value!.ToJsonString(Plain)}"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task What_the_javascript_client_uploads_git_and_curl_read_the_same()
    {
        await using var world = await World.CreateAsync();
        await RunHubScriptAsync(world, keep: true);
        var folder = Directory.CreateTempSubdirectory("lodestone-clone-").FullName;

        await ClientProcess.RunAsync("git", ["lfs", "install"], folder);
        await ClientProcess.RunAsync("git", ["clone", "-q", $"{Address(world)}/alice/compass", "clone"], folder);
        var part = await ClientProcess.RunAsync("curl", ["-sS", "-f", "-r", "0-3", $"{Address(world)}/alice/compass/resolve/main/data/%C3%A6%20%C3%B8%201.txt"], folder);

        var clone = Path.Combine(folder, "clone");
        Assert.Equal("text with spaces", await File.ReadAllTextAsync(Path.Combine(clone, "data/æ ø 1.txt")));
        Assert.Equal(
            await world.AsNobody().GetByteArrayAsync("/alice/compass/resolve/main/model.safetensors"),
            await File.ReadAllBytesAsync(Path.Combine(clone, "model.safetensors")));
        Assert.Equal("text", part);
        Assert.Equal("", await ClientProcess.RunAsync("git", ["status", "--porcelain"], clone, ("HOME", folder)));
        Assert.Empty((await ClientProcess.TryAsync("git", ["fsck", "--full", "--strict"], clone)).Output);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Git_clones_a_private_repository_with_a_token_only()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        await alice.CommitAsync("alice/secret", ("a.txt", "hidden"));
        var folder = Directory.CreateTempSubdirectory("lodestone-clone-").FullName;
        var place = $"{world.Server.Url.Host}:{world.Server.Url.Port}/alice/secret";

        var nobody = await ClientProcess.TryAsync("git", ["clone", "-q", $"http://{place}", "nobody"], folder);
        var stranger = await ClientProcess.TryAsync("git", ["clone", "-q", $"http://bob:{world.Bob.Token}@{place}", "stranger"], folder);
        await ClientProcess.RunAsync("git", ["clone", "-q", $"http://alice:{world.Alice.Token}@{place}.git", "own"], folder);

        Assert.Contains("could not read Username", nobody.Error, StringComparison.Ordinal);
        Assert.Contains("not found", stranger.Error, StringComparison.Ordinal);
        Assert.Equal("hidden", await File.ReadAllTextAsync(Path.Combine(folder, "own/a.txt")));
        Directory.Delete(folder, recursive: true);
    }

    private static Task<string> RunHubScriptAsync(World world, bool keep) => ClientProcess.RunAsync(
        "node", ["hub.mjs"], ClientProcess.Scripts(), ("HUB", Address(world)), ("TOKEN", world.Alice.Token), ("REPO", "alice/compass"), ("KEEP", keep ? "1" : "0"));

    private static string Address(World world) => world.Server.Url.ToString().TrimEnd('/');

    private static string[] Texts(JsonNode? list) => [.. list!.AsArray().Select(t => t!.GetValue<string>())];
}
