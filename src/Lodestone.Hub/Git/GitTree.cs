namespace Lodestone.Hub;

/// <summary>What a tree entry is. Other values occur in old repositories and are kept as they are.</summary>
internal enum GitMode
{
    None = 0,
    Folder = 0x4000,
    File = 0x81a4,
    Executable = 0x81ed,
    Link = 0xa000,
    Submodule = 0xe000,
}

/// <param name="Name">One path component, see <see cref="GitName"/>.</param>
internal readonly record struct TreeEntry(string Name, GitMode Mode, ObjectId Id)
{
    public bool IsFolder => Mode == GitMode.Folder;

    public bool IsBlob => Mode is not (GitMode.Folder or GitMode.Submodule);
}

/// <summary>One folder: its entries in git's order.</summary>
internal sealed class GitTree(TreeEntry[] entries)
{
    private const int MaxModeLength = 7;

    public static GitTree Empty { get; } = new([]);

    public static ObjectId EmptyId { get; } = ObjectId.Of(GitObjectType.Tree, []);

    public IReadOnlyList<TreeEntry> Entries => entries;

    public static GitTree Parse(ReadOnlySpan<byte> content)
    {
        var entries = new List<TreeEntry>(Math.Max(4, content.Length / 40));
        while (!content.IsEmpty)
        {
            var space = content.IndexOf((byte)' ');
            var end = content.IndexOf((byte)0);
            if (space <= 0 || end <= space + 1 || content.Length < end + 1 + ObjectId.Size || ParseOctal(content[..space]) is not { } mode)
            {
                throw new CorruptRepositoryException("A tree object is malformed.");
            }

            var id = new ObjectId(content.Slice(end + 1, ObjectId.Size));
            entries.Add(new TreeEntry(GitName.Decode(content[(space + 1)..end]), (GitMode)mode, id));
            content = content[(end + 1 + ObjectId.Size)..];
        }

        return new GitTree([.. entries]);
    }

    /// <summary>Bytes that <see cref="Format"/> needs at most.</summary>
    public int MaxFormattedLength => entries.Sum(e => MaxModeLength + 2 + GitName.MaxByteCount(e.Name) + ObjectId.Size);

    /// <summary>Writes the tree's content for an object.</summary>
    /// <returns>Bytes written.</returns>
    public int Format(Span<byte> destination)
    {
        var length = 0;
        foreach (var entry in entries)
        {
            length += FormatMode((int)entry.Mode, destination[length..]);
            destination[length++] = (byte)' ';
            length += GitName.Encode(entry.Name, destination[length..]);
            destination[length++] = 0;
            entry.Id.CopyTo(destination[length..]);
            length += ObjectId.Size;
        }

        return length;
    }

    public TreeEntry? Find(string name) => IndexOf(name) is >= 0 and var index ? entries[index] : null;

    /// <returns>-1 if there is none of this name.</returns>
    public int IndexOf(string name) => Search(name, isFolder: false) is >= 0 and var file ? file : Search(name, isFolder: true);

    /// <summary>Copies the entries from one position up to another.</summary>
    public void CopyTo(Span<TreeEntry> destination, int start, int end) => entries.AsSpan(start, end - start).CopyTo(destination);

    /// <summary>The position of the first entry at or after this one in git's order.</summary>
    public int LowerBound(string name, bool isFolder)
    {
        var (low, high) = (0, entries.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var order = GitName.Compare(entries[middle].Name, entries[middle].IsFolder, name, isFolder);
            (low, high) = order < 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The names of entries that the other tree has not, or has otherwise.</summary>
    public IEnumerable<string> NamesChangedFrom(GitTree other)
    {
        var theirs = other.Entries;
        var next = 0;
        foreach (var entry in entries)
        {
            while (next < theirs.Count && GitName.Compare(theirs[next].Name, theirs[next].IsFolder, entry.Name, entry.IsFolder) < 0)
            {
                next++;
            }

            if (next == theirs.Count || theirs[next] != entry)
            {
                yield return entry.Name;
            }
        }
    }

    private int Search(string name, bool isFolder)
    {
        var index = LowerBound(name, isFolder);
        return index < entries.Length && string.Equals(entries[index].Name, name, StringComparison.Ordinal) ? index : -1;
    }

    private static int FormatMode(int mode, Span<byte> destination)
    {
        var digits = 1;
        for (var rest = mode >> 3; rest > 0; rest >>= 3)
        {
            digits++;
        }

        for (var i = digits - 1; i >= 0; i--, mode >>= 3)
        {
            destination[i] = (byte)('0' + (mode & 7));
        }

        return digits;
    }

    private static int? ParseOctal(ReadOnlySpan<byte> digits)
    {
        var value = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7' || value > 0xffff)
            {
                return null;
            }

            value = (value << 3) + (digit - '0');
        }

        return value;
    }
}
