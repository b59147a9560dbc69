using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class SpareFilesTests : IAsyncLifetime
{
    private const string Main = "refs/heads/main";

    private readonly RealGit _git = new();
    private readonly SpareFiles _spares;

    public SpareFilesTests()
    {
        Directory.CreateDirectory(Path.Combine(_git.Folder, "repositories"));
        _spares = new SpareFiles(new StorageOptions { DataDirectory = _git.Folder });
    }

    public async ValueTask InitializeAsync()
    {
        await _spares.StartAsync(CancellationToken.None);
        (await TakeAsync()).Dispose();
    }

    [Fact]
    public async Task What_is_published_in_files_made_ahead_is_as_git_would_have_it()
    {
        var repository = Open();
        var head = await RealGit.Commit(repository, "first", ("a", "1"));
        for (var i = 0; i < 30; i++)
        {
            (await TakeAsync()).Dispose(); // so that there is one
            head = await RealGit.Commit(repository, $"commit {i}", ("a", $"{i}"), ("folder/b", new string('x', i)));
        }

        Assert.Equal($"{head}\n", _git.Bare("rev-parse", Main));
        Assert.Equal("31\n", _git.Bare("rev-list", "--count", Main));
        Assert.DoesNotContain("error", _git.Bare("fsck", "--strict", "--full"), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(_git.BarePath, "*", SearchOption.AllDirectories), f => Path.GetFileName(f).StartsWith("tmp_", StringComparison.Ordinal) || f.EndsWith(".lock", StringComparison.Ordinal));
        Assert.All(Directory.EnumerateFiles(repository.Objects.PackFolder), file => Assert.True(File.GetAttributes(file).HasFlag(FileAttributes.ReadOnly)));
    }

    [Fact]
    public async Task Of_rivals_for_a_reference_one_wins()
    {
        var openings = new[] { Open(), Open() };
        await RealGit.Commit(openings[0], "first", ("a", "1"));
        for (var round = 0; round < 10; round++)
        {
            var head = Assert.NotNull(openings[0].References.Find(Main));
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => TryCommitAsync(openings[i % 2], head, $"{round}-{i}"))));
            Assert.Single(outcomes, o => o is Published);
        }

        Assert.Equal("11\n", _git.Bare("rev-list", "--count", Main));
        _git.AssertSound();
    }

    [Fact]
    public async Task A_pack_that_was_named_by_halves_becomes_whole()
    {
        var repository = Open();
        await RealGit.Commit(repository, "first", ("a", "1"));
        using var writer = repository.NewPack();
        var blob = writer.Write(GitObjectType.Blob, "new"u8);
        using var pack = writer.Complete();
        var half = Path.Combine(repository.Objects.PackFolder, $"pack-{pack!.Checksum}.pack");
        await File.WriteAllTextAsync(half, "PACK");
        await File.WriteAllTextAsync(Path.ChangeExtension(half, ".idx"), ""); // as a power cut leaves it
        var reopened = Open();
        (await TakeAsync()).Dispose();

        await repository.Publish([pack], [], CancellationToken.None);

        Assert.Equal("new"u8, reopened.Objects.Read(blob)!.Content);
        Assert.Equal("new", _git.Bare("cat-file", "blob", blob.ToString()));
        Assert.Contains("ok", _git.Bare("verify-pack", "-v", half), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_not_given_and_a_held_file_is_not_taken_for_abandoned()
    {
        using var first = await TakeAsync();
        using var second = await TakeAsync();
        var path = Path.Combine(_git.Folder, "named");
        UnnamedFile.Hold(first);

        Assert.True(UnnamedFile.TryName(first, path));
        Assert.False(UnnamedFile.TryName(second, path));
        Assert.Throws<IOException>(() => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None));
        UnnamedFile.Release(first);
        using (File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None))
        {
            Assert.True(File.Exists(path));
        }

        Assert.False(UnnamedFile.TryName(second, Path.Combine(_git.Folder, "nowhere", "named")));
    }

    public async ValueTask DisposeAsync()
    {
        await _spares.StopAsync(CancellationToken.None);
        _spares.Dispose();
        _git.Dispose();
    }

    private GitRepository Open() => GitRepository.Open(_git.BarePath, new ObjectCache(1024 * 1024), _git.Settling, _spares);

    private async Task<SafeFileHandle> TakeAsync()
    {
        SafeFileHandle? taken = null;
        await Eventually.TrueAsync(() => Task.FromResult((taken = _spares.TryTake()) is not null));
        return taken!; // else the wait would have failed
    }

    private static async Task<PublishOutcome> TryCommitAsync(GitRepository repository, ObjectId head, string name)
    {
        using var writer = repository.NewPack();
        var tree = new TreeEditor(repository.Objects, repository.Objects.Commit(head).Tree);
        tree.Put(name, GitMode.File, writer.Write(GitObjectType.Blob, System.Text.Encoding.UTF8.GetBytes(name)));
        var commit = writer.Write(new GitCommit(tree.Write(writer), [head], RealGit.Alice, RealGit.Alice, name));
        using var pack = writer.Complete();
        return await repository.Publish([pack], [new RefUpdate(Main, head, commit)], CancellationToken.None);
    }
}
