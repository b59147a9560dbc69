using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Lodestone.Hub;

/// <summary>What a publish put into a repository, whole: enough to do it again.</summary>
/// <param name="Updates">Of references that were there before and are there after.</param>
internal sealed record PublishRecord(IReadOnlyList<RecordedPack> Packs, IReadOnlyList<RefUpdate> Updates)
{
    private const uint Magic = 0x314a534c; // "LSJ1"
    private const int HeaderSize = 8;
    private const int ChecksumSize = 32;

    /// <summary>Magic, length, content, and the SHA-256 of all of it, by which one that was cut off is known.</summary>
    public byte[] Format()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(Magic);
        writer.Write(0);
        writer.Write(Packs.Count);
        foreach (var pack in Packs)
        {
            Write(writer, pack.Checksum);
            Write(writer, pack.Content);
            Write(writer, pack.Index);
        }

        writer.Write(Updates.Count);
        foreach (var update in Updates)
        {
            writer.Write(update.Name);
            Write(writer, update.Old ?? ObjectId.Zero);
            Write(writer, update.New ?? ObjectId.Zero);
        }

        var length = (int)bytes.Length;
        bytes.SetLength(length + ChecksumSize);
        var record = bytes.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4), length);
        SHA256.HashData(record.AsSpan(0, length), record.AsSpan(length));
        return record;
    }

    /// <summary>The records at the start of these bytes, up to the first that is not whole.</summary>
    public static IEnumerable<PublishRecord> ReadAll(ReadOnlyMemory<byte> bytes)
    {
        while (LengthOf(bytes.Span) is { } length)
        {
            yield return Read(bytes[HeaderSize..length]);
            bytes = bytes[(length + ChecksumSize)..];
        }
    }

    /// <summary>Where what it tells of is in the repository.</summary>
    public IEnumerable<string> FilesIn(string repository) =>
        Packs.Select(p => Path.Combine(repository, "objects", "pack", $"pack-{p.Checksum}"))
            .SelectMany(name => new[] { name + ".pack", name + ".idx" })
            .Concat(Updates.Select(u => Path.Combine(repository, u.Name)));

    private static int? LengthOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        var isWhole = length >= HeaderSize && length <= bytes.Length - ChecksumSize
            && SHA256.HashData(bytes[..length]).AsSpan().SequenceEqual(bytes.Slice(length, ChecksumSize));
        return isWhole ? length : null;
    }

    private static PublishRecord Read(ReadOnlyMemory<byte> content)
    {
        using var reader = new BinaryReader(new MemoryStream(content.ToArray()), Encoding.UTF8);
        var packs = new RecordedPack[reader.ReadInt32()];
        for (var i = 0; i < packs.Length; i++)
        {
            packs[i] = new RecordedPack(ReadId(reader), reader.ReadBytes(reader.ReadInt32()), reader.ReadBytes(reader.ReadInt32()));
        }

        var updates = new RefUpdate[reader.ReadInt32()];
        for (var i = 0; i < updates.Length; i++)
        {
            updates[i] = new RefUpdate(reader.ReadString(), ReadId(reader), ReadId(reader));
        }

        return new PublishRecord(packs, updates);
    }

    private static void Write(BinaryWriter writer, ObjectId id)
    {
        Span<byte> bytes = stackalloc byte[ObjectId.Size];
        id.CopyTo(bytes);
        writer.Write(bytes);
    }

    private static void Write(BinaryWriter writer, byte[] bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    private static ObjectId ReadId(BinaryReader reader) => new(reader.ReadBytes(ObjectId.Size));
}

/// <param name="Checksum">That names the pack.</param>
internal sealed record RecordedPack(ObjectId Checksum, byte[] Content, byte[] Index);
