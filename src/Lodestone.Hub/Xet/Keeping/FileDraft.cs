namespace Lodestone.Hub;

/// <summary>A chunked file as it is put together. Chunks of the xorb that is being made have no name for it yet.</summary>
internal sealed class FileDraft
{
    private readonly HashTree _tree = new();
    private readonly List<FileTerm> _terms = [];
    private readonly List<KnownChunk> _known = [];

    public long Size { get; private set; }

    /// <summary>Where the last chunk is, if that has a name.</summary>
    public ChunkPlace? Last => _terms is [.., var last] && last.Xorb != default ? new ChunkPlace(last.Xorb, last.EndChunk - 1) : null;

    public XetHash Hash => _tree.FileHash();

    public IReadOnlyList<FileTerm> Terms => _terms;

    /// <summary>Chunks that clients may ask for.</summary>
    public IReadOnlyList<KnownChunk> Known => _known;

    /// <param name="place">In the xorb that is being made, where its xorb is zero.</param>
    /// <param name="size">Bytes.</param>
    public void Add(XetHash chunk, ChunkPlace place, int size)
    {
        if (Size == 0 || ChunkIndex.IsAskable(chunk))
        {
            _known.Add(new KnownChunk(chunk, place.Xorb, place.Number));
        }

        _tree.Add(chunk, size);
        Size += size;
        if (_terms is [.., var last] && last.Xorb == place.Xorb && last.EndChunk == place.Number)
        {
            _terms[^1] = last with { EndChunk = place.Number + 1, Size = last.Size + size };
            return;
        }

        _terms.Add(new FileTerm(place.Xorb, place.Number, place.Number + 1, size));
    }

    /// <summary>The xorb that was being made has its name.</summary>
    public void Name(XetHash xorb)
    {
        for (var i = 0; i < _terms.Count; i++)
        {
            _terms[i] = _terms[i].Xorb == default ? _terms[i] with { Xorb = xorb } : _terms[i];
        }

        for (var i = 0; i < _known.Count; i++)
        {
            _known[i] = _known[i].Xorb == default ? _known[i] with { Xorb = xorb } : _known[i];
        }
    }
}
