using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>
/// Reads one pack (git's <c>gitformat-pack</c>). The file is opened at the first read, and stays readable after a repack deletes
/// it. Handles are closed by their finalizers, because streams of blobs may outlive the pack's place in the database.
/// </summary>
internal sealed class Pack
{
    /// <summary>Bytes of the largest object that is held whole. Blobs that are stored undeltified are streamed instead.</summary>
    public const int MaxInMemory = 512 * 1024 * 1024;

    private const int OffsetDelta = 6;
    private const int ReferenceDelta = 7;
    private const int MaxChain = 10_000;
    private const int MaxEntryHeader = 10 + ObjectId.Size;

    // Guards the opening of _file.
    private readonly Lock _opening = new();
    private readonly ObjectCache _cache;
    private SafeFileHandle? _file;

    /// <param name="path">The <c>.pack</c> file; the index lies beside it.</param>
    public Pack(string path, ObjectCache cache)
    {
        _cache = cache;
        FilePath = path;
        Index = new PackIndex(System.IO.Path.ChangeExtension(path, ".idx"));
    }

    public string FilePath { get; }

    public PackIndex Index { get; }

    public GitObjectHeader Header(long offset)
    {
        var entry = EntryAt(offset);
        var size = entry.IsDelta ? DeltaResultSize(entry) : entry.Size;
        for (var depth = 0; entry.IsDelta; depth++)
        {
            entry = depth < MaxChain ? EntryAt(BaseOf(entry)) : throw Damaged();
        }

        return new GitObjectHeader(entry.Type, size);
    }

    public GitObject Read(long offset)
    {
        var deltas = new Stack<byte[]>();
        var read = TryReadWhole(offset, deltas, out var place);
        while (read is null)
        {
            read = TryReadWhole(place, deltas, out place);
        }

        var isDelta = deltas.Count > 0;
        while (deltas.TryPop(out var delta))
        {
            read = new GitObject(read.Type, GitDelta.Apply(read.Content, delta));
        }

        // Older versions of a folder are deltas of newer ones, and who walks through history asks for them in this order.
        if (isDelta && read.Type == GitObjectType.Tree)
        {
            _cache.Add(CacheKey.Of(this, offset), read, read.Content.Length);
        }

        return read;
    }

    /// <summary>The blob as a stream if it is stored undeltified, or null.</summary>
    public BlobStream? OpenBlob(long offset)
    {
        var entry = EntryAt(offset);
        return entry is { IsDelta: false, Type: GitObjectType.Blob } ? new BlobStream(OpenInflating(entry), entry.Size) : null;
    }

    /// <summary>The object at an offset; or null, and its delta is pushed and its base is where to go on.</summary>
    private GitObject? TryReadWhole(long offset, Stack<byte[]> deltas, out long baseOffset)
    {
        baseOffset = 0;
        if (_cache.Find<GitObject>(CacheKey.Of(this, offset)) is { } cached)
        {
            return cached;
        }

        var entry = EntryAt(offset);
        var content = Inflate(entry);
        if (!entry.IsDelta)
        {
            return new GitObject(entry.Type, content);
        }

        baseOffset = BaseOf(entry);
        deltas.Push(deltas.Count < MaxChain ? content : throw Damaged());
        return null;
    }

    private Entry EntryAt(long offset)
    {
        Span<byte> bytes = stackalloc byte[MaxEntryHeader];
        bytes = bytes[..RandomAccess.Read(Opened(), bytes, offset)];
        if (bytes.Length < ObjectId.Size || offset <= 0)
        {
            throw Damaged(); // less than a pack's trailer follows
        }

        var kind = (bytes[0] >> 4) & 7;
        var size = bytes[0] & 15L;
        var length = 1;
        for (var shift = 4; (bytes[length - 1] & 0x80) != 0; shift += 7)
        {
            size |= length < 10 && shift < 60 ? (bytes[length] & 0x7fL) << shift : throw Damaged();
            length++;
        }

        var data = offset + length;
        return kind switch
        {
            OffsetDelta => DeltaByOffset(offset, data, size, bytes[length..]),
            ReferenceDelta when bytes.Length >= length + ObjectId.Size =>
                new Entry(default, size, data + ObjectId.Size, IsDelta: true, 0, new ObjectId(bytes.Slice(length, ObjectId.Size))),
            >= 1 and <= 4 => new Entry((GitObjectType)kind, size, data, IsDelta: false, 0, default),
            _ => throw Damaged(),
        };
    }

    private Entry DeltaByOffset(long offset, long data, long size, ReadOnlySpan<byte> bytes)
    {
        var distance = (long)(bytes[0] & 0x7f);
        var length = 1;
        for (; (bytes[length - 1] & 0x80) != 0; length++)
        {
            distance = length < 9 && length < bytes.Length ? ((distance + 1) << 7) | (bytes[length] & 0x7fL) : throw Damaged();
        }

        return distance > 0 && distance < offset ? new Entry(default, size, data + length, IsDelta: true, offset - distance, default) : throw Damaged();
    }

    // Packs on disk are complete: a base given by its id is in the same pack.
    private long BaseOf(in Entry delta) => delta.BaseOffset > 0 ? delta.BaseOffset : Index.Find(delta.BaseId) ?? throw Damaged();

    private long DeltaResultSize(in Entry delta)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(delta.Size, 20)];
        using var inflate = OpenInflating(delta);
        Inflating.ReadExactly(inflate, start);
        return GitDelta.ResultSize(start);
    }

    private byte[] Inflate(in Entry entry)
    {
        if (entry.Size > MaxInMemory)
        {
            throw new CorruptRepositoryException($"An object of {entry.Size} bytes is too large to hold in memory.");
        }

        var content = new byte[entry.Size];
        using var inflate = OpenInflating(entry);
        Inflating.ReadExactly(inflate, content);
        Span<byte> beyond = stackalloc byte[1];

        // Reading past the end also makes zlib compare its checksum.
        return Inflating.Read(inflate, beyond) == 0 ? content : throw Damaged();
    }

    private ZLibStream OpenInflating(in Entry entry) => new(new PackSliceStream(Opened(), entry.Data), CompressionMode.Decompress);

    private SafeFileHandle Opened()
    {
        if (Volatile.Read(ref _file) is { } opened)
        {
            return opened;
        }

        lock (_opening)
        {
            return _file ??= Open();
        }
    }

    private SafeFileHandle Open()
    {
        var file = File.OpenHandle(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
        Span<byte> header = stackalloc byte[12];
        var isPack = RandomAccess.Read(file, header, 0) == header.Length && header.StartsWith("PACK"u8)
            && BinaryPrimitives.ReadInt32BigEndian(header[4..]) is 2 or 3
            && BinaryPrimitives.ReadInt32BigEndian(header[8..]) == Index.Count;
        if (!isPack)
        {
            file.Dispose();
            throw Damaged();
        }

        return file;
    }

    private CorruptRepositoryException Damaged() => new($"The pack {System.IO.Path.GetFileName(FilePath)} is damaged.");

    /// <param name="Size">Bytes after inflating: of the object, or of the delta.</param>
    /// <param name="Data">Where the compressed bytes begin.</param>
    /// <param name="BaseOffset">Zero when the base is given by id.</param>
    private readonly record struct Entry(GitObjectType Type, long Size, long Data, bool IsDelta, long BaseOffset, ObjectId BaseId);
}
