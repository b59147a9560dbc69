using System.Buffers.Text;
using System.IO.Compression;

namespace Lodestone.Hub;

/// <summary>Objects in files of their own. We write none; git does when it works in the repository.</summary>
internal sealed class LooseObjects(string objectsFolder)
{
    private const int MaxHeader = 32;

    public bool Contains(ObjectId id) => File.Exists(PathOf(id));

    public GitObject? Read(ObjectId id)
    {
        if (Open(id) is not { } found)
        {
            return null;
        }

        var (header, inflate) = found;
        using (inflate)
        {
            var content = header.Size <= Pack.MaxInMemory ? new byte[header.Size] : throw new CorruptRepositoryException($"Object {id} is too large to hold.");
            Inflating.ReadExactly(inflate, content);
            return new GitObject(header.Type, content);
        }
    }

    public GitObjectHeader? Header(ObjectId id)
    {
        if (Open(id) is not { } found)
        {
            return null;
        }

        found.Content.Dispose();
        return found.Header;
    }

    public BlobStream? OpenBlob(ObjectId id)
    {
        if (Open(id) is not { } found)
        {
            return null;
        }

        if (found.Header.Type == GitObjectType.Blob)
        {
            return new BlobStream(found.Content, found.Header.Size);
        }

        found.Content.Dispose();
        return null;
    }

    /// <summary>The ids that begin so.</summary>
    public IEnumerable<ObjectId> Find(ObjectIdPrefix prefix)
    {
        var start = prefix.First.ToString()[..2];
        var folder = Path.Combine(objectsFolder, start);
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        foreach (var file in Directory.EnumerateFiles(folder))
        {
            if (ObjectId.TryParse(start + Path.GetFileName(file), out var id) && prefix.Covers(id))
            {
                yield return id;
            }
        }
    }

    private string PathOf(ObjectId id)
    {
        var hex = id.ToString();
        return Path.Combine(objectsFolder, hex[..2], hex[2..]);
    }

    private (GitObjectHeader Header, Stream Content)? Open(ObjectId id)
    {
        FileStream file;
        try
        {
            file = new FileStream(PathOf(id), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (IOException e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        var inflate = new ZLibStream(file, CompressionMode.Decompress);
        try
        {
            return (ReadHeader(inflate), inflate);
        }
        catch
        {
            inflate.Dispose();
            throw;
        }
    }

    private static GitObjectHeader ReadHeader(Stream inflate)
    {
        Span<byte> header = stackalloc byte[MaxHeader];
        var length = 0;
        do
        {
            Inflating.ReadExactly(inflate, header.Slice(length, 1));
        }
        while (header[length++] != 0 && length < MaxHeader);

        var space = header.IndexOf((byte)' ');
        return space > 0 && GitObjectTypes.TryParse(header[..space], out var type) && Utf8Parser.TryParse(header[(space + 1)..], out long size, out _)
            ? new GitObjectHeader(type, size)
            : throw new CorruptRepositoryException("A loose object is malformed.");
    }
}
