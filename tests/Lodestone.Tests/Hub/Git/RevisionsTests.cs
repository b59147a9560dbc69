using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class RevisionsTests : IDisposable
{
    private readonly RealGit _git = new();

    [Fact]
    public async Task Revisions_are_found_in_the_order_of_the_protocol()
    {
        var repository = _git.Open();
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        _git.Bare("tag", "-a", "annotated", "-m", "one");
        _git.Bare("tag", "-a", "twice", "-m", "of a tag", "annotated");
        _git.Bare("tag", "both");
        _git.Bare("update-ref", "refs/pr/1", first.ToString());
        var second = await RealGit.Commit(repository, "second", ("a", "2"));
        _git.Bare("branch", "both");
        _git.Bare("branch", "with/slash");

        Assert.Equal(new Revision(second, "refs/heads/main"), repository.Revisions.Find("HEAD"));
        Assert.Equal(new Revision(second, "refs/heads/main"), repository.Revisions.Find("main"));
        Assert.Equal(new Revision(second, "refs/heads/both"), repository.Revisions.Find("both"));
        Assert.Equal(new Revision(first, "refs/tags/both"), repository.Revisions.Find("refs/tags/both"));
        Assert.Equal(new Revision(first, "refs/tags/annotated"), repository.Revisions.Find("annotated"));
        Assert.Equal(new Revision(first, "refs/tags/twice"), repository.Revisions.Find("twice"));
        Assert.Equal(new Revision(first, "refs/pr/1"), repository.Revisions.Find("refs/pr/1"));
        Assert.Equal(new Revision(second, "refs/heads/with/slash"), repository.Revisions.Find("with/slash"));
        Assert.Equal(new Revision(first, null), repository.Revisions.Find(first.ToString()));
        Assert.Equal(new Revision(first, null), repository.Revisions.Find(first.ToString()[..5]));
        Assert.Equal(new Revision(first, null), repository.Revisions.Find(first.ToString()[..12].ToUpperInvariant()));
    }

    [Fact]
    public async Task What_is_no_commit_is_not_found()
    {
        var repository = _git.Open();
        Assert.Null(repository.Revisions.Find("HEAD"));
        var first = await RealGit.Commit(repository, "first", ("a", "1"));
        var tree = repository.Objects.Commit(first).Tree;

        Assert.All(
            ["nope", "refs/heads/nope", "", "..", "../HEAD", "refs/../HEAD", "main\0", "main/", "config", tree.ToString(), first.ToString()[..4], first + "0", "0000000000"],
            revision => Assert.Null(repository.Revisions.Find(revision)));
    }

    public void Dispose() => _git.Dispose();
}
