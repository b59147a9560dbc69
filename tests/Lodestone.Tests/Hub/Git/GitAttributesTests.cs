using FsCheck;
using FsCheck.Fluent;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class GitAttributesTests : IDisposable
{
    private readonly RealGit _git = new();

    [Fact]
    public void The_usual_rules_of_a_model_are_read_as_git_reads_them()
    {
        const string Rules = """
            # comment
            *.bin filter=lfs diff=lfs merge=lfs -text
            *.safetensors filter=lfs diff=lfs merge=lfs -text
            saved_model/**/* filter=lfs diff=lfs merge=lfs -text
            *tfevents* filter=lfs diff=lfs merge=lfs -text
            /only-here.txt filter=lfs
            docs/*.pdf filter=lfs
            "with space.txt" filter=lfs
            "quo\"ted\303\251.txt" filter=lfs
            small.bin -filter
            other.bin !filter
            third.bin filter=other
            folder/ filter=lfs
            deep/** filter=lfs
            [a-c]?.txt filter=lfs
            !negative filter=lfs
            bad..\ name filter=lfs -
            """;

        AssertAsGit(
            new() { [""] = Rules, ["sub"] = "*.bin -filter\nmine filter=lfs\n", ["sub/deeper"] = "x.bin filter=lfs" },
            "a.bin", "A.BIN", "model.safetensors", "saved_model/x", "saved_model/a/b/c", "run.tfevents.1", "only-here.txt", "sub/only-here.txt",
            "docs/a.pdf", "docs/sub/a.pdf", "with space.txt", "quo\"tedé.txt", "small.bin", "x/small.bin", "other.bin", "third.bin", "folder/x",
            "deep/x", "deep/y/z", "deep", "b1.txt", "d1.txt", "negative", "!negative", "sub/a.bin", "sub/mine", "mine", "sub/deeper/x.bin", "sub/deeper/y.bin");
    }

    [Fact]
    public void Random_patterns_match_what_git_matches()
    {
        var piece = Gen.Elements("a", "b", "ab", "*", "**", "?", "/", "/", "[ab]", "[!a]", "[^b/]", "[a-b", "\\a", "\\*", "[[:alpha:]]", "[]a]", "[a\\]]", "é", ".", "**/", "/**");
        var pattern = Gen.Choose(1, 5).SelectMany(n => Gen.ArrayOf(piece, n)).Select(string.Concat);
        var state = Gen.Elements("filter=lfs", "filter=lfs", "filter=lfs -text", "-filter", "!filter", "filter", "filter=x");
        var rules = Gen.ArrayOf(Gen.Zip(pattern, state, (p, s) => $"{p} {s}"), 4);
        var name = Gen.Elements("a", "b", "ab", "aa", "ba", "é", "a.b", "*", "a]");
        var path = Gen.Choose(1, 3).SelectMany(n => Gen.ArrayOf(name, n)).Select(parts => string.Join('/', parts));
        var paths = Gen.ArrayOf(path, 40);

        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(200),
            Prop.ForAll(Gen.Zip(rules, paths).ToArbitrary(), c => AssertAsGit(new() { [""] = string.Join('\n', c.Item1) }, c.Item2)));
    }

    [Fact]
    public void A_pattern_that_explodes_ends_soon()
    {
        var rules = string.Concat(Enumerable.Repeat("**/", 40)) + "*a*a*a*a*a*a*a*b filter=lfs";
        var path = string.Concat(Enumerable.Repeat("aaaaaaaaaa/", 60)) + "aaaaaaaaaaaaaaaa";

        Assert.False(new GitAttributes(folder => folder.Length == 0 ? rules : null).IsLfs(path));
    }

    [Fact]
    public async Task Rules_are_read_from_a_commit()
    {
        var repository = _git.Open();
        var head = await RealGit.Commit(repository, "first", (".gitattributes", "*.bin filter=lfs"), ("x/.gitattributes", "*.bin -filter"));
        var attributes = GitAttributes.Of(repository.Objects, repository.Objects.Commit(head).Tree);

        Assert.True(attributes.IsLfs("a.bin"));
        Assert.False(attributes.IsLfs("x/a.bin"));
        Assert.True(attributes.IsLfs("y/z/a.bin"));
    }

    private void AssertAsGit(Dictionary<string, string> files, params string[] paths)
    {
        _git.WriteWorkFile("keep", "");
        foreach (var (folder, text) in files)
        {
            _git.WriteWorkFile(Path.Combine(folder, ".gitattributes"), text);
        }

        var attributes = new GitAttributes(files.GetValueOrDefault);
        var asked = string.Concat(paths.Select(p => p + "\0"));
        var answers = _git.WorkWithInput(asked, "check-attr", "-z", "--stdin", "filter").Split('\0', StringSplitOptions.RemoveEmptyEntries);

        var expected = answers.Chunk(3).Where(a => a.Length == 3).Select(a => (a[0], a[2] == "lfs"));
        Assert.Equal(expected, paths.Select(p => (p, attributes.IsLfs(p))));
    }

    public void Dispose() => _git.Dispose();
}
