using System.Text;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub.Git;

/// <summary>What a push may bring.</summary>
public sealed class PushRulesTests
{
    [Fact]
    public async Task A_large_file_outside_lfs_is_refused_with_commands_that_fix_it()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        var weights = Noise(11 * 1024 * 1024);
        copy.Write("weights/tiny.bin", weights);
        await copy.CommitAsync("Add weights");
        await copy.CommitAsync("Add text", ("a.txt", "a"));

        var (_, refused) = await copy.TryAsync("push", "origin", "main");
        var before = (await alice.JsonAsync("/api/models/alice/compass"))["siblings"]!.AsArray().Count;
        await copy.GitAsync("lfs", "migrate", "import", "--include=weights/tiny.bin");
        await copy.GitAsync("lfs", "install");
        await copy.GitAsync("lfs", "checkout");
        await copy.GitAsync("push", "-q", "origin", "main");

        Assert.Contains("remote:   weights/tiny.bin (11.0 MiB)", refused, StringComparison.Ordinal);
        Assert.Contains("remote:   git lfs migrate import --include=\"weights/tiny.bin\"", refused, StringComparison.Ordinal);
        Assert.Contains("(weights/tiny.bin is larger than 10 MiB and not in Git LFS)", refused, StringComparison.Ordinal);
        Assert.Equal(1, before);
        Assert.Equal(weights, await alice.GetByteArrayAsync("/alice/compass/resolve/main/weights/tiny.bin"));
        var file = (await alice.JsonAsync("/api/models/alice/compass/tree/main/weights"))[0]!;
        Assert.Equal(weights.Length, file["lfs"]!["size"]!.GetValue<long>());
        await (await world.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Fact]
    public async Task Git_lfs_pushes_and_another_clone_has_the_bytes()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        var weights = Noise(300_000);

        await copy.GitAsync("lfs", "install");
        copy.Write("model.safetensors", weights);
        await copy.CommitAsync("Add weights");
        await copy.GitAsync("push", "-q", "origin", "main");

        using var other = await WorkingCopy.CloneAsync(world, world.Bob, "alice/compass");
        await other.GitAsync("lfs", "install");
        await other.GitAsync("lfs", "pull");
        Assert.Equal(weights, await File.ReadAllBytesAsync(Path.Combine(other.Folder, "model.safetensors")));
        Assert.Equal("Git LFS fsck OK", await other.GitAsync("lfs", "fsck"));
    }

    [Fact]
    public async Task A_pointer_to_what_is_not_held_is_refused()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        const string Oid = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        await copy.CommitAsync("pointer", ("model.safetensors", $"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize 12\n"));

        var (exitCode, said) = await copy.TryAsync("push", "origin", "main");

        Assert.Equal(1, exitCode);
        Assert.Contains($"remote:   model.safetensors (sha256 {Oid})", said, StringComparison.Ordinal);
        Assert.Contains("git lfs push --all origin", said, StringComparison.Ordinal);
        Assert.Contains("(the large file of model.safetensors is not here)", said, StringComparison.Ordinal);
        await (await world.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Theory]
    [InlineData("..", "hasDotdot")]
    [InlineData(".git", "hasDotgit")]
    [InlineData(".GiT", "hasDotgit")]
    [InlineData("git~1", "hasDotgit")]
    [InlineData(".g\u200cit", "hasDotgit")]
    [InlineData("a/b", "fullPathname")]
    [InlineData("a\\b", "(folder/a\\b is not an acceptable path)")]
    [InlineData("a\u0007b", "(folder/a?b is not an acceptable path)")]
    [InlineData("a\u202eb", "(folder/a?b is not an acceptable path)")]
    public async Task A_hostile_path_is_refused(string name, string reason)
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        var blob = await copy.ObjectAsync("blob", "content"u8.ToArray());
        var folder = await copy.ObjectAsync("tree", [.. "100644 "u8, .. GitName.Encode(name), 0, .. Convert.FromHexString(blob)]);
        var root = await copy.ObjectAsync("tree", [.. "40000 folder\0"u8, .. Convert.FromHexString(folder)]);
        var commit = await copy.GitAsync("commit-tree", "-m", "hostile", "-p", "main", root);

        var (exitCode, said) = await copy.TryAsync("push", "origin", $"{commit}:refs/heads/main");

        Assert.Equal(1, exitCode);
        Assert.Contains(reason, said, StringComparison.Ordinal);
        await (await world.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Fact]
    public async Task A_path_of_more_than_a_thousand_characters_is_refused()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        await copy.CommitAsync("deep", (string.Join('/', Enumerable.Repeat(new string('d', 100), 10)), "x"));

        var (_, said) = await copy.TryAsync("push", "origin", "main");

        Assert.Contains("a path is longer than 1000 characters", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folders_that_hold_one_another_many_times_over_are_refused()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        var inner = Convert.FromHexString(await copy.ObjectAsync("blob", "content"u8.ToArray()));
        for (var level = 0; level < 8; level++)
        {
            var mode = level == 0 ? "100644" : "40000";
            var entries = Enumerable.Range(0, 10).SelectMany(i => Encoding.ASCII.GetBytes($"{mode} {i}\0").Concat(inner));
            inner = Convert.FromHexString(await copy.ObjectAsync("tree", [.. entries]));
        }

        var commit = await copy.GitAsync("commit-tree", "-m", "bomb", "-p", "main", Convert.ToHexStringLower(inner));
        var (_, said) = await copy.TryAsync("push", "origin", $"{commit}:refs/heads/main");

        Assert.Contains("a commit may have 1000000 files at most", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_findings_are_counted_and_some_are_named()
    {
        await using var world = await World.CreateAsync(services => services.AddSingleton(new PushLimits { RegularFile = 1000 }));
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        await copy.CommitAsync("many", [.. Enumerable.Range(0, 13).Select(i => ($"{i}.txt", new string((char)('a' + i), 1001)))]);

        var (_, said) = await copy.TryAsync("push", "origin", "main");

        Assert.Equal(10, said.Split("MiB)").Length - 1);
        Assert.Contains("… and 3 more", said, StringComparison.Ordinal);
        Assert.Contains("git lfs migrate import --above=", said, StringComparison.Ordinal);
    }

    private static byte[] Noise(int length)
    {
        var noise = new byte[length];
        new Random(length).NextBytes(noise);
        return noise;
    }
}
