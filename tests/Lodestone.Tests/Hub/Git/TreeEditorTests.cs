using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class TreeEditorTests : IDisposable
{
    private readonly RealGit _git = new();

    [Fact]
    public async Task Removing_the_last_file_removes_its_folders()
    {
        var repository = _git.Open();
        await RealGit.Commit(repository, "first", ("a/b/c/file", "1"), ("top", "2"));

        await RealGit.Commit(repository, "second", ("a/b/c/file", null));

        Assert.Equal("top\n", _git.Bare("ls-tree", "-r", "-t", "--name-only", "main"));
    }

    [Fact]
    public async Task A_repository_may_be_emptied()
    {
        var repository = _git.Open();
        await RealGit.Commit(repository, "first", ("a", "1"));

        await RealGit.Commit(repository, "second", ("a", null));

        Assert.Equal("", _git.Bare("ls-tree", "-r", "-t", "--name-only", "main"));
        _git.AssertSound();
    }

    [Fact]
    public async Task Edits_that_cannot_be_say_why_and_change_nothing()
    {
        var repository = _git.Open();
        var head = await RealGit.Commit(repository, "first", ("file", "1"), ("folder/inner", "2"));
        var before = repository.Objects.Commit(head).Tree;
        var blob = ObjectId.Of(GitObjectType.Blob, "1"u8);
        using var pack = repository.NewPack();
        var tree = new TreeEditor(repository.Objects, before);

        Assert.Equal(TreeEdit.FileInTheWay, tree.Put("file/below", GitMode.File, blob));
        Assert.Equal(TreeEdit.FileInTheWay, tree.Put("file/deep/below", GitMode.File, blob));
        Assert.Equal(TreeEdit.FolderInTheWay, tree.Put("folder", GitMode.File, blob));
        Assert.Equal(TreeEdit.Missing, tree.Delete("nothing"));
        Assert.Equal(TreeEdit.Missing, tree.Delete("folder/nothing"));
        Assert.Equal(TreeEdit.Missing, tree.Delete("file/nothing"));
        Assert.Equal(TreeEdit.FileInTheWay, tree.DeleteFolder("file"));
        Assert.Equal(TreeEdit.FolderInTheWay, tree.DeleteFile("folder"));
        Assert.Equal(before, tree.Write(pack));
        Assert.Equal(0, pack.Count);
    }

    [Fact]
    public async Task A_file_may_take_the_place_of_a_deleted_folder()
    {
        var repository = _git.Open();
        var head = await RealGit.Commit(repository, "first", ("x/inner", "1"), ("y", "2"));
        using var writer = repository.NewPack();
        var tree = new TreeEditor(repository.Objects, repository.Objects.Commit(head).Tree);
        var inner = Assert.NotNull(tree.Find("x/inner"));

        Assert.Equal(TreeEdit.Done, tree.DeleteFolder("x"));
        Assert.Equal(TreeEdit.Done, tree.Put("x", inner.Mode, inner.Id));
        Assert.Equal(TreeEdit.Done, tree.DeleteFile("y"));
        Assert.Equal(TreeEdit.Done, tree.Put("y/z", inner.Mode, inner.Id));

        var expected = _git.BareWithInput($"100644 blob {inner.Id}\tx\n040000 tree {TreeOf("z", inner.Id)}\ty\n", "mktree").Trim();
        Assert.Equal(expected, tree.Write(writer).ToString());
    }

    [Fact]
    public async Task A_whole_folder_is_copied_by_its_entry()
    {
        var repository = _git.Open();
        var head = await RealGit.Commit(repository, "first", ("x/1", "1"), ("x/y/2", "2"));
        using var writer = repository.NewPack();
        var tree = new TreeEditor(repository.Objects, repository.Objects.Commit(head).Tree);
        var folder = Assert.NotNull(tree.Find("x"));

        Assert.Equal(TreeEdit.Done, tree.Put("copy/of", folder.Mode, folder.Id));
        Assert.Equal(folder.Id, tree.Find("x")?.Id);

        var entries = repository.Objects.Tree(folder.Id).Entries;
        Assert.Equal(["1", "y"], entries.Select(e => e.Name));
        var root = tree.Write(writer);
        using var pack = writer.Complete();
        await repository.Publish([pack], [], CancellationToken.None);
        Assert.Equal("copy/of/1\ncopy/of/y/2\nx/1\nx/y/2\n", _git.Bare("ls-tree", "-r", "--name-only", root.ToString()));
    }

    [Fact]
    public void Random_edits_make_the_tree_that_git_makes()
    {
        // Names that sort differently as a file and as a folder, and differently in UTF-16 and in UTF-8.
        var name = Gen.Elements("a", "a-b", "a.b", "a0", "ab", "b", "\ue000", "\ud83d\ude00", "é");
        var path = Gen.Choose(1, 3).SelectMany(depth => Gen.ArrayOf(name, depth)).Select(parts => string.Join('/', parts));
        var edit = Gen.Zip(path, Gen.Choose(0, 5), (p, what) => (Path: p, What: what));
        var edits = Gen.ListOf(edit, 40).ToArbitrary();

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(150), Prop.ForAll(edits, MakesTheSameTree));
    }

    private bool MakesTheSameTree(IEnumerable<(string Path, int What)> edits)
    {
        var repository = _git.Open();
        var model = new SortedDictionary<string, ObjectId>(StringComparer.Ordinal);
        using var writer = repository.NewPack();
        var tree = new TreeEditor(repository.Objects, null);
        foreach (var (path, what) in edits)
        {
            var blob = writer.Write(GitObjectType.Blob, Encoding.UTF8.GetBytes($"{what}"));
            var isFolder = model.Keys.Any(k => k.StartsWith(path + "/", StringComparison.Ordinal));
            var isUnderFile = model.Keys.Any(k => path.StartsWith(k + "/", StringComparison.Ordinal));
            var (edit, expected) = what switch
            {
                0 => (tree.DeleteFile(path), isFolder ? TreeEdit.FolderInTheWay : model.ContainsKey(path) ? TreeEdit.Done : TreeEdit.Missing),
                1 => (tree.DeleteFolder(path), isFolder ? TreeEdit.Done : model.ContainsKey(path) ? TreeEdit.FileInTheWay : TreeEdit.Missing),
                _ => (tree.Put(path, GitMode.File, blob), isUnderFile ? TreeEdit.FileInTheWay : isFolder ? TreeEdit.FolderInTheWay : TreeEdit.Done),
            };
            Assert.Equal(expected, edit);
            Apply(model, path, what, blob, edit);

            // Half of the time from a tree that is written, half from one in memory.
            if (what == 5)
            {
                tree = Reopen(repository, tree);
            }
        }

        var root = tree.Write(writer);
        using var pack = writer.Complete();
        return root.ToString() == GitTreeOf(model);
    }

    private static void Apply(SortedDictionary<string, ObjectId> model, string path, int what, ObjectId blob, TreeEdit edit)
    {
        if (edit != TreeEdit.Done)
        {
            return;
        }

        if (what > 1)
        {
            model[path] = blob;
            return;
        }

        foreach (var gone in model.Keys.Where(k => k == path || k.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
        {
            model.Remove(gone);
        }
    }

    private static TreeEditor Reopen(GitRepository repository, TreeEditor tree)
    {
        using var writer = repository.NewPack();
        var root = tree.Write(writer);
        using var pack = writer.Complete();
        if (pack is not null)
        {
            repository.Objects.Add(pack.Install(repository.Objects.PackFolder));
        }

        return new TreeEditor(repository.Objects, root);
    }

    private string GitTreeOf(SortedDictionary<string, ObjectId> files)
    {
        File.Delete(Path.Combine(_git.BarePath, "index"));
        var lines = string.Concat(files.Select(f => $"100644 {f.Value} 0\t{f.Key}\n"));
        _git.BareWithInput(lines, "update-index", "--add", "--index-info");
        return _git.Bare("write-tree", "--missing-ok").Trim();
    }

    private string TreeOf(string name, ObjectId blob) => _git.BareWithInput($"100644 blob {blob}\t{name}\n", "mktree").Trim();

    public void Dispose() => _git.Dispose();
}
