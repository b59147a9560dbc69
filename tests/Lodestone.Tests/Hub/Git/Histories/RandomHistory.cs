using System.Text;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git.Histories;

/// <summary>
/// One history made up from a seed: commits, pushed commits and merges, branches and tags that come, move and go, squashes, repacks,
/// changes that must be refused. Our repository lives it, and an <see cref="Oracle"/> says what must come of it.
/// </summary>
internal sealed class RandomHistory : IDisposable
{
    private static readonly string[] Paths = ["a", "b", "a/b", "a/b/c", "a/c", "a.b", "a-b", "a0", "ab", "b/x/y/z", "ü", "folder/名", "folder/\ud83d\ude00"];
    private static readonly string[] Branches = ["refs/heads/main", "refs/heads/x", "refs/heads/x/y", "refs/heads/z", "refs/tags/v1", "refs/tags/v1/x", "refs/pr/1"];

    private readonly Random _random;
    private readonly string _folder;
    private readonly Oracle _oracle;
    private readonly ObjectCache _cache = new(4 * 1024 * 1024);
    private GitRepository _ours;
    private DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(2));
    private int _pushes;

    /// <param name="root">A folder for what the history leaves on disk.</param>
    public RandomHistory(int seed, string root)
    {
        _random = new Random(seed);
        _folder = Path.Combine(root, $"history-{seed}");
        Directory.CreateDirectory(_folder);
        GitRepository.Create(OurPath);
        _ours = GitRepository.Open(OurPath, _cache);
        _oracle = new Oracle(Path.Combine(_folder, "oracle.git"));
    }

    public string OurPath => Path.Combine(_folder, "ours.git");

    public async Task LiveAsync()
    {
        await CommitAsync("refs/heads/main");
        for (var left = _random.Next(3, 12); left > 0; left--)
        {
            await StepAsync();
        }

        AssertSame();
        _ours = GitRepository.Open(OurPath, new ObjectCache(0)); // nothing is only in memory
        AssertSame();
    }

    public void Dispose()
    {
        _oracle.Dispose();
        foreach (var file in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
        {
            File.SetAttributes(file, FileAttributes.Normal);
        }

        Directory.Delete(_folder, recursive: true);
    }

    private Task StepAsync()
    {
        var die = _random.Next(100);
        return die switch
        {
            < 35 => CommitAsync(AnyName()),
            < 55 => PushAsync(AnyName()),
            < 70 => UpdateAsync([], AnyName(), AnyCommit()),
            < 80 => DeleteAsync(AnyName()),
            < 88 => SquashAsync(AnyReference()),
            < 94 => StaleAsync(AnyReference()),
            < 97 => Task.FromResult(_ours = GitRepository.Open(OurPath, _cache)),
            _ => Repacking.RepackAsync(_ours, CancellationToken.None),
        };
    }

    /// <summary>Edits some files and commits them with our own code.</summary>
    private async Task CommitAsync(string name)
    {
        var head = Target(name);
        var files = head is { } from ? new Files(_oracle.FilesOf(from)) : [];
        using var writer = _ours.NewPack();
        var editor = new TreeEditor(_ours.Objects, head is { } at ? _ours.Objects.Commit(at).Tree : null);
        for (var left = _random.Next(1, 6); left > 0; left--)
        {
            Edit(files, editor, writer);
        }

        var signature = Signature();
        var commit = new GitCommit(editor.Write(writer), head is { } parent ? [parent] : [], signature, signature, $"commit {_random.Next(1000)}\n");
        Assert.Equal(_oracle.Commit(commit, files), writer.Write(commit));
        using var pack = writer.Complete();
        await UpdateAsync([pack], name, ObjectId.Of(GitObjectType.Commit, commit.Format()));
    }

    private void Edit(Files files, TreeEditor editor, PackWriter writer)
    {
        var path = Paths[_random.Next(Paths.Length)];
        if (_random.Next(4) == 0)
        {
            Assert.Equal(files.Delete(path), editor.Delete(path));
            return;
        }

        var content = Content();
        Assert.Equal(files.Put(path, content), editor.Put(path, GitMode.File, writer.Write(GitObjectType.Blob, Encoding.UTF8.GetBytes(content))));
    }

    /// <summary>A few commits, perhaps a merge among them, made elsewhere and brought in a pack with deltas.</summary>
    private async Task PushAsync(string name)
    {
        var head = Target(name);
        var made = new List<ObjectId>();
        for (var left = _random.Next(1, 4); left > 0; left--)
        {
            var files = head is { } at ? new Files(_oracle.FilesOf(at)) : [];
            files.Put(Paths[_random.Next(Paths.Length)], Content());
            List<ObjectId> parents = head is { } parent ? [parent] : [];
            if (head is not null && _random.Next(4) == 0 && AnyCommit() is var other && other != head)
            {
                parents.Add(other);
            }

            var signature = Signature();
            head = _oracle.Commit(new GitCommit(ObjectId.Zero, parents, signature, signature, "pushed\n"), files);
            made.Add(head.Value);
        }

        using var pack = _oracle.Pack(Path.Combine(_folder, $"push-{_pushes++}"), made);
        await UpdateAsync([pack], name, head);
    }

    private Task DeleteAsync(string name) => Target(name) is null || _oracle.References.Count == 1 ? Task.CompletedTask : UpdateAsync([], name, target: null);

    private async Task SquashAsync(string name)
    {
        var head = _oracle.References[name];
        using var writer = _ours.NewPack();
        var signature = Signature();
        var commit = new GitCommit(_ours.Objects.Commit(head).Tree, [], signature, signature, "squashed\n");
        var made = writer.Write(commit);
        Assert.Equal(_oracle.Commit(commit, _oracle.FilesOf(head)), made);
        using var pack = writer.Complete();
        await UpdateAsync([pack], name, made);
    }

    /// <summary>Somebody who has not heard of the latest commit changes several references at once: none may move.</summary>
    private async Task StaleAsync(string name)
    {
        var actual = _oracle.References[name];
        var stale = ObjectId.Of(GitObjectType.Blob, "stale"u8);
        var other = _oracle.References.Keys.First();
        List<RefUpdate> updates = [new RefUpdate(name, stale, actual)];
        if (other != name)
        {
            updates.Add(new RefUpdate(other, _oracle.References[other], actual));
        }

        Assert.Equal(new Conflict(name, actual), await _ours.Publish([], updates, CancellationToken.None));
        AssertSameReferences();
    }

    private async Task UpdateAsync(IReadOnlyList<NewPack?> packs, string name, ObjectId? target)
    {
        var outcome = await _ours.Publish(packs, [new RefUpdate(name, Target(name), target)], CancellationToken.None);
        var inTheWay = Target(name) is null ? _oracle.References.Keys.Where(n => n.StartsWith(name + "/", StringComparison.Ordinal) || name.StartsWith(n + "/", StringComparison.Ordinal)).ToList() : [];
        if (inTheWay.Count > 0)
        {
            Assert.Contains(Assert.IsType<NameTaken>(outcome).By, inTheWay);
        }
        else
        {
            Assert.IsType<Published>(outcome);
            _ = target is { } id ? _oracle.References[name] = id : _oracle.References.Remove(name, out var gone) ? gone : default;
        }
    }

    private void AssertSame()
    {
        AssertSameReferences();
        foreach (var head in _oracle.References.Values.Distinct())
        {
            Assert.Equal(_oracle.Ancestors(head), _ours.Log.From(head).Select(c => c.Id).ToHashSet());
            Assert.Equal(_oracle.FilesOf(head), ReadFiles(head));
        }
    }

    private void AssertSameReferences() =>
        Assert.Equal(_oracle.References.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => (r.Key, r.Value)), _ours.References.List().Select(r => (r.Name, r.Target)).OrderBy(r => r.Name, StringComparer.Ordinal));

    private Files ReadFiles(ObjectId commit)
    {
        var files = new Files();
        foreach (var (path, entry) in _ours.Trees.List(_ours.Objects.Commit(commit).Tree, isRecursive: true).Where(found => found.Entry.IsBlob))
        {
            using var content = new StreamReader(_ours.Objects.OpenBlob(entry.Id)!); // or the comparison has nothing to compare
            files.Add(path, content.ReadToEnd());
        }

        return files;
    }

    private ObjectId? Target(string name) => _oracle.References.TryGetValue(name, out var target) ? target : null;

    private string AnyName() => Branches[_random.Next(Branches.Length)];

    private string AnyReference() => _oracle.References.Keys.Order(StringComparer.Ordinal).ElementAt(_random.Next(_oracle.References.Count));

    private ObjectId AnyCommit()
    {
        var line = _ours.Log.From(_oracle.References[AnyReference()]).Take(5).ToList();
        return line[_random.Next(line.Count)].Id;
    }

    private string Content() => _random.Next(8) switch
    {
        0 => "",
        1 => "the same everywhere",
        2 => string.Concat(Enumerable.Range(0, _random.Next(200)).Select(i => $"line {i} of {_random.Next(3)}\n")), // deltas of one another
        _ => $"{_random.Next(10_000)}",
    };

    private GitSignature Signature()
    {
        _now += TimeSpan.FromSeconds(_random.Next(-2, 5)); // clocks of clients go astray
        return new GitSignature("Alice", "alice@example.org", _now);
    }
}
