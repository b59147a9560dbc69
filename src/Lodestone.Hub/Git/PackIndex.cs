using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>
/// Reads a pack index, version 2: from id to offset. Small indexes are held in memory; large ones are read where needed. Not mapped
/// into memory, because touching a map of a file that was cut short kills the process.
/// </summary>
internal sealed class PackIndex
{
    public const uint Magic = 0xff744f63;
    public const int HeaderSize = 8 + FanoutSize;

    private const int FanoutSize = 256 * 4;
    private const int HeldInMemory = 256 * 1024;
    private const int EntriesPerRead = 128;

    private readonly string _path;
    private readonly byte[]? _bytes;
    private readonly SafeFileHandle? _file;
    private readonly int[] _fanout = new int[256];

    public PackIndex(string path)
    {
        _path = path;
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(file);
        if (length <= HeldInMemory)
        {
            using (file)
            {
                _bytes = new byte[length];
                ReadExactly(file, _bytes, 0);
            }
        }
        else
        {
            _file = file;
        }

        ReadFanout(length);
    }

    /// <summary>How many objects the pack holds.</summary>
    public int Count => _fanout[255];

    /// <returns>The offset of the object in the pack, or null.</returns>
    public long? Find(ObjectId id)
    {
        if (_fanout[id.FirstByte] == (id.FirstByte == 0 ? 0 : _fanout[id.FirstByte - 1]))
        {
            return null; // what most small packs say to most questions
        }

        var position = LowerBound(id);
        return position < Count && IdAt(position) == id ? OffsetAt(position) : null;
    }

    /// <summary>The ids that begin so, ascending, at most <paramref name="limit"/>.</summary>
    public IEnumerable<ObjectId> Find(ObjectIdPrefix prefix, int limit)
    {
        for (var position = LowerBound(prefix.First); position < Count && limit > 0; position++, limit--)
        {
            var id = IdAt(position);
            if (!prefix.Covers(id))
            {
                yield break;
            }

            yield return id;
        }
    }

    private int LowerBound(ObjectId id)
    {
        var low = id.FirstByte == 0 ? 0 : _fanout[id.FirstByte - 1];
        var high = _fanout[id.FirstByte];
        while (high - low > EntriesPerRead)
        {
            var middle = (low + high) >>> 1;
            (low, high) = IdAt(middle) < id ? (middle + 1, high) : (low, middle);
        }

        Span<byte> ids = stackalloc byte[EntriesPerRead * ObjectId.Size];
        ids = ids[..((high - low) * ObjectId.Size)];
        ReadAt(ids, HeaderSize + ((long)low * ObjectId.Size));
        while (!ids.IsEmpty && new ObjectId(ids[..ObjectId.Size]) < id)
        {
            ids = ids[ObjectId.Size..];
            low++;
        }

        return low;
    }

    private ObjectId IdAt(int position)
    {
        Span<byte> id = stackalloc byte[ObjectId.Size];
        ReadAt(id, HeaderSize + ((long)position * ObjectId.Size));
        return new ObjectId(id);
    }

    private long OffsetAt(int position)
    {
        Span<byte> bytes = stackalloc byte[8];
        var offsets = HeaderSize + ((long)Count * (ObjectId.Size + 4));
        ReadAt(bytes[..4], offsets + (position * 4L));
        var offset = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (offset < 0x8000_0000)
        {
            return offset;
        }

        ReadAt(bytes, offsets + (Count * 4L) + ((offset & 0x7fff_ffff) * 8L));
        return BinaryPrimitives.ReadInt64BigEndian(bytes);
    }

    private void ReadFanout(long length)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        ReadAt(header, 0);
        var isVersion2 = BinaryPrimitives.ReadUInt32BigEndian(header) == Magic && BinaryPrimitives.ReadUInt32BigEndian(header[4..]) == 2;
        for (var i = 0; i < 256; i++)
        {
            _fanout[i] = BinaryPrimitives.ReadInt32BigEndian(header[(8 + (i * 4))..]);
            isVersion2 &= _fanout[i] >= (i == 0 ? 0 : _fanout[i - 1]);
        }

        if (!isVersion2 || length < HeaderSize + (Count * 28L) + (2 * ObjectId.Size))
        {
            throw Damaged();
        }
    }

    private void ReadAt(Span<byte> destination, long offset)
    {
        if (_bytes is null)
        {
            ReadExactly(_file!, destination, offset); // one of the two is always there
            return;
        }

        if (offset + destination.Length > _bytes.Length)
        {
            throw Damaged();
        }

        _bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }

    private void ReadExactly(SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(file, destination, offset);
            destination = read > 0 ? destination[read..] : throw Damaged();
            offset += read;
        }
    }

    private CorruptRepositoryException Damaged() => new($"The pack index {Path.GetFileName(_path)} is damaged or not of version 2.");
}
