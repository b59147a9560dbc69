using System.Diagnostics;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class PublishJournalTests : IDisposable
{
    private const string Main = "refs/heads/main";

    private readonly RealGit _git = new();

    [Theory]
    [InlineData("as it was")]
    [InlineData("")]
    [InlineData(null)]
    public async Task What_was_published_survives_a_power_cut_that_took_its_files(string? reference)
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        var known = Packs().ToList();
        await RealGit.Commit(repository, "second", ("a", "2"), ("folder/b", "2"));
        var third = await RealGit.Commit(repository, "third", ("folder/b", "3"));
        var lost = Packs().Except(known).ToList();

        using var cut = PowerCut();
        lost.ForEach(pack => File.WriteAllText(cut.In(pack), ""));
        lost.ForEach(pack => File.Delete(cut.In(Path.ChangeExtension(pack, ".idx"))));
        cut.Point(Main, reference is "as it was" ? $"{first}\n" : reference);
        var opened = cut.Open();

        Assert.Equal(third, opened.References.Find(Main));
        Assert.Equal("3", cut.Git("cat-file", "blob", "main:folder/b"));
        Assert.Equal("third\nsecond\nfirst\n", cut.Git("log", "--format=%s", "main"));
        Assert.DoesNotContain("error", cut.Git("fsck", "--strict", "--full"), StringComparison.Ordinal);
        Assert.Empty(cut.Journals());
    }

    [Fact]
    public async Task A_record_that_was_cut_off_is_passed_over()
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        var second = await RealGit.Commit(repository, "second", ("a", "2"));
        await RealGit.Commit(repository, "third", ("a", "3"));

        using var cut = PowerCut();
        Image.Shorten(cut.Journals().Single());
        cut.Point(Main, $"{first}\n");

        Assert.Equal(second, cut.Open().References.Find(Main));
    }

    [Fact]
    public async Task What_git_did_later_while_no_server_ran_stays()
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        await RealGit.Commit(repository, "second", ("a", "2"));

        using var cut = PowerCut();
        cut.Git("update-ref", Main, first.ToString());
        File.SetLastWriteTimeUtc(cut.In(Path.Combine(_git.BarePath, Main)), DateTime.UnixEpoch.AddYears(100));

        Assert.Equal(first, cut.Open().References.Find(Main));
    }

    [Fact]
    public async Task Whatever_else_is_published_settles_the_journal_first()
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        var second = await RealGit.Commit(repository, "second", ("a", "2"));
        Assert.NotEqual(0, new FileInfo(Journals(_git.BarePath).Single()).Length);

        await repository.Publish([], [new RefUpdate("refs/heads/other", null, second)], CancellationToken.None);
        Assert.Equal(0, new FileInfo(Journals(_git.BarePath).Single()).Length);
        await repository.Publish([], [new RefUpdate(Main, second, first)], CancellationToken.None);
        await repository.SettleAsync(CancellationToken.None);

        Assert.Equal(0, new FileInfo(Journals(_git.BarePath).Single()).Length);
        using var cut = PowerCut();
        Assert.Equal(first, cut.Open().References.Find(Main));
    }

    [Fact]
    public async Task A_long_journal_is_settled_as_a_short_one()
    {
        var repository = _git.Open();
        for (var i = 0; i < 20; i++)
        {
            await RealGit.Commit(repository, $"commit {i}", ("a", $"{i}"));
        }

        await repository.SettleAsync(CancellationToken.None);

        Assert.Equal(0, new FileInfo(Journals(_git.BarePath).Single()).Length);
        _git.AssertSound();
    }

    [Fact]
    public async Task Who_opens_a_repository_leaves_alone_what_another_is_publishing()
    {
        var repository = _git.Open();
        await RealGit.Commit(repository, "first", ("a", "1"));
        await RealGit.Commit(repository, "second", ("a", "2"));

        _git.Open();

        Assert.NotEqual(0, new FileInfo(Journals(_git.BarePath).Single()).Length);
    }

    [Fact]
    public async Task A_repository_that_was_deleted_holds_up_none_of_the_others()
    {
        var deleted = _git.Open();
        var first = await RealGit.Commit(deleted, "first", ("a", "1"));
        await RealGit.Commit(deleted, "second", ("a", "2"));
        using var other = PowerCut();
        var left = other.Open(_git.Settling);
        await left.Publish([], [new RefUpdate(Main, left.References.Find(Main), first)], CancellationToken.None);
        Directory.Delete(_git.BarePath, recursive: true);

        await _git.Settling.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => Task.FromResult(new FileInfo(other.Journals().Single()).Length == 0));
        await _git.Settling.StopAsync(CancellationToken.None);

        Assert.True(_git.Settling.ExecuteTask?.IsCompletedSuccessfully);
    }

    public void Dispose() => _git.Dispose();

    private IEnumerable<string> Packs() => Directory.EnumerateFiles(_git.BarePath, "*.pack", SearchOption.AllDirectories);

    private static string[] Journals(string repository) => Directory.GetFiles(repository, "lodestone-journal-*");

    private Image PowerCut() => new(_git);

    /// <summary>The repository's files as they are at this moment, in another place, where no process holds them.</summary>
    private sealed class Image : IDisposable
    {
        private readonly RealGit _of;
        private readonly string _folder;

        public Image(RealGit of)
        {
            _of = of;
            _folder = Path.Combine(of.Folder, "cut.git");
            using var copy = Process.Start("cp", ["-a", of.BarePath, _folder]); // it heeds no lock
            copy.WaitForExit();
        }

        public string In(string file) => Path.Combine(_folder, Path.GetRelativePath(_of.BarePath, file));

        public string[] Journals() => PublishJournalTests.Journals(_folder);

        public GitRepository Open(Settling? settling = null) => GitRepository.Open(_folder, new ObjectCache(1024 * 1024), settling);

        public string Git(params string[] arguments) => _of.Bare(["--git-dir", _folder, .. arguments]);

        public static void Shorten(string path)
        {
            var writtenAt = File.GetLastWriteTimeUtc(path);
            using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
            {
                RandomAccess.SetLength(file, RandomAccess.GetLength(file) - 1);
            }

            File.SetLastWriteTimeUtc(path, writtenAt);
        }

        /// <param name="content">Null: the name was lost.</param>
        public void Point(string reference, string? content)
        {
            var path = Path.Combine(_folder, reference);
            var writtenAt = File.GetLastWriteTimeUtc(path);
            File.Delete(path);
            if (content is not null)
            {
                File.WriteAllText(path, content);
                File.SetLastWriteTimeUtc(path, writtenAt);
            }
        }

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
