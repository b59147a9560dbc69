using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class UnifiedDiffTests : IDisposable
{
    private readonly RealGit _git = new();

    [Fact]
    public void A_diff_is_the_text_that_git_writes()
    {
        var lines = Enumerable.Range(1, 60).Select(i => $"line {i}").ToArray();
        _git.WriteWorkFile("changed.txt", string.Join('\n', lines) + "\n");
        _git.WriteWorkFile("code/train.py", "def train(model):\n    for step in range(10):\n        model.step()\n\n\ndef test():\n    pass\n");
        _git.WriteWorkFile("no-end.txt", "one\ntwo");
        _git.WriteWorkFile("becomes-folder", "file\n");
        _git.WriteWorkFile("gone/deep/away.txt", "away\n");
        _git.WriteWorkFile("bytes.dat", "a\0b");
        _git.WriteWorkFile("run.sh", "echo\n");
        _git.WriteWorkFile("empty.txt", "");
        var before = _git.CommitAndPush("before");
        (lines[4], lines[30], lines[31]) = ("line five", "other", "");
        _git.WriteWorkFile("changed.txt", string.Join('\n', lines.Where((_, i) => i != 50)) + "\nmore\n");
        _git.WriteWorkFile("code/train.py", "def train(model):\n    for step in range(20):\n        model.step()\n\n\ndef test():\n    pass\n");
        _git.WriteWorkFile("no-end.txt", "one\ntwo\nthree");
        _git.Work("rm", "-q", "becomes-folder", "gone/deep/away.txt");
        _git.WriteWorkFile("becomes-folder/inner.txt", "file\n");
        _git.WriteWorkFile("bytes.dat", "a\0c");
        _git.WriteWorkFile("naïve \"name\"\t.txt", "ünïcode\n");
        _git.WriteWorkFile("new-empty.txt", "");
        _git.Work("update-index", "--chmod=+x", "run.sh");
        var after = _git.CommitAndPush("after");

        Assert.Equal(Expected(before, after), Ours(before, after));
        Assert.Equal(Expected(after, before), Ours(after, before));
        Assert.Equal("", Ours(after, after));
    }

    [Fact]
    public void A_whole_commit_is_the_difference_from_nothing()
    {
        _git.WriteWorkFile("a/b/c.txt", "one\n");
        _git.WriteWorkFile("d.txt", "two\n");
        var first = _git.CommitAndPush("first");

        Assert.Equal(_git.Bare("diff-tree", "-p", "--root", "--full-index", "--no-renames", "--no-commit-id", first.ToString()), Ours(null, first));
    }

    [Fact]
    public void Histories_that_parted_meet_where_git_says()
    {
        _git.WriteWorkFile("a.txt", "one\n");
        var fork = _git.CommitAndPush("fork");
        _git.WriteWorkFile("a.txt", "two\n");
        var main = _git.CommitAndPush("main");
        _git.Work("checkout", "-q", "-b", "side", fork.ToString());
        _git.Work("commit", "-q", "--allow-empty", "-m", "one");
        _git.Work("commit", "-q", "--allow-empty", "-m", "two");
        _git.Work("push", "-q", "origin", "side");
        var side = ObjectId.Parse(_git.Work("rev-parse", "side").Trim());

        using var history = new LibGit(_git.Open());

        Assert.Equal(fork, history.MergeBase(main, side));
        Assert.Equal((2, 1), history.Divergence(side, main));
        Assert.Equal(_git.Bare("rev-list", $"{main}..{side}").Split('\n', StringSplitOptions.RemoveEmptyEntries), history.Since(main, side).Select(id => id.ToString()));
    }

    public void Dispose() => _git.Dispose();

    // libgit2 knows no names of functions in other languages than git's own default, which is what git uses here too.
    private string Expected(ObjectId before, ObjectId after) => _git.Bare("diff", "--full-index", "--no-renames", before.ToString(), after.ToString());

    private string Ours(ObjectId? before, ObjectId after)
    {
        var repository = _git.Open();
        using var lines = new LibGit(repository);
        var diff = new UnifiedDiff(repository, lines);
        return string.Concat(new RevisionRange(before, after, "", "").Changes(repository).Select(diff.Of));
    }
}
