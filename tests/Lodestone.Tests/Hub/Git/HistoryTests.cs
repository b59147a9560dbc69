using System.Globalization;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class HistoryTests : IDisposable
{
    private readonly RealGit _git = new();

    [Fact]
    public void Trees_are_listed_as_git_lists_them()
    {
        MakeHistoryWithMerges();
        var repository = _git.Open();
        var tree = repository.Objects.Commit(Head(repository)).Tree;

        Assert.Equal(Lines("ls-tree", "-r", "-t", "--format=%(path) %(objectname)", "main"), Text(repository.Trees.List(tree, isRecursive: true)));
        Assert.Equal(Lines("ls-tree", "--format=%(path) %(objectname)", "main"), Text(repository.Trees.List(tree)));
        Assert.Equal(Lines("ls-tree", "--format=%(path) %(objectname)", "main", "dir/"), Text(repository.Trees.List(tree, "dir")));
        Assert.Empty(repository.Trees.List(tree, "nothing"));
        Assert.Empty(repository.Trees.List(tree, "top.txt"));
    }

    [Theory]
    [InlineData(true, "")]
    [InlineData(false, "")]
    [InlineData(true, "dir")]
    [InlineData(false, "dir")]
    public void A_listing_goes_on_after_any_path(bool isRecursive, string folder)
    {
        MakeHistoryWithMerges();
        var repository = _git.Open();
        var tree = repository.Objects.Commit(Head(repository)).Tree;
        var all = repository.Trees.List(tree, folder, isRecursive).ToList();

        Assert.NotEmpty(all);
        for (var i = 0; i < all.Count; i++)
        {
            Assert.Equal(all[(i + 1)..], repository.Trees.List(tree, folder, isRecursive, all[i].Path));
        }

        Assert.Equal(
            all.Where(p => string.CompareOrdinal(p.Path, "dir/c-gone") > 0), repository.Trees.List(tree, folder, isRecursive, "dir/c-gone"));
    }

    [Fact]
    public void The_log_is_that_of_git()
    {
        MakeHistoryWithMerges();
        var repository = _git.Open();
        var head = Head(repository);

        Assert.Equal(Lines("log", "--format=%H %s", "main"), repository.Log.From(head).Select(c => $"{c.Id} {c.Commit.Title}"));
        Assert.Equal(Lines("log", "--format=%H", "main").Length, repository.Log.Count(head, CancellationToken.None));
        var parent = repository.Objects.Commit(head).Parents[0];
        Assert.Equal(Lines("log", "--format=%H", "main^").Length, repository.Log.Count(parent, CancellationToken.None));
        Assert.True(repository.Log.Contains(head, parent, CancellationToken.None));
        Assert.False(repository.Log.Contains(parent, head, CancellationToken.None));
    }

    [Theory]
    [InlineData("")]
    [InlineData("dir")]
    [InlineData("dir/sub")]
    public void Each_entry_has_the_last_commit_that_changed_it(string folder)
    {
        MakeHistoryWithMerges();
        var repository = _git.Open();
        var head = Head(repository);

        var last = new LastCommits(repository.Objects).Of(head, folder, null, CancellationToken.None);

        var entries = repository.Trees.List(repository.Objects.Commit(head).Tree, folder).ToList();
        Assert.NotEmpty(entries);
        Assert.Equal(entries.Count, last.Count);
        Assert.All(entries, e => Assert.Equal(_git.Bare("log", "-1", "--format=%H", "main", "--", e.Path).Trim(), last[e.Entry.Name].Id.ToString()));
    }

    [Fact]
    public void Commits_of_any_shape_are_read_as_git_reads_them()
    {
        _git.WriteWorkFile("a", "1");
        _git.CommitAndPush("title\nstill title\n\nbody\n\nmore body");
        _git.Work("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-m", "latin");
        _git.Work("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "", "--date=1600000000 -0930");
        _git.CommitAndPush("last");
        var repository = _git.Open();

        var read = repository.Log.From(Head(repository)).Select(c => $"{c.Commit.Title}|{c.Commit.Body}|{c.Commit.Author.When:yyyy-MM-ddTHH:mm:sszzz}");

        Assert.Equal(
            _git.Bare("log", "--format=%s|%b|%aI%x00", "main").Split("\0\n", StringSplitOptions.RemoveEmptyEntries),
            read.Select(r => r.Replace("more body|", "more body\n|", StringComparison.Ordinal)));
        Assert.Contains(repository.Log.From(Head(repository)), c => c.Commit.Author.When.Offset == new TimeSpan(-9, -30, 0));
    }

    private void MakeHistoryWithMerges()
    {
        for (var i = 0; i < 6; i++)
        {
            _git.WriteWorkFile("top.txt", i < 3 ? $"{i}" : "same");
            _git.WriteWorkFile($"dir/{(char)('a' + i)}.txt", $"{i}");
            _git.WriteWorkFile($"dir/sub/{i % 2}.txt", $"{i}");
            _git.WriteWorkFile("dir.x/y", $"{i / 3}");
            _git.WriteWorkFile("dir-x", "constant");
            Commit(i, $"commit {i}");
        }

        _git.Work("checkout", "-q", "-b", "side", "HEAD~3");
        _git.WriteWorkFile("dir/side.txt", "side");
        _git.WriteWorkFile("dir/a.txt", "changed on the side");
        Commit(10, "side");
        _git.Work("checkout", "-q", "main");
        _git.WriteWorkFile("dir/b.txt", "changed on main");
        Commit(11, "on main");
        _git.Work("-c", "user.name=Bob", "merge", "-q", "--no-ff", "-m", "merge", "side");
        _git.WriteWorkFile("after.txt", "after");
        Commit(100_000, "after");
        _git.Work("push", "-q", "origin", "HEAD:refs/heads/main");
    }

    private void Commit(int minute, string message)
    {
        _git.Work("add", "-A");
        _git.Work("commit", "-q", "-m", message, "--date", $"2026-01-01T00:00:{(minute % 60).ToString("00", CultureInfo.InvariantCulture)}Z");
    }

    private static ObjectId Head(GitRepository repository) => Assert.NotNull(repository.References.Find("refs/heads/main"));

    private static IEnumerable<string> Text(IEnumerable<TreePath> paths) => paths.Select(p => $"{p.Path} {p.Entry.Id}");

    private string[] Lines(params string[] arguments) => _git.Bare(arguments).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public void Dispose() => _git.Dispose();
}
