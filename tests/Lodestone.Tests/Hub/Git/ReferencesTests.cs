using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class ReferencesTests : IDisposable
{
    private readonly RealGit _git = new();

    [Fact]
    public async Task Loose_and_packed_references_are_listed_as_git_lists_them()
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        _git.Bare("tag", "-a", "v1", "-m", "one");
        _git.Bare("update-ref", "refs/pr/12", first.ToString());
        _git.Bare("branch", "feature/x");
        _git.Bare("pack-refs", "--all");
        var second = await RealGit.Commit(repository, "second", ("a", "2"));
        _git.Bare("branch", "feature/y");

        var expected = _git.Bare("for-each-ref", "--format=%(refname) %(objectname)").Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(expected, repository.References.List().Select(r => $"{r.Name} {r.Target}"));
        Assert.Equal(["refs/heads/feature/x", "refs/heads/feature/y"], repository.References.List("refs/heads/feature/").Select(r => r.Name));
        Assert.Equal(second, repository.References.Find("HEAD"));
        Assert.Equal("refs/heads/main", repository.References.Head);
        Assert.Equal(first, repository.References.Find("refs/pr/12"));
    }

    [Fact]
    public async Task A_deleted_reference_is_gone_from_packed_refs_as_well()
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        _git.Bare("branch", "gone/soon");
        _git.Bare("tag", "-a", "v1", "-m", "one");
        _git.Bare("tag", "-a", "v2", "-m", "two");
        _git.Bare("pack-refs", "--all");
        var v1 = repository.References.Find("refs/tags/v1");

        var outcome = await repository.Publish(
            [], [new RefUpdate("refs/heads/gone/soon", first, null), new RefUpdate("refs/tags/v1", v1, null)], CancellationToken.None);

        Assert.IsType<Published>(outcome);
        Assert.Equal("refs/heads/main\nrefs/tags/v2\n", _git.Bare("for-each-ref", "--format=%(refname)"));
        Assert.IsType<Published>(await repository.Publish([], [new RefUpdate("refs/heads/gone", null, first)], CancellationToken.None));
        _git.AssertSound();
    }

    [Fact]
    public async Task A_name_may_follow_a_deleted_one_that_was_its_folder()
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        foreach (var update in (RefUpdate[])[
            new("refs/heads/x/y/z", null, first), new("refs/heads/x/y/z", first, null), new("refs/heads/x", null, first),
            new("refs/heads/x", first, null), new("refs/heads/x/y", null, first)])
        {
            Assert.IsType<Published>(await repository.Publish([], [update], CancellationToken.None));
        }

        Assert.Equal("refs/heads/main\nrefs/heads/x/y\n", _git.Bare("for-each-ref", "--format=%(refname)"));
    }

    [Theory]
    [InlineData("refs/heads/main/sub", "refs/heads/main")]
    [InlineData("refs/heads/a", "refs/heads/a/b")]
    [InlineData("refs/heads/a/b/c", "refs/heads/a/b")]
    public async Task A_branch_cannot_be_inside_another(string name, string inTheWay)
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        _git.Bare("branch", "a/b");

        Assert.Equal(new NameTaken(name, inTheWay), await repository.Publish([], [new RefUpdate(name, null, first)], CancellationToken.None));
        _git.Bare("pack-refs", "--all");
        Assert.Equal(new NameTaken(name, inTheWay), await repository.Publish([], [new RefUpdate(name, null, first)], CancellationToken.None));
    }

    [Fact]
    public void Names_are_valid_when_git_says_so()
    {
        string[] names = [
            "a", "a/b", "a.b", ".a", "a/.b", "a..b", "a.lock", "a.lock/b", "a/b.lock", "a b", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a]b",
            "a\\b", "a\u0001b", "a\u007fb", "a/", "/a", "a//b", "a.", "a@{b", "@", "a@b", "{a}", "日本", "a\tb", "-a", "a'b", "a\"b"];

        Assert.All(names, name => Assert.Equal(GitAccepts("refs/heads/" + name), RefName.IsValid("refs/heads/" + name)));
        Assert.False(RefName.IsValid("main"));
        Assert.False(RefName.IsValid("refs/heads/../../config"));
        Assert.False(RefName.IsValidBranch("-d"));
    }

    private bool GitAccepts(string name)
    {
        try
        {
            _git.Bare("check-ref-format", name);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    public void Dispose() => _git.Dispose();
}
