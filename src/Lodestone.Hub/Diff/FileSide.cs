namespace Lodestone.Hub;

/// <summary>A file as one side of a comparison has it.</summary>
/// <param name="Size">Bytes of the content; of a large file, not of its pointer.</param>
/// <param name="IsLarge">Git has a pointer to it.</param>
/// <param name="IsText">Small enough to compare by lines, and UTF-8 without zeros.</param>
internal sealed record FileSide(TreeEntry Entry, long Size, bool IsLarge, bool IsText)
{
    /// <summary>Bytes. Comparing longer texts by lines would cost a request too much.</summary>
    public const int MaxText = 2 * 1024 * 1024;

    public static FileSide? Of(GitRepository git, TreeEntry? entry)
    {
        if (entry is not { } there)
        {
            return null;
        }

        if (!there.IsBlob)
        {
            return new FileSide(there, 0, IsLarge: false, IsText: false);
        }

        var size = git.Objects.Header(there.Id)?.Size ?? throw new CorruptRepositoryException($"Object {there.Id} is missing.");
        if (size > MaxText)
        {
            return new FileSide(there, size, IsLarge: false, IsText: false);
        }

        var content = git.Objects.Read(there.Id)?.Content ?? [];
        return LfsPointer.TryParse(content, out var pointer)
            ? new FileSide(there, pointer.Size, IsLarge: true, IsText: false)
            : new FileSide(there, size, IsLarge: false, IsText: !content.AsSpan().Contains((byte)0) && System.Text.Unicode.Utf8.IsValid(content));
    }
}
