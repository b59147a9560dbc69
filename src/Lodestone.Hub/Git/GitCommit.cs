using System.Text;

namespace Lodestone.Hub;

/// <param name="Tree">The root folder.</param>
/// <param name="Parents">None for a first commit, several for a merge.</param>
/// <param name="Message">As written, usually ending in a newline.</param>
internal sealed record GitCommit(
    ObjectId Tree, IReadOnlyList<ObjectId> Parents, GitSignature Author, GitSignature Committer, string Message)
{
    /// <summary>The first paragraph on one line, as git's <c>%s</c>.</summary>
    public string Title => Split().Title;

    /// <summary>What follows the title, without the blank line between.</summary>
    public string Body => Split().Body;

    public static GitCommit Parse(ReadOnlySpan<byte> content)
    {
        var reader = new HeaderReader(content);
        var tree = reader.Id("tree"u8) ?? throw Malformed();
        var parents = new List<ObjectId>(1);
        while (reader.Id("parent"u8) is { } parent)
        {
            parents.Add(parent);
        }

        var author = GitSignature.Parse(reader.Value("author"u8));
        var committer = GitSignature.Parse(reader.Value("committer"u8));
        return new GitCommit(tree, parents, author, committer, reader.Message());
    }

    /// <summary>The commit's content for an object.</summary>
    public byte[] Format()
    {
        var text = new StringBuilder().Append("tree ").Append(Tree).Append('\n');
        foreach (var parent in Parents)
        {
            text.Append("parent ").Append(parent).Append('\n');
        }

        text.Append("author ").Append(Author).Append('\n').Append("committer ").Append(Committer).Append("\n\n");
        return GitName.Encode(text.Append(GitMessage.Clean(Message)).ToString());
    }

    private (string Title, string Body) Split()
    {
        var message = Message.AsSpan().TrimStart('\n');
        var end = message.IndexOf("\n\n");
        var title = (end < 0 ? message : message[..end]).Trim().ToString().Replace('\n', ' ');
        return (title, end < 0 ? "" : message[end..].Trim('\n').ToString());
    }

    private static CorruptRepositoryException Malformed() => new("A commit object is malformed.");
}

/// <summary>An annotated tag.</summary>
/// <param name="Target">What it points to, usually a commit.</param>
/// <param name="Tagger">Absent in tags of git's first years.</param>
internal sealed record GitTag(ObjectId Target, GitObjectType TargetType, string Name, GitSignature? Tagger, string Message)
{
    public static GitTag Parse(ReadOnlySpan<byte> content)
    {
        var reader = new HeaderReader(content);
        var target = reader.Id("object"u8);
        if (target is null || !GitObjectTypes.TryParse(reader.Value("type"u8), out var type))
        {
            throw new CorruptRepositoryException("A tag object is malformed.");
        }

        var name = GitName.Decode(reader.Value("tag"u8));
        var tagger = reader.Value("tagger"u8);
        return new GitTag(target.Value, type, name, tagger.IsEmpty ? null : GitSignature.Parse(tagger), reader.Message());
    }

    /// <summary>The tag's content for an object.</summary>
    public byte[] Format()
    {
        var tagger = Tagger is null ? "" : $"tagger {Tagger}\n";
        return GitName.Encode($"object {Target}\ntype {TargetType.Name()}\ntag {Name}\n{tagger}\n{GitMessage.Clean(Message)}");
    }
}

internal static class GitMessage
{
    /// <summary>Line feeds only, no NUL (git would cut the text there), one newline at the end.</summary>
    public static string Clean(string message) =>
        message.ReplaceLineEndings("\n").Replace("\0", "", StringComparison.Ordinal).TrimEnd('\n') + "\n";
}

/// <summary>Reads the header lines of a commit or tag in order, and then its message.</summary>
internal ref struct HeaderReader(ReadOnlySpan<byte> rest)
{
    private ReadOnlySpan<byte> _rest = rest;

    /// <summary>The value of the next line if it has this key; else empty, and the line stays unread.</summary>
    public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> key)
    {
        if (!_rest.StartsWith(key) || _rest.Length <= key.Length || _rest[key.Length] != ' ')
        {
            return default;
        }

        var line = _rest[(key.Length + 1)..];
        var end = line.IndexOf((byte)'\n');
        _rest = end < 0 ? default : line[(end + 1)..];
        return end < 0 ? line : line[..end];
    }

    public ObjectId? Id(ReadOnlySpan<byte> key) => ObjectId.TryParse(Value(key), out var id) ? id : null;

    /// <summary>What follows the blank line; headers not asked for (signatures, encoding) are passed over.</summary>
    public readonly string Message()
    {
        var blank = _rest.StartsWith("\n"u8) ? 0 : _rest.IndexOf("\n\n"u8) + 1;
        if (blank == 0 && !_rest.StartsWith("\n"u8))
        {
            return "";
        }

        var isLatin = _rest[..blank].IndexOf("encoding ISO-8859-1\n"u8) >= 0;
        var message = _rest[(blank + 1)..];
        return isLatin ? Encoding.Latin1.GetString(message) : GitName.Decode(message);
    }
}
