using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

/// <summary>Chunked files with the clients that people have: <c>@huggingface/hub</c> by Xet, git-lfs, curl.</summary>
public sealed class XetDownloadsTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lodestone-xet-").FullName;

    private World _world = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await _world.As(_world.Alice).CreateRepoAsync("alice/compass", isPrivate: true);
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
    public async Task The_javascript_client_fetches_chunks_whole_and_in_slices()
    {
        var file = MixedFile.Make();
        await file.PutAsync(_world, "alice/compass", "model.safetensors");
        (int Start, int End)[] slices = [(0, 1), (8191, 8194), (file.Edges[3], file.Edges[4]), (file.Edges[3] - 1, file.Edges[4] + 1), (100_000, 500_000), (file.Content.Length - 1, file.Content.Length)];

        var said = await DownloadAsync("model.safetensors", slices);

        string[] calls = ["GET /alice/compass/resolve/main/model.safetensors", "GET /api/models/alice/compass/xet-read-token/{commit}", "GET /xet/data/*", "GET /xet/v2/reconstructions/*"];
        Assert.Equal(calls, said["calls"]!.AsArray().Select(c => c!.GetValue<string>()));
        Assert.Equal([file.Digest, file.Digest, file.Digest, file.Hash.ToString()], new[] { "whole", "serial", "plain", "listed" }.Select(name => said[name]!.GetValue<string>()));
        Assert.Equal(slices.Select(s => LfsCalls.Digest(file.Content[s.Start..s.End])), said["slices"]!.AsArray().Select(s => s!.GetValue<string>()));
    }

    [Fact]
    public async Task A_file_of_300_MB_comes_through_every_client_alike()
    {
        var content = await PutLargeAsync("large.bin");

        var said = await DownloadAsync("large.bin", [(59_999_999, 60_000_001), (0, 150_000_000)]);
        await ClientProcess.RunAsync("curl", ["-sSf", "-o", "large.bin", "-H", $"Authorization: Bearer {_world.Alice.Token}", $"{Address()}/alice/compass/resolve/main/large.bin"], _folder);
        await using var fetched = File.OpenRead(Path.Combine(_folder, "large.bin"));

        var digest = LfsCalls.Digest(content);
        Assert.Equal([digest, digest, digest], new[] { "whole", "serial", "plain" }.Select(name => said[name]!.GetValue<string>()));
        Assert.Equal([LfsCalls.Digest(content[59_999_999..60_000_001]), LfsCalls.Digest(content[..150_000_000])], said["slices"]!.AsArray().Select(s => s!.GetValue<string>()));
        Assert.Equal(digest, Convert.ToHexStringLower(await SHA256.HashDataAsync(fetched)));
    }

    [Fact]
    public async Task Git_lfs_clones_a_repository_with_chunked_files()
    {
        var file = MixedFile.Make();
        await file.PutAsync(_world, "alice/compass", "model.safetensors");
        await GitAsync("", "lfs", "install");

        await GitAsync("", "clone", "-q", $"http://alice:{_world.Alice.Token}@{_world.Server.Url.Authority}/alice/compass", "clone");
        var checkedOut = await GitAsync("clone", "lfs", "fsck");

        Assert.Equal(LfsCalls.Digest(file.Content), LfsCalls.Digest(await File.ReadAllBytesAsync(Path.Combine(_folder, "clone/model.safetensors"))));
        Assert.Contains("Git LFS fsck OK", checkedOut, StringComparison.Ordinal);
    }

    /// <summary>Two xorbs by turns, which spares the test the hashing of more.</summary>
    private async Task<byte[]> PutLargeAsync(string path)
    {
        MadeXorb[] xorbs = [MadeXorb.OfContent(LfsCalls.Bytes(60_000_000, seed: 1), 120_001), MadeXorb.OfContent(LfsCalls.Bytes(60_000_000, seed: 2), 120_001)];
        var (door, turns, tree) = (await _world.XetAsync(_world.Alice, "alice/compass"), new[] { xorbs[0], xorbs[1], xorbs[0], xorbs[1], xorbs[0] }, new HashTree());
        foreach (var xorb in xorbs)
        {
            using var sent = await door.PostXorbAsync(xorb);
            await sent.OkAsync();
        }

        foreach (var (hash, length) in turns.SelectMany(x => x.Chunks))
        {
            tree.Add(hash, length);
        }

        var content = new byte[turns.Length * 60_000_000];
        for (var i = 0; i < turns.Length; i++)
        {
            turns[i].Content.CopyTo(content, i * 60_000_000);
        }

        using var taken = await door.PostShardAsync(new MadeShard().File(tree.FileHash(), SHA256.HashData(content), [.. turns.Select(x => x.Term())]).Bytes());
        await taken.OkAsync();
        await _world.As(_world.Alice).CommitAsync("alice/compass", [LfsCalls.FileLine(path, content)]);
        return content;
    }

    private async Task<JsonNode> DownloadAsync(string path, IEnumerable<(int Start, int End)> slices)
    {
        var ranges = string.Join(',', slices.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Start}-{s.End}")));
        return JsonNode.Parse(await ClientProcess.RunAsync(
            "node", ["xet-download.mjs"], ClientProcess.Scripts(), ("HUB", Address()), ("TOKEN", _world.Alice.Token), ("REPO", "alice/compass"), ("FILE", path), ("SLICES", ranges)))!;
    }

    private Task<string> GitAsync(string place, params string[] arguments) =>
        ClientProcess.RunAsync("git", arguments, Path.Combine(_folder, place), ("HOME", _folder));

    private string Address() => _world.Server.Url.ToString().TrimEnd('/');
}
