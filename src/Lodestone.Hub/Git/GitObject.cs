using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>The four kinds of object. Values are those of a pack entry.</summary>
internal enum GitObjectType
{
    Commit = 1,
    Tree = 2,
    Blob = 3,
    Tag = 4,
}

/// <summary>A whole object in memory.</summary>
internal sealed record GitObject(GitObjectType Type, byte[] Content);

/// <param name="Size">Bytes of content.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct GitObjectHeader(GitObjectType Type, long Size);

/// <summary>A repository on disk does not hold what it should: a missing, cut or damaged object, pack, index or reference.</summary>
internal sealed class CorruptRepositoryException : IOException
{
    public CorruptRepositoryException()
    {
    }

    public CorruptRepositoryException(string message)
        : base(message)
    {
    }

    public CorruptRepositoryException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

internal static class GitObjectTypes
{
    public static string Name(this GitObjectType type) => type switch
    {
        GitObjectType.Commit => "commit",
        GitObjectType.Tree => "tree",
        GitObjectType.Blob => "blob",
        GitObjectType.Tag => "tag",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    public static bool TryParse(ReadOnlySpan<byte> name, out GitObjectType type)
    {
        type = name switch
        {
            _ when name.SequenceEqual("commit"u8) => GitObjectType.Commit,
            _ when name.SequenceEqual("tree"u8) => GitObjectType.Tree,
            _ when name.SequenceEqual("blob"u8) => GitObjectType.Blob,
            _ when name.SequenceEqual("tag"u8) => GitObjectType.Tag,
            _ => default,
        };
        return type != default;
    }
}
