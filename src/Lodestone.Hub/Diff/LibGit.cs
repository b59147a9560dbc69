using LibGit2Sharp;

namespace Lodestone.Hub;

/// <summary>
/// What libgit2 answers about a repository: how texts differ line by line, and how histories meet. It only ever reads. Opened when
/// first needed and for one request, because it is not for concurrent use and does not see packs that come later.
/// </summary>
internal sealed class LibGit(GitRepository git) : IDisposable
{
    private const int Context = 3;

    private readonly Lazy<Repository> _repository = new(() => new Repository(git.Path));

    static LibGit()
    {
        // A server's repositories are its own, whoever unpacked them, and no setting of the machine's changes what they say.
        GlobalSettings.SetOwnerValidation(false);
        foreach (var level in (ConfigurationLevel[])[ConfigurationLevel.Global, ConfigurationLevel.Xdg, ConfigurationLevel.System])
        {
            GlobalSettings.SetConfigSearchPaths(level, "");
        }
    }

    /// <summary>Hunks of a unified diff between two texts, without a file's header; null on either side: no file.</summary>
    public LineDifference Lines(ObjectId? old, ObjectId? @new)
    {
        var options = new CompareOptions { ContextLines = Context, Algorithm = DiffAlgorithm.Myers, IndentHeuristic = true };
        var found = _repository.Value.Diff.Compare(BlobOf(old), BlobOf(@new), options);
        return new LineDifference(found.LinesAdded, found.LinesDeleted, found.Patch);
    }

    /// <summary>Which lines of one text became which of another, in order; between two such places at least one line is the same.</summary>
    public IReadOnlyList<LineChange> Changes(ObjectId old, ObjectId @new)
    {
        var options = new CompareOptions { ContextLines = 0, InterhunkLines = 0, Algorithm = DiffAlgorithm.Myers, IndentHeuristic = true };
        return LineChange.Read(_repository.Value.Diff.Compare(BlobOf(old), BlobOf(@new), options).Patch);
    }

    /// <summary>Where two histories parted; null when they have nothing in common.</summary>
    public ObjectId? MergeBase(ObjectId one, ObjectId other) =>
        _repository.Value.ObjectDatabase.FindMergeBase(CommitOf(one), CommitOf(other)) is { } found ? ObjectId.Parse(found.Sha) : null;

    /// <summary>How many commits each has that the other has not.</summary>
    public (int Ahead, int Behind) Divergence(ObjectId one, ObjectId other)
    {
        var found = _repository.Value.ObjectDatabase.CalculateHistoryDivergence(CommitOf(one), CommitOf(other));
        return (found.AheadBy ?? 0, found.BehindBy ?? 0);
    }

    /// <summary>Commits that <paramref name="head"/> has and <paramref name="base"/> has not, newest first.</summary>
    public IEnumerable<ObjectId> Since(ObjectId @base, ObjectId head) => Since([@base], head);

    /// <summary>Commits that <paramref name="head"/> has and none of the others, newest first.</summary>
    public IEnumerable<ObjectId> Since(IReadOnlyList<ObjectId> known, ObjectId head)
    {
        var filter = new CommitFilter
        {
            IncludeReachableFrom = CommitOf(head),
            ExcludeReachableFrom = known.Select(CommitOf).ToList(),
            SortBy = CommitSortStrategies.Topological | CommitSortStrategies.Time,
        };
        return _repository.Value.Commits.QueryBy(filter).Select(c => ObjectId.Parse(c.Sha));
    }

    public void Dispose()
    {
        if (_repository.IsValueCreated)
        {
            _repository.Value.Dispose();
        }
    }

    private Blob? BlobOf(ObjectId? id) => id is { } found ? _repository.Value.Lookup<Blob>(found.ToString()) : null;

    private Commit CommitOf(ObjectId id) =>
        _repository.Value.Lookup<Commit>(id.ToString()) ?? throw new CorruptRepositoryException($"Commit {id} is missing.");
}

/// <param name="Added">Lines.</param>
/// <param name="Deleted">Lines.</param>
/// <param name="Patch">Hunks: <c>@@ -1,3 +1,4 @@</c> and their lines.</param>
internal sealed record LineDifference(int Added, int Deleted, string Patch);
