namespace Lodestone.Hub;

/// <param name="Cutoff">What is marked since then or longer is due.</param>
/// <param name="XorbCutoff">The same for xorbs.</param>
internal sealed record ReclaimRun(DateTimeOffset Now, DateTimeOffset Cutoff, DateTimeOffset XorbCutoff, ReclaimReport Report)
{
    private readonly HashSet<(Guid RepoId, string Sha256)> _released = [];
    private readonly HashSet<string> _releasedFiles = new(StringComparer.Ordinal);
    private readonly HashSet<XetHash> _forgotten = [];

    public bool IsDue(DateTimeOffset? since) => (since ?? Now) <= Cutoff;

    public void Add(IEnumerable<LfsObject> unreferenced, IReadOnlyList<LfsObject> released)
    {
        Report.Unreferenced = unreferenced.Aggregate(Report.Unreferenced, (sum, o) => sum + o.Size);
        Report.Released = released.Aggregate(Report.Released, (sum, o) => sum + o.Size);
        _released.UnionWith(released.Select(o => (o.RepoId, o.Sha256)));
        _releasedFiles.UnionWith(released.Select(o => o.Sha256));
    }

    /// <summary>Chunked files that go.</summary>
    public void Forget(IReadOnlyList<KeptFile> files)
    {
        Report.Forgotten = files.Aggregate(Report.Forgotten, (sum, f) => sum + f.Size);
        _forgotten.UnionWith(files.Select(f => f.Hash));
    }

    /// <summary>Whether a row counts for the blobs: a dry run has let go of nothing, and reckons as if.</summary>
    public bool Holds(Guid repoId, string sha256) => !Report.IsDryRun || !_released.Contains((repoId, sha256));

    /// <summary>Whether the run lets go of the file somewhere.</summary>
    public bool HasReleased(string sha256) => _releasedFiles.Contains(sha256);

    /// <summary>Whether a chunked file counts for the xorbs, and for the blob of its bytes.</summary>
    public bool Keeps(XetHash file) => !_forgotten.Contains(file);
}
