using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Lodestone.Hub;

/// <summary>
/// Collects new objects into one pack, undeltified. The pack grows in a temporary file beside the others, under a name that git
/// does not read, until <see cref="GitRepository.Publish"/> makes it durable and visible; that the file is held until then tells it
/// from one left behind (<see cref="Leftovers"/>). Objects that the repository has already are not written again. Not for concurrent use.
/// </summary>
internal sealed class PackWriter : IDisposable
{
    /// <summary>How the names of unfinished packs begin. Git's own have another end.</summary>
    public const string TemporaryPrefix = "tmp_pack_lodestone_";

    /// <summary>Bytes before the first entry.</summary>
    public const int HeaderSize = 12;

    /// <summary>Bytes of the longest header of an entry.</summary>
    public const int MaxEntryHeader = 10;

    private const int CopyBuffer = 64 * 1024;

    // A ZLibStream that gets no bytes writes none, not even these.
    private static ReadOnlySpan<byte> DeflatedNothing => [0x78, 0x01, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01];

    private readonly ObjectDatabase _objects;
    private readonly string _path;
    private readonly PackedEntryStream _output;
    private readonly Dictionary<ObjectId, PackedEntry> _entries = [];
    private bool _isComplete;

    public PackWriter(ObjectDatabase objects)
    {
        _objects = objects;
        _path = Path.Combine(objects.PackFolder, TemporaryPrefix + RandomNumberGenerator.GetHexString(16, lowercase: true));
        _output = new PackedEntryStream(new FileStream(_path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, CopyBuffer));
        _output.Write("PACK\0\0\0\u0002\0\0\0\0"u8);
    }

    /// <summary>New objects so far.</summary>
    public int Count => _entries.Count;

    public ObjectId Write(GitObjectType type, ReadOnlySpan<byte> content)
    {
        var id = ObjectId.Of(type, content);
        if (IsKnown(id))
        {
            return id;
        }

        var offset = BeginEntry(type, content.Length);
        Deflate(content, _output);
        _entries.Add(id, new PackedEntry(id, offset, _output.Crc));
        return id;
    }

    public ObjectId Write(GitCommit commit) => Write(GitObjectType.Commit, commit.Format());

    public ObjectId Write(GitTag tag) => Write(GitObjectType.Tag, tag.Format());

    /// <summary>Writes a blob from a stream, never holding it whole.</summary>
    /// <param name="size">Bytes that the stream must have: a shorter or longer one throws <see cref="InvalidDataException"/>.</param>
    public async Task<ObjectId> WriteBlob(Stream content, long size, CancellationToken cancel)
    {
        if (size == 0)
        {
            return await content.ReadAsync(new byte[1], cancel) == 0 ? Write(GitObjectType.Blob, []) : throw Longer(size);
        }

        var offset = BeginEntry(GitObjectType.Blob, size);
        ObjectId id;
        try
        {
            id = await Deflate(content, size, cancel);
        }
        catch
        {
            _output.Truncate(offset);
            throw;
        }

        if (IsKnown(id))
        {
            _output.Truncate(offset);
            return id;
        }

        _entries.Add(id, new PackedEntry(id, offset, _output.Crc));
        return id;
    }

    /// <summary>Finishes the pack and its index; null when there was nothing new. They are not yet durable.</summary>
    public NewPack? Complete()
    {
        ObjectDisposedException.ThrowIf(_isComplete, this);
        if (_entries.Count == 0)
        {
            return null;
        }

        var checksum = Seal();
        PackIndexFile.Write(IndexOf(_path), _entries.Values, checksum);
        _isComplete = true;
        return new NewPack(_path, IndexOf(_path), checksum, _output);
    }

    /// <summary>The index of an unfinished pack.</summary>
    public static string IndexOf(string temporaryPack) => temporaryPack.Replace("tmp_pack_", "tmp_idx_", StringComparison.Ordinal);

    /// <summary>The unfinished pack of an index: the twin of <see cref="IndexOf"/>.</summary>
    public static string PackOf(string temporaryIndex) => temporaryIndex.Replace("tmp_idx_", "tmp_pack_", StringComparison.Ordinal);

    /// <summary>What goes before an entry's deflated content.</summary>
    /// <returns>Bytes written.</returns>
    public static int FormatEntryHeader(GitObjectType type, long size, Span<byte> header)
    {
        var length = 0;
        header[0] = (byte)(((int)type << 4) | (int)(size & 15));
        for (size >>= 4; size > 0; size >>= 7)
        {
            header[length++] |= 0x80;
            header[length] = (byte)(size & 0x7f);
        }

        return length + 1;
    }

    public static void Deflate(ReadOnlySpan<byte> content, Stream output)
    {
        if (content.IsEmpty)
        {
            output.Write(DeflatedNothing);
            return;
        }

        using var deflate = new ZLibStream(output, CompressionLevel.Fastest, leaveOpen: true);
        deflate.Write(content);
    }

    /// <summary>Deletes what was written, unless <see cref="Complete"/> handed it over.</summary>
    public void Dispose()
    {
        if (!_isComplete)
        {
            _output.Dispose();
            File.Delete(_path);
        }
    }

    private bool IsKnown(ObjectId id) => _entries.ContainsKey(id) || _objects.ContainsPacked(id);

    private long BeginEntry(GitObjectType type, long size)
    {
        ObjectDisposedException.ThrowIf(_isComplete, this);
        var offset = _output.BeginEntry();
        Span<byte> header = stackalloc byte[MaxEntryHeader];
        _output.Write(header[..FormatEntryHeader(type, size, header)]);
        return offset;
    }

    private async Task<ObjectId> Deflate(Stream content, long size, CancellationToken cancel)
    {
        using var hash = ObjectId.BeginHash(GitObjectType.Blob, size);
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBuffer);
        try
        {
            await using var deflate = new ZLibStream(_output, CompressionLevel.Fastest, leaveOpen: true);
            var left = size;
            for (int read; (read = await content.ReadAsync(buffer, cancel)) > 0; left -= read)
            {
                if (read > left)
                {
                    throw Longer(size);
                }

                hash.AppendData(buffer, 0, read);
                deflate.Write(buffer, 0, read);
            }

            return left == 0 ? ObjectId.FinishHash(hash) : throw new InvalidDataException($"The content ended {left} bytes early.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Writes the count, known only now, into the header, and the SHA-1 of all at the end.</summary>
    private ObjectId Seal()
    {
        Span<byte> count = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(count, _entries.Count);
        var file = _output.Flushed();
        RandomAccess.Write(file, count, HeaderSize - sizeof(int));

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBuffer);
        var length = 0L;
        for (int read; (read = RandomAccess.Read(file, buffer, length)) > 0; length += read)
        {
            hash.AppendData(buffer, 0, read);
        }

        ArrayPool<byte>.Shared.Return(buffer);
        var checksum = ObjectId.FinishHash(hash);
        Span<byte> trailer = stackalloc byte[ObjectId.Size];
        checksum.CopyTo(trailer);
        RandomAccess.Write(file, trailer, length);
        return checksum;
    }

    private static InvalidDataException Longer(long size) => new($"The content is longer than the {size} bytes announced.");
}
