using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>
/// Which parts of an upload are durable, as a file: eight bytes of part size (little endian), then a byte for each part, 1 when
/// it is there. The file's last write time is when the upload last got a part.
/// </summary>
internal sealed class PartLedger : IDisposable
{
    private const int Header = sizeof(long);

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly byte[] _parts;

    private PartLedger(string path, SafeFileHandle file, byte[] parts, long partSize) => (_path, _file, _parts, PartSize) = (path, file, parts, partSize);

    public long PartSize { get; }

    /// <summary>How many are not there yet.</summary>
    public int Missing => _parts.Count(p => p == 0);

    /// <summary>Null when there is no ledger.</summary>
    public static long? ReadPartSize(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        Span<byte> header = stackalloc byte[Header];
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return RandomAccess.Read(file, header, 0) == Header && BinaryPrimitives.ReadInt64LittleEndian(header) is > 0 and var size ? size : null;
    }

    /// <summary>Whether all parts are there. The ledger must exist.</summary>
    public static bool IsFull(string path) => File.ReadAllBytes(path) is { Length: >= Header } bytes && !bytes.AsSpan(Header).Contains((byte)0);

    /// <summary>Opens the ledger, or begins one; one that a crash cut short is begun anew.</summary>
    /// <param name="upload">Its part size counts only where the upload begins.</param>
    public static PartLedger Open(string path, PartialBlob upload)
    {
        var known = upload with { PartSize = ReadPartSize(path) ?? upload.PartSize };
        var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[Header + known.Parts];
        if (RandomAccess.GetLength(file) == bytes.Length && RandomAccess.Read(file, bytes, 0) == bytes.Length)
        {
            return new PartLedger(path, file, bytes[Header..], known.PartSize);
        }

        bytes = new byte[Header + upload.Parts];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, upload.PartSize);
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, bytes, 0);
        RandomAccess.FlushToDisk(file);
        DirectorySync.Flush(Path.GetDirectoryName(path)!); // the path of a file
        return new PartLedger(path, file, bytes[Header..], upload.PartSize);
    }

    public bool Has(int number) => _parts[number - 1] == 1;

    /// <summary>Writes a part down as durable, which it has to be by now.</summary>
    public void Add(int number, DateTimeOffset now)
    {
        RandomAccess.Write(_file, [1], Header + number - 1);
        RandomAccess.FlushToDisk(_file);
        File.SetLastWriteTimeUtc(_path, now.UtcDateTime);
        _parts[number - 1] = 1;
    }

    public void Delete() => File.Delete(_path);

    public void Dispose() => _file.Dispose();
}
