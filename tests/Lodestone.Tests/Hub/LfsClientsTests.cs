using System.Text.Json.Nodes;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Large files with the clients that people have: <c>@huggingface/hub</c>, curl and git-lfs.</summary>
public sealed class LfsClientsTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lodestone-lfs-").FullName;

    private World _world = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync(services => services.AddSingleton(new HubOptions { Xet = false, MultipartThreshold = 1_000_000, PartSize = 300_000 }));
        await _world.As(_world.Alice).CreateRepoAsync("alice/compass");
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        foreach (var file in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
        {
            File.SetAttributes(file, FileAttributes.Normal); // git's objects are read-only
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_javascript_client_uploads_in_parts_and_goes_on_after_its_line_was_down()
    {
        var said = JsonNode.Parse(await ClientProcess.RunAsync(
            "node", ["multipart.mjs"], ClientProcess.Scripts(), ("HUB", Address()), ("TOKEN", _world.Alice.Token), ("REPO", "alice/compass")))!;
        var bytes = await _world.AsNobody().GetByteArrayAsync("/alice/compass/resolve/main/weights/model.safetensors");

        Assert.Equal("The line is down", said["first"]!.GetValue<string>());
        Assert.Equal(40, said["second"]!.GetValue<int>());
        Assert.Equal([9, 9, 9], new[] { "puts", "parts", "etags" }.Select(name => said[name]!.GetValue<int>()));
        Assert.True(said["isSame"]!.GetValue<bool>());
        Assert.Equal(said["sha256"]!.GetValue<string>(), LfsCalls.Digest(bytes));
    }

    [Fact]
    public async Task Curl_uploads_in_parts_without_a_token()
    {
        var content = LfsCalls.Bytes(1_000_001);
        var answer = await LfsCalls.UploadInPartsAsync(_world.As(_world.Alice), "alice/compass", content);
        var upload = answer["actions"]!["upload"]!;
        var parts = new JsonArray();
        for (var number = 1; number <= 4; number++)
        {
            var part = $"part{number}";
            await File.WriteAllBytesAsync(Path.Combine(_folder, part), content[((number - 1) * 300_000)..Math.Min(number * 300_000, content.Length)]);
            var etag = await CurlAsync("-f", "-T", part, "-o", "answer", "-w", "%header{etag}", upload["header"]![$"{number:D5}"]!.GetValue<string>());
            parts.Add(new JsonObject { ["partNumber"] = number, ["etag"] = etag });
        }

        var completion = new JsonObject { ["oid"] = LfsCalls.Digest(content), ["parts"] = parts };
        var status = await CurlAsync(
            "-H", "Content-Type: application/vnd.git-lfs+json", "-d", completion.ToJsonString(), "-w", "%{http_code}", upload["href"]!.GetValue<string>());

        Assert.Equal("200", status);
        await _world.As(_world.Alice).CommitAsync("alice/compass", [LfsCalls.FileLine("w.bin", content)]);
        await CurlAsync("-f", "-o", "whole", $"{Address()}/alice/compass/resolve/main/w.bin");
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(_folder, "whole")));
    }

    [Fact]
    public async Task Git_lfs_fetches_goes_on_with_a_broken_download_and_sends_what_is_new()
    {
        var alice = _world.As(_world.Alice);
        var (old, made) = (LfsCalls.Bytes(900_000, seed: 1), LfsCalls.Bytes(800_000, seed: 2));
        await alice.HoldAsync("alice/compass", old);
        await alice.CommitAsync("alice/compass", [LfsCalls.FileLine("old.bin", old)]);
        await GitAsync("", "lfs", "install");
        await GitAsync("", "-c", "filter.lfs.smudge=", "-c", "filter.lfs.required=false", "clone", "-q", $"http://alice:{_world.Alice.Token}@{_world.Server.Url.Authority}/alice/compass", "clone");
        await LeaveHalfAsync(old);

        await GitAsync("clone", "lfs", "pull");
        await File.WriteAllBytesAsync(Path.Combine(_folder, "clone/new.bin"), made);
        await GitAsync("clone", "add", "new.bin");
        await GitAsync("clone", "lfs", "push", "--object-id", "origin", LfsCalls.Digest(made));
        var verified = await GitAsync("clone", "lfs", "locks", "--verify");

        Assert.Equal(old, await File.ReadAllBytesAsync(Path.Combine(_folder, "clone/old.bin")));
        Assert.Equal("", verified);
        Assert.Null((await LfsCalls.ObjectAsync(alice, "alice/compass", "upload", LfsCalls.Digest(made), made.Length))["actions"]);
        var link = (await LfsCalls.ObjectAsync(alice, "alice/compass", "download", LfsCalls.Digest(made), made.Length))["actions"]!["download"]!["href"]!;
        Assert.Equal(made, await _world.AsNobody().GetByteArrayAsync(link.GetValue<string>()));
    }

    /// <summary>What git-lfs leaves when it is killed in the middle of a download.</summary>
    private async Task LeaveHalfAsync(byte[] content)
    {
        var incomplete = Directory.CreateDirectory(Path.Combine(_folder, "clone/.git/lfs/incomplete")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(incomplete, LfsCalls.Digest(content) + ".part"), content[..400_000]);
    }

    private Task<string> CurlAsync(params string[] arguments) => ClientProcess.RunAsync("curl", ["-sS", .. arguments], _folder);

    private async Task<string> GitAsync(string place, params string[] arguments)
    {
        var said = await ClientProcess.RunAsync(
            "git", ["-c", "user.name=Alice", "-c", "user.email=alice@example.org", .. arguments], Path.Combine(_folder, place), ("HOME", _folder), ("GIT_TRACE", Path.Combine(_folder, "trace")));
        return said;
    }

    private string Address() => _world.Server.Url.ToString().TrimEnd('/');
}
