using System.Text;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class PublishTests : IDisposable
{
    private readonly RealGit _git = new();

    [Fact]
    public async Task Git_can_clone_and_check_what_we_wrote()
    {
        var repository = _git.Open();
        await RealGit.Commit(repository, "first", ("README.md", "hello"), ("src/a.txt", "a"), ("src/deep/b.txt", "b"));

        var second = await RealGit.Commit(repository, "second: more\n\nwith a body", ("src/a.txt", null), ("ünïcode/名.txt", "c"));

        _git.AssertSound();
        Assert.Equal(second.ToString(), _git.Work("rev-parse", "HEAD").Trim());
        Assert.Equal("hello", File.ReadAllText(Path.Combine(_git.WorkPath, "README.md")));
        Assert.Equal("c", File.ReadAllText(Path.Combine(_git.WorkPath, "ünïcode", "名.txt")));
        Assert.False(File.Exists(Path.Combine(_git.WorkPath, "src", "a.txt")));
        Assert.Equal("second: more|with a body\n|Alice|2026-03-01T12:00:00+02:00\n", _git.Bare("log", "-1", "--format=%s|%b|%an|%aI"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_git.BarePath, "objects", "pack"), "tmp_*"));
    }

    [Fact]
    public async Task Git_finds_every_object_of_our_pack_by_our_index()
    {
        var repository = _git.Open();
        using var writer = repository.NewPack();
        var blobs = Enumerable.Range(0, 12_000).Select(i => writer.Write(GitObjectType.Blob, Encoding.UTF8.GetBytes($"blob {i}"))).ToList();
        using var pack = writer.Complete();

        await repository.Publish([pack], [], CancellationToken.None);

        var answers = _git.BareWithInput(string.Join('\n', blobs) + "\n", "cat-file", "--batch-check");
        // So many that the index is read from its file rather than held in memory.
        Assert.All(blobs, id => Assert.NotNull(repository.Objects.Header(id)));
        Assert.Equal(blobs.Select((id, i) => $"{id} blob {$"blob {i}".Length}"), answers.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var packFile = Directory.EnumerateFiles(Path.Combine(_git.BarePath, "objects", "pack"), "*.pack").Single();
        Assert.Contains("ok", _git.Bare("verify-pack", "-v", packFile), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_that_is_there_already_is_not_written_again()
    {
        var repository = _git.Open();
        await RealGit.Commit(repository, "first", ("a", "same"));

        using var writer = repository.NewPack();
        writer.Write(GitObjectType.Blob, "same"u8);
        await writer.WriteBlob(new MemoryStream("same"u8.ToArray()), 4, CancellationToken.None);

        Assert.Equal(0, writer.Count);
        Assert.Null(writer.Complete());
    }

    [Fact]
    public async Task A_streamed_blob_of_the_wrong_size_leaves_the_pack_as_it_was()
    {
        var repository = _git.Open();
        using var writer = repository.NewPack();
        await Assert.ThrowsAsync<InvalidDataException>(() => writer.WriteBlob(new MemoryStream(new byte[100_000]), 99_999, CancellationToken.None));
        await Assert.ThrowsAsync<InvalidDataException>(() => writer.WriteBlob(new MemoryStream(new byte[100_000]), 100_001, CancellationToken.None));
        var whole = await writer.WriteBlob(new MemoryStream(new byte[100_000]), 100_000, CancellationToken.None);

        using var pack = writer.Complete();
        await repository.Publish([pack], [], CancellationToken.None);

        Assert.Equal(1, writer.Count);
        Assert.Equal(100_000.ToString(System.Globalization.CultureInfo.InvariantCulture), _git.Bare("cat-file", "-s", whole.ToString()).Trim());
        _git.AssertSound();
    }

    [Fact]
    public async Task A_changed_reference_is_a_conflict_and_nothing_is_kept()
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        using var writer = repository.NewPack();
        var blob = writer.Write(GitObjectType.Blob, "new"u8);
        using var pack = writer.Complete();

        var outcome = await repository.Publish(
            [pack],
            [new RefUpdate("refs/heads/dev", null, first), new RefUpdate("refs/heads/main", null, first)],
            CancellationToken.None);

        Assert.Equal(new Conflict("refs/heads/main", first), outcome);
        Assert.Null(repository.References.Find("refs/heads/dev"));
        Assert.False(repository.Objects.Contains(blob));
        Assert.Empty(Directory.EnumerateFiles(_git.BarePath, "*.lock", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_reference_cannot_point_to_what_is_not_there()
    {
        var repository = _git.Open();
        var nothing = ObjectId.Of(GitObjectType.Blob, "nothing"u8);

        await Assert.ThrowsAsync<ArgumentException>(
            () => repository.Publish([], [new RefUpdate("refs/heads/main", null, nothing)], CancellationToken.None));

        Assert.Null(repository.References.Find("refs/heads/main"));
    }

    [Fact]
    public async Task Of_sixteen_concurrent_publishes_one_wins_and_none_is_lost()
    {
        await RealGit.Commit(_git.Open(), "first", ("start", "0"));
        var winners = 0;

        // Two openings of the repository, so that half of the rivals meet only in the lock files.
        var openings = new[] { _git.Open(), _git.Open() };
        for (var round = 0; round < 20; round++)
        {
            var head = openings[0].References.Find("refs/heads/main");
            var rivals = Enumerable.Range(0, 16).Select(i => Task.Run(() => TryCommit(openings[i % 2], head, $"{round}-{i}")));
            var outcomes = await Task.WhenAll(rivals);
            Assert.Single(outcomes, o => o is Published);
            Assert.Equal(15, outcomes.Count(o => o is Conflict));
            winners++;
        }

        Assert.Equal(winners + 1, int.Parse(_git.Bare("rev-list", "--count", "main"), System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(winners + 1, _git.Bare("ls-tree", "--name-only", "main").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        _git.AssertSound();
    }

    [Fact]
    public async Task A_lock_left_by_a_killed_process_does_not_block_for_ever()
    {
        var repository = _git.Open();
        await RealGit.Commit(repository, "first", ("a", "1"));
        var lockPath = Path.Combine(_git.BarePath, "refs", "heads", "main.lock");
        await File.WriteAllTextAsync(lockPath, "");
        File.SetLastWriteTimeUtc(lockPath, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        var second = await RealGit.Commit(repository, "second", ("a", "2"));

        Assert.Equal(second, repository.References.Find("refs/heads/main"));
        Assert.False(File.Exists(lockPath));
    }

    private static async Task<PublishOutcome> TryCommit(GitRepository repository, ObjectId? head, string name)
    {
        using var writer = repository.NewPack();
        var parent = Assert.NotNull(head);
        var tree = new TreeEditor(repository.Objects, repository.Objects.Commit(parent).Tree);
        tree.Put(name, GitMode.File, writer.Write(GitObjectType.Blob, Encoding.UTF8.GetBytes(name)));
        var commit = writer.Write(new GitCommit(tree.Write(writer), [parent], RealGit.Alice, RealGit.Alice, name));
        using var pack = writer.Complete();
        return await repository.Publish([pack], [new RefUpdate("refs/heads/main", head, commit)], CancellationToken.None);
    }

    public void Dispose() => _git.Dispose();
}
