using System.Text;
using Lodestone.Hub;
using Lodestone.Tests.Hub.Git;

namespace Lodestone.Tests.Hub.Community;

[NoDatabase]
public sealed class TreeMergeTests
{
    private const int Rounds = 80;

    private readonly Random _random = new(29);

    /// <summary>Trees that two people changed at random, with files renamed, moved and edited: what merges here, merges in git, and to the same tree.</summary>
    [Fact]
    public async Task What_merges_is_the_tree_that_git_makes_of_it()
    {
        using var real = new RealGit();
        var git = real.Open();
        var (clean, renamed, refused, onlyHere) = (0, 0, 0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var files = Enumerable.Range(0, _random.Next(3, 8)).ToDictionary(i => $"d{i % 3}/f{i}.txt", i => Text($"{round} {i}"), StringComparer.Ordinal);
            var (mine, theirs) = (Changed(files, "ours"), Changed(files, "theirs"));
            var @base = await CommitAsync(git, $"refs/heads/base-{round}", files, null);
            var (one, other) = (await CommitAsync(git, $"refs/heads/ours-{round}", mine, @base), await CommitAsync(git, $"refs/heads/theirs-{round}", theirs, @base));

            var (tree, conflicts) = Merge(git, @base, one, other);
            var (exitCode, output, error) = await ClientProcess.TryAsync("git", ["merge-tree", "--write-tree", "--no-messages", one.ToString(), other.ToString()], real.BarePath);

            Assert.True(exitCode is 0 or 1, error);
            if (conflicts.Count == 0)
            {
                clean++;
                renamed += files.Keys.Any(f => !mine.ContainsKey(f) || !theirs.ContainsKey(f)) ? 1 : 0;
                Assert.Equal((round, 0, output.Trim()), (round, exitCode, tree.ToString()));
            }
            else
            {
                refused++;
                onlyHere += exitCode == 0 ? 1 : 0;
            }
        }

        Assert.True(clean > 20 && renamed > 10 && refused > 15 && onlyHere < 4, $"{clean} clean, {renamed} of them with files that moved; {refused} refused, {onlyHere} of them by us alone");
    }

    [Theory]
    [InlineData("renamed and edited", "a:1", "b:1", "a:2", "b:2")]
    [InlineData("by the other side", "a:1", "a:2", "b:1", "b:2")]
    [InlineData("alike by both", "a:1", "b:1", "b:1", "b:1")]
    [InlineData("moved to another folder", "a:1", "x/a:1", "a:2", "x/a:2")]
    [InlineData("edited on both sides", "a:1", "b:2", "a:3", "b:23")]
    [InlineData("and something else in its place", "a:1", "b:1 a:9", "a:1", "b:1 a:9")]
    public async Task A_file_that_one_side_renamed_gets_what_the_other_changed(string what, string fork, string ours, string theirs, string expected)
    {
        using var real = new RealGit();
        var git = real.Open();
        var @base = await CommitAsync(git, "refs/heads/base", Files(fork), null);

        var (tree, conflicts) = Merge(git, @base, await CommitAsync(git, "refs/heads/ours", Files(ours), @base), await CommitAsync(git, "refs/heads/theirs", Files(theirs), @base));

        Assert.Empty(conflicts);
        Assert.Equal((what, (await TreeAsync(git, Files(expected))).ToString()), (what, tree.ToString()));
    }

    [Theory]
    [InlineData("renamed and deleted", "a:1 c:8", "b:1 c:8", "c:8", "b")]
    [InlineData("renamed to two names", "a:1", "b:1", "c:1", "b c")]
    [InlineData("renamed to what the other side made", "a:1", "b:1", "a:2 b:9", "a b")]
    [InlineData("edited in one place", "a:1", "b:2", "a:4", "b")]
    [InlineData("new in a folder that moved", "x/a:1 x/b:8", "y/a:1 y/b:8", "x/a:1 x/b:8 x/c:9", "x/c")]
    public async Task What_git_would_ask_about_is_a_conflict(string what, string fork, string ours, string theirs, string expected)
    {
        using var real = new RealGit();
        var git = real.Open();
        var @base = await CommitAsync(git, "refs/heads/base", Files(fork), null);
        var (one, other) = (await CommitAsync(git, "refs/heads/ours", Files(ours), @base), await CommitAsync(git, "refs/heads/theirs", Files(theirs), @base));

        var (exitCode, _, _) = await ClientProcess.TryAsync("git", ["merge-tree", "--write-tree", one.ToString(), other.ToString()], real.BarePath);

        Assert.Equal((what, expected, expected), (what, string.Join(' ', Merge(git, @base, one, other).Conflicts), string.Join(' ', Merge(git, @base, other, one).Conflicts)));
        Assert.Equal(1, exitCode);
    }

    private static (ObjectId Tree, IReadOnlyList<string> Conflicts) Merge(GitRepository git, ObjectId @base, ObjectId one, ObjectId other)
    {
        using var history = new LibGit(git);
        using var pack = git.NewPack();
        var merged = new TreeMerge(git, history).Merge(TreeOf(git, @base), TreeOf(git, one), TreeOf(git, other), content => pack.Write(GitObjectType.Blob, content));
        return (merged.Editor.Write(pack), merged.Conflicts);
    }

    private Dictionary<string, string> Changed(Dictionary<string, string> files, string side)
    {
        var changed = new Dictionary<string, string>(StringComparer.Ordinal);
        var moves = _random.Next(10) == 0;
        foreach (var (path, text) in files)
        {
            var what = _random.Next(25);
            var place = moves && path.StartsWith("d1/", StringComparison.Ordinal) ? $"moved-{side}/{path[3..]}"
                : what < 4 ? $"d{_random.Next(3)}/{side}-{path[3..]}"
                : what == 4 ? $"e{_random.Next(2)}/{path[3..]}" : path;
            if (what != 5 || _random.Next(2) == 0)
            {
                changed[place] = _random.Next(5) < 3 ? text : Edited(text, side);
            }
        }

        if (_random.Next(4) == 0)
        {
            changed[$"d{_random.Next(3)}/new-{_random.Next(4)}.txt"] = Text($"new {_random.Next(2)}");
        }

        return changed;
    }

    private string Edited(string text, string side)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList();
        var (from, count) = (_random.Next(lines.Count), _random.Next(8) == 0 ? 14 : _random.Next(1, 4));
        for (var i = 0; i < count; i++)
        {
            lines[(from + i) % lines.Count] = $"line {_random.Next(1000)} by {side}";
        }

        return string.Join('\n', lines) + "\n";
    }

    private static string Text(string name) => string.Concat(Enumerable.Range(0, 24).Select(i => $"line {i} of {name}, which is longer than others\n"));

    /// <summary>Of <c>name:1</c> each digit is a place that is changed; 8 and 9 are other files.</summary>
    private static Dictionary<string, string> Files(string files) => files.Split(' ').Select(f => f.Split(':')).ToDictionary(
        f => f[0],
        f => f[1] is "8" or "9" ? Text($"other {f[1]}") : f[1].Aggregate(Text("it"), (text, digit) => digit switch
        {
            '2' => text.Replace("line 2 ", "LINE 2 ", StringComparison.Ordinal),
            '3' => text.Replace("line 20 ", "LINE 20 ", StringComparison.Ordinal),
            '4' => text.Replace("line 2 ", "Line 2 ", StringComparison.Ordinal),
            _ => text,
        }),
        StringComparer.Ordinal);

    private static ObjectId TreeOf(GitRepository git, ObjectId commit) => git.Objects.Commit(commit).Tree;

    private static async Task<ObjectId> TreeAsync(GitRepository git, Dictionary<string, string> files) => TreeOf(git, await CommitAsync(git, "refs/heads/expected", files, null));

    private static async Task<ObjectId> CommitAsync(GitRepository git, string branch, Dictionary<string, string> files, ObjectId? parent)
    {
        using var pack = git.NewPack();
        var editor = new TreeEditor(git.Objects, null);
        foreach (var (path, text) in files)
        {
            Assert.Equal(TreeEdit.Done, editor.Put(path, GitMode.File, pack.Write(GitObjectType.Blob, Encoding.UTF8.GetBytes(text))));
        }

        var commit = pack.Write(new GitCommit(editor.Write(pack), parent is { } from ? [from] : [], RealGit.Alice, RealGit.Alice, branch));
        using var complete = pack.Complete();
        Assert.IsType<Published>(await git.Publish([complete], [new RefUpdate(branch, null, commit)], CancellationToken.None));
        return commit;
    }
}
