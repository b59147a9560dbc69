using System.Buffers;
using System.Text;

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
    public static GitTree Empty { get; } = new([]);

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

    /// <summary>The tree's content for an object; <paramref name="entries"/> must be in git's order.</summary>
    public static void Format(IEnumerable<TreeEntry> entries, ArrayBufferWriter<byte> output)
    {
        foreach (var entry in entries)
        {
            var span = output.GetSpan(16 + GitName.MaxByteCount(entry.Name) + ObjectId.Size);
            var length = Encoding.ASCII.GetBytes(Convert.ToString((int)entry.Mode, 8), span);
            span[length++] = (byte)' ';
            length += GitName.Encode(entry.Name, span[length..]);
            span[length++] = 0;
            entry.Id.CopyTo(span[length..]);
            output.Advance(length + ObjectId.Size);
        }
    }

    public TreeEntry? Find(string name) => Search(name, isFolder: false) ?? Search(name, isFolder: true);

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

    private TreeEntry? Search(string name, bool isFolder)
    {
        var index = LowerBound(name, isFolder);
        return index < entries.Length && string.Equals(entries[index].Name, name, StringComparison.Ordinal) ? entries[index] : null;
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
