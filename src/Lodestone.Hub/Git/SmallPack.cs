using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Lodestone.Hub;

/// <summary>A pack in memory of all that some objects lead to, where that is little. It never changes, so it is kept for whoever asks next.</summary>
internal static class SmallPack
{
    private const int MostObjects = 1000;

    /// <summary>Of all contents together.</summary>
    private const long MostBytes = 1024 * 1024;

    /// <returns>Null when it is more, or something is not there.</returns>
    public static byte[]? Of(ObjectDatabase objects, IEnumerable<ObjectId> roots)
    {
        if (objects.PackedCount > 2 * MostObjects)
        {
            return null; // most of it is wanted, usually: no need to look how much
        }

        var ordered = roots.Distinct().Order().ToList();
        var name = ObjectId.Of(GitObjectType.Blob, GitName.Encode("pack of " + string.Join(' ', ordered)));
        return objects.Made(name, () => Collect(objects, ordered) is { } found ? Write(found) : null, pack => pack.Length);
    }

    private static List<GitObject>? Collect(ObjectDatabase objects, IEnumerable<ObjectId> roots)
    {
        var found = new Dictionary<ObjectId, GitObject>();
        var waiting = new Stack<ObjectId>(roots);
        for (var bytes = 0L; waiting.TryPop(out var id);)
        {
            if (found.ContainsKey(id))
            {
                continue;
            }

            bytes += objects.Header(id)?.Size ?? MostBytes;
            if (bytes >= MostBytes || found.Count == MostObjects || objects.Read(id) is not { } read)
            {
                return null;
            }

            found.Add(id, read);
            foreach (var named in NamedBy(read))
            {
                waiting.Push(named);
            }
        }

        return [.. found.Values];
    }

    private static IEnumerable<ObjectId> NamedBy(GitObject read) => read.Type switch
    {
        GitObjectType.Commit when GitCommit.Parse(read.Content) is var commit => [commit.Tree, .. commit.Parents],
        GitObjectType.Tree => GitTree.Parse(read.Content).Entries.Where(e => e.Mode is not GitMode.Submodule).Select(e => e.Id),
        GitObjectType.Tag => [GitTag.Parse(read.Content).Target],
        _ => [],
    };

    private static byte[] Write(List<GitObject> objects)
    {
        Span<byte> head = stackalloc byte[ObjectId.Size]; // the longest of what is put together in it
        "PACK\0\0\0\u0002"u8.CopyTo(head);
        BinaryPrimitives.WriteInt32BigEndian(head[8..], objects.Count);
        var pack = new MemoryStream();
        pack.Write(head[..PackWriter.HeaderSize]);
        foreach (var one in objects)
        {
            pack.Write(head[..PackWriter.FormatEntryHeader(one.Type, one.Content.Length, head)]);
            PackWriter.Deflate(one.Content, pack);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(pack.GetBuffer(), 0, (int)pack.Length);
        ObjectId.FinishHash(hash).CopyTo(head);
        pack.Write(head[..ObjectId.Size]);
        return pack.ToArray();
    }
}
