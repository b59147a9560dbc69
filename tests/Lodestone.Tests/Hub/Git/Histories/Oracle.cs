using Lodestone.Hub;
using LibGit2Sharp;
using GitCommit = Lodestone.Hub.GitCommit;
using ObjectId = Lodestone.Hub.ObjectId;

namespace Lodestone.Tests.Hub.Git.Histories;

/// <summary>
/// What a repository should be, kept by libgit2. Trees are made from all files of a commit, never from an older tree, so that an
/// edit of ours that is off by one entry shows as another id.
/// </summary>
internal sealed class Oracle : IDisposable
{
    private readonly Repository _repository;
    private readonly Dictionary<ObjectId, Files> _files = [];

    public Oracle(string path) => _repository = new Repository(Repository.Init(path, isBare: true));

    /// <summary>Names and targets, in no order.</summary>
    public Dictionary<string, ObjectId> References { get; } = new(StringComparer.Ordinal);

    public Files FilesOf(ObjectId commit) => _files[commit];

    /// <returns>The id that the commit must have.</returns>
    public ObjectId Commit(GitCommit commit, Files files)
    {
        var tree = new TreeDefinition();
        foreach (var (path, content) in files)
        {
            tree.Add(path, _repository.ObjectDatabase.CreateBlob(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content))), Mode.NonExecutableFile);
        }

        var made = _repository.ObjectDatabase.CreateCommit(
            Signature(commit.Author), Signature(commit.Committer), commit.Message, _repository.ObjectDatabase.CreateTree(tree), commit.Parents.Select(Find), prettifyMessage: false);
        var id = ObjectId.Parse(made.Sha);
        _files[id] = files;
        return id;
    }

    /// <summary>Packs commits with all their files, as a client would to push them.</summary>
    public NewPack Pack(string folder, IEnumerable<ObjectId> commits)
    {
        Directory.CreateDirectory(folder);
        _repository.ObjectDatabase.Pack(new PackBuilderOptions(folder) { MaximumNumberOfThreads = 1 }, pack =>
        {
            foreach (var id in commits)
            {
                pack.Add(Find(id));
                AddTree(pack, Find(id).Tree);
            }
        });
        var path = Directory.EnumerateFiles(folder, "*.pack").Single();
        return new NewPack(path, Path.ChangeExtension(path, ".idx"), new ObjectId(File.ReadAllBytes(path).AsSpan()[^ObjectId.Size..]));
    }

    /// <summary>A commit and all before it.</summary>
    public HashSet<ObjectId> Ancestors(ObjectId head) =>
        [.. _repository.Commits.QueryBy(new CommitFilter { IncludeReachableFrom = head.ToString() }).Select(c => ObjectId.Parse(c.Sha))];

    public void Dispose() => _repository.Dispose();

    private static void AddTree(PackBuilder pack, Tree tree)
    {
        pack.Add(tree);
        foreach (var entry in tree)
        {
            if (entry.Target is Tree inner)
            {
                AddTree(pack, inner);
            }
            else
            {
                pack.Add(entry.Target);
            }
        }
    }

    private Commit Find(ObjectId id) => _repository.Lookup<Commit>(id.ToString());

    private static Signature Signature(GitSignature signature) => new(signature.Name, signature.Email, signature.When);
}

/// <summary>The files of a commit by path, contents as text.</summary>
internal sealed class Files : SortedDictionary<string, string>
{
    public Files()
        : base(StringComparer.Ordinal)
    {
    }

    public Files(Files from)
        : base(from, StringComparer.Ordinal)
    {
    }

    /// <summary>How the edit must end; done here if it can be.</summary>
    public TreeEdit Put(string path, string content)
    {
        if (Keys.Any(file => path.StartsWith(file + "/", StringComparison.Ordinal)))
        {
            return TreeEdit.FileInTheWay;
        }

        if (Below(path).Count > 0)
        {
            return TreeEdit.FolderInTheWay;
        }

        this[path] = content;
        return TreeEdit.Done;
    }

    /// <inheritdoc cref="Put"/>
    public TreeEdit Delete(string path)
    {
        var gone = ContainsKey(path) ? [path] : Below(path);
        gone.ForEach(file => Remove(file));
        return gone.Count > 0 ? TreeEdit.Done : TreeEdit.Missing;
    }

    private List<string> Below(string folder) => [.. Keys.Where(file => file.StartsWith(folder + "/", StringComparison.Ordinal))];
}
