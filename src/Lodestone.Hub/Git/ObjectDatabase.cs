namespace Lodestone.Hub;

/// <summary>
/// Reads the objects of one repository: packs first, loose objects after. Git may repack beside us at any time; an object that
/// is not found, or whose pack is gone, makes us look at the folder again. For concurrent use.
/// </summary>
internal sealed class ObjectDatabase
{
    // Estimates of memory: the parsed forms take more than the content, and every cached thing has its bookkeeping.
    private const int EntryOverhead = 200;
    private const long TreeEntryWeight = 120;

    private const int MaxRepacks = 5;

    private readonly ObjectCache _cache;
    private readonly LooseObjects _loose;

    // Guards the replacing of _packs; readers take the list as it is.
    private readonly Lock _scanning = new();
    private volatile Pack[] _packs = [];

    /// <param name="folder">The repository's <c>objects</c>.</param>
    public ObjectDatabase(string folder, ObjectCache cache)
    {
        _cache = cache;
        _loose = new LooseObjects(folder);
        PackFolder = Path.Combine(folder, "pack");
        Rescan();
    }

    public string PackFolder { get; }

    /// <summary>How many packs there were when last looked.</summary>
    public int PackCount => _packs.Length;

    /// <summary>How many objects are in them; what is in several counts as often.</summary>
    public long PackedCount => _packs.Sum(p => (long)p.Index.Count);

    public bool Contains(ObjectId id) => Header(id) is not null;

    /// <summary>Whether a pack that we know holds it. May miss what git packed a moment ago.</summary>
    public bool ContainsPacked(ObjectId id) => Array.Exists(_packs, p => p.Index.Find(id) is not null);

    /// <returns>Null if there is no such object; so in all that follow.</returns>
    public GitObjectHeader? Header(ObjectId id) =>
        Locate(id, (pack, offset) => (GitObjectHeader?)pack.Header(offset), _loose.Header);

    public GitObject? Read(ObjectId id) => Locate(id, (pack, offset) => pack.Read(offset), _loose.Read);

    /// <summary>A blob's content, not held whole unless it is stored as a delta.</summary>
    public BlobStream? OpenBlob(ObjectId id)
    {
        if (Locate(id, (pack, offset) => pack.OpenBlob(offset), _loose.OpenBlob) is { } streamed)
        {
            return streamed;
        }

        return Read(id) is { Type: GitObjectType.Blob, Content: var content } ? new BlobStream(new MemoryStream(content), content.Length) : null;
    }

    /// <summary>The empty tree is always there, as for git.</summary>
    public GitTree? FindTree(ObjectId id) => id == GitTree.EmptyId ? GitTree.Empty : Find(id, GitObjectType.Tree, c => GitTree.Parse(c), weight: 3);

    public GitCommit? FindCommit(ObjectId id) => Find(id, GitObjectType.Commit, c => GitCommit.Parse(c), weight: 2);

    public GitTag? FindTag(ObjectId id) => Find(id, GitObjectType.Tag, c => GitTag.Parse(c), weight: 2);

    /// <summary>How large a blob is, and the large file that it points to if it is a pointer.</summary>
    public BlobFacts? FactsOf(ObjectId id)
    {
        if (_cache.Find<BlobFacts>(CacheKey.Of(this, id)) is { } known)
        {
            return known;
        }

        if (Header(id)?.Size is not { } size)
        {
            return null;
        }

        _ = LfsPointer.TryParse(size <= LfsPointer.MaxLength ? Read(id)?.Content : null, out var pointer);
        var facts = new BlobFacts(size, pointer);
        _cache.Add(CacheKey.Of(this, id), facts, pointer is null ? EntryOverhead : 2 * EntryOverhead);
        return facts;
    }

    /// <summary>A tree that must be there, because another object names it.</summary>
    public GitTree Tree(ObjectId id) => FindTree(id) ?? throw Missing(id);

    /// <inheritdoc cref="Tree"/>
    public GitCommit Commit(ObjectId id) => FindCommit(id) ?? throw Missing(id);

    /// <summary>Saves the next reader from parsing a tree that is being written. Harmless if it is never published: nobody will know its id.</summary>
    public void Remember(ObjectId id, GitTree tree) => _cache.Add(CacheKey.Of(this, id), tree, (tree.Entries.Count * TreeEntryWeight) + EntryOverhead);

    /// <summary>Something made of objects, remembered under a name that says of which and how. Null is not remembered.</summary>
    /// <param name="weigh">Bytes that it takes.</param>
    public T? Made<T>(ObjectId name, Func<T?> make, Func<T, long> weigh)
        where T : class
    {
        if (_cache.Find<T>(CacheKey.Of(this, name)) is { } known)
        {
            return known;
        }

        var made = make();
        if (made is not null)
        {
            _cache.Add(CacheKey.Of(this, name), made, weigh(made) + EntryOverhead);
        }

        return made;
    }

    /// <summary>Objects of any type whose ids begin so, at most <paramref name="limit"/> of each pack.</summary>
    public IReadOnlyList<ObjectId> Find(ObjectIdPrefix prefix, int limit)
    {
        Rescan();
        return [.. _packs.SelectMany(p => p.Index.Find(prefix, limit)).Concat(_loose.Find(prefix)).Distinct().Order()];
    }

    /// <summary>Takes in a pack that was just installed.</summary>
    public void Add(string packPath)
    {
        lock (_scanning)
        {
            if (!Array.Exists(_packs, p => string.Equals(p.FilePath, packPath, StringComparison.Ordinal)))
            {
                _packs = [new Pack(packPath, _cache), .. _packs];
            }
        }
    }

    private T? Find<T>(ObjectId id, GitObjectType type, Func<byte[], T> parse, int weight)
        where T : class
    {
        if (_cache.Find<T>(CacheKey.Of(this, id)) is { } cached)
        {
            return cached;
        }

        if (Read(id) is not { } found || found.Type != type)
        {
            return null;
        }

        var parsed = parse(found.Content);
        _cache.Add(CacheKey.Of(this, id), parsed, ((long)found.Content.Length * weight) + EntryOverhead);
        return parsed;
    }

    /// <summary>
    /// Packs, loose, then packs again if the list has changed: git packs loose objects before it deletes them, and installs new
    /// packs before it deletes the old.
    /// </summary>
    private T? Locate<T>(ObjectId id, Func<Pack, long, T?> fromPack, Func<ObjectId, T?> fromLoose)
    {
        for (var attempt = 0; ; attempt++)
        {
            var searched = _packs;
            try
            {
                foreach (var pack in searched)
                {
                    if (pack.Index.Find(id) is { } offset)
                    {
                        return fromPack(pack, offset);
                    }
                }
            }
            catch (FileNotFoundException) when (attempt < MaxRepacks)
            {
                Rescan();
                continue;
            }

            if (fromLoose(id) is { } loose)
            {
                return loose;
            }

            Rescan();
            if (attempt == MaxRepacks || ReferenceEquals(_packs, searched))
            {
                return default;
            }
        }
    }

    /// <summary>Looks which packs have come and gone. Nobody needs to ask for it: what is not found is looked for anew.</summary>
    /// <returns>How many there are.</returns>
    public int Rescan()
    {
        lock (_scanning)
        {
            var files = Directory.Exists(PackFolder) ? Directory.EnumerateFiles(PackFolder, "pack-*").ToHashSet(StringComparer.Ordinal) : [];
            var paths = files.Where(f => f.EndsWith(".pack", StringComparison.Ordinal) && files.Contains(Path.ChangeExtension(f, ".idx"))).ToList();
            var known = _packs.ToDictionary(p => p.FilePath, StringComparer.Ordinal);
            if (paths.Count != known.Count || !paths.TrueForAll(known.ContainsKey))
            {
                _packs = [.. paths.Select(p => known.GetValueOrDefault(p) ?? TryOpen(p)).OfType<Pack>()];
            }

            return _packs.Length;
        }
    }

    private Pack? TryOpen(string path)
    {
        try
        {
            return new Pack(path, _cache);
        }
        catch (FileNotFoundException)
        {
            return null; // deleted by a repack since the folder was read
        }
    }

    private static CorruptRepositoryException Missing(ObjectId id) => new($"Object {id} is missing.");
}

/// <param name="Size">Bytes of the blob itself.</param>
internal sealed record BlobFacts(long Size, LfsPointer? Pointer);
