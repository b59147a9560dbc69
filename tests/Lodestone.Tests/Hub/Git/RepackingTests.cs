using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

public sealed class RepackingTests
{
    [Fact]
    public async Task A_repository_of_many_commits_is_repacked_by_itself()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var git = await world.GitAsync("alice/compass");
        for (var i = 0; i < Repacking.MostPacks + 5; i++)
        {
            await alice.CommitAsync("alice/compass", ($"file-{i % 7}.txt", $"{i}"));
        }

        world.Server.Clock.Advance(TimeSpan.FromSeconds(10));
        var graphs = Path.Combine(git.Path, "objects", "info", "commit-graphs");
        await Eventually.TrueAsync(() => Task.FromResult(PackFiles(git) < 15 && Directory.Exists(graphs))); // by the task, which a commit made due

        Assert.Equal("54", await alice.GetStringAsync("/alice/compass/resolve/main/file-5.txt"));
        Assert.Equal(Repacking.MostPacks + 6, (await alice.JsonAsync("/api/models/alice/compass/commits/main")).AsArray().Count);
        Assert.True(File.Exists(Path.Combine(git.Objects.PackFolder, "multi-pack-index")));
        await git.AssertSoundAsync();
    }

    [Fact]
    public async Task Commits_pushes_reads_and_clones_go_on_while_git_repacks()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var git = await world.GitAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        using var stop = new CancellationTokenSource();

        var repacks = RepackAsync(git, stop.Token);
        var reads = ReadAsync(world, stop.Token);
        for (var i = 0; i < 12; i++)
        {
            await alice.CommitAsync("alice/compass", ("by-api.txt", $"{i}"), ($"api/{i}.txt", new string('x', 100 * i)));
            await copy.CommitAsync($"by git {i}", ($"git/{i}.txt", $"{i}"));
            await copy.GitAsync("pull", "-q", "--rebase");
            await copy.GitAsync("push", "-q", "origin", "main");
        }

        await stop.CancelAsync();

        Assert.True(await repacks > 1);
        Assert.True(await reads > 1);
        Assert.Equal("25", await copy.GitAsync("rev-list", "--count", "origin/main"));
        using var clone = await WorkingCopy.CloneAsync(world, world.Bob, "alice/compass");
        Assert.Equal(await copy.GitAsync("rev-parse", "main"), await clone.GitAsync("rev-parse", "HEAD"));
        await git.AssertSoundAsync();
    }

    [Fact]
    public async Task What_a_killed_process_left_is_swept_and_what_is_in_use_is_not()
    {
        using var real = new RealGit();
        var git = real.Open();
        await RealGit.Commit(git, "first", ("a", "1"));
        var packs = git.Objects.PackFolder;
        var dead = Path.Combine(git.Path, "objects", Quarantine.FolderPrefix + "dead");
        Directory.CreateDirectory(Path.Combine(dead, "pack"));
        await File.WriteAllTextAsync(Path.Combine(dead, Quarantine.LockName), "");
        await File.WriteAllTextAsync(Path.Combine(dead, "pack", "tmp_pack_x"), "cut");
        await File.WriteAllTextAsync(Path.Combine(packs, PackWriter.TemporaryPrefix + "dead"), "cut");
        await File.WriteAllTextAsync(Path.Combine(packs, PackWriter.IndexOf(PackWriter.TemporaryPrefix) + "lone"), new string('x', 100));
        foreach (var old in (string[])[Path.Combine(packs, ".tmp-1-pack-x.pack"), Path.Combine(packs, "multi-pack-index.lock"), Path.Combine(packs, "pack-half.pack"), Path.Combine(git.Path, "refs", "heads", "x.lock")])
        {
            await File.WriteAllTextAsync(old, "");
            File.SetLastWriteTimeUtc(old, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        foreach (var unlocked in (string[])["0123456789abcdef", "gitown"])
        {
            var folder = Path.Combine(git.Path, "objects", Quarantine.FolderPrefix + unlocked);
            Directory.CreateDirectory(folder);
            Directory.SetLastWriteTimeUtc(folder, TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(1));
        }

        await File.WriteAllTextAsync(Path.Combine(packs, "tmp_pack_young"), "");
        using var quarantine = Quarantine.Create(git, new PushLimits().Bounds);
        using var writer = git.NewPack();
        var blob = writer.Write(GitObjectType.Blob, "new"u8);
        using var pack = writer.Complete();
        File.Copy(Directory.GetFiles(packs, "tmp_idx_*").Single(f => !f.EndsWith("lone", StringComparison.Ordinal)), Path.Combine(packs, PackWriter.IndexOf(PackWriter.TemporaryPrefix) + "naming"));
        using (new FileStream(Path.Combine(packs, $"pack-{pack!.Checksum}.pack"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read))
        {
            Assert.Equal(8, Leftovers.Sweep(git.Path));
        }

        Assert.Equal(1, Leftovers.Sweep(git.Path)); // whoever was naming it is gone
        await git.Publish([pack], [], CancellationToken.None);

        Assert.True(Directory.Exists(Path.Combine(git.Path, "objects", Quarantine.FolderPrefix + "gitown")));
        Assert.True(git.Objects.Contains(blob));
        Assert.Equal(["tmp_objdir-incoming-", "tmp_objdir-incoming-", "tmp_pack_young"], git.Leftovers().Select(f => Path.GetFileName(f)).Select(f => f.StartsWith(Quarantine.FolderPrefix, StringComparison.Ordinal) ? Quarantine.FolderPrefix : f).Order(StringComparer.Ordinal));
    }

    private static async Task<int> RepackAsync(GitRepository git, CancellationToken stop)
    {
        var rounds = 0;
        for (; !stop.IsCancellationRequested; rounds++)
        {
            await Repacking.RepackAsync(git, CancellationToken.None);
        }

        return rounds;
    }

    private static async Task<int> ReadAsync(World world, CancellationToken stop)
    {
        var bob = world.As(world.Bob);
        var rounds = 0;
        for (; !stop.IsCancellationRequested; rounds++)
        {
            var commits = (await bob.JsonAsync("/api/models/alice/compass/commits/main")).AsArray();
            var oldest = commits[rounds % commits.Count]!["id"]!.GetValue<string>();
            foreach (var item in (await bob.JsonAsync($"/api/models/alice/compass/tree/{oldest}?recursive=true")).AsArray().Where(i => i!["type"]!.GetValue<string>() == "file"))
            {
                var content = await bob.GetByteArrayAsync($"/alice/compass/resolve/{oldest}/{item!["path"]}", CancellationToken.None);
                Assert.Equal(item["size"]!.GetValue<long>(), content.Length);
            }
        }

        return rounds;
    }

    private static int PackFiles(GitRepository git) => Directory.EnumerateFiles(git.Objects.PackFolder, "*.pack").Count();
}
