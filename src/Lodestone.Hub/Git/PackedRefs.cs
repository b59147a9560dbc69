using System.Text;

namespace Lodestone.Hub;

/// <summary>The file <c>packed-refs</c>: references that git has gathered. A loose file of the same name overrides its line.</summary>
internal static class PackedRefs
{
    public static IEnumerable<GitReference> Read(string path)
    {
        foreach (var line in Lines(path))
        {
            if (Parse(line) is { } reference)
            {
                yield return reference;
            }
        }
    }

    /// <summary>The file without these references, or null if it has none of them.</summary>
    public static string? Without(string path, IReadOnlySet<string> names)
    {
        var kept = new StringBuilder();
        var isChanged = false;
        var isDropping = false;
        foreach (var line in Lines(path))
        {
            // A line "^id" tells what the tag on the line before points to, and goes with it.
            isDropping = line.StartsWith('^') ? isDropping : Parse(line) is { } reference && names.Contains(reference.Name);
            isChanged |= isDropping;
            if (!isDropping)
            {
                kept.Append(line).Append('\n');
            }
        }

        return isChanged ? kept.ToString() : null;
    }

    private static GitReference? Parse(string line) =>
        line.Length > ObjectId.HexLength + 1 && line[ObjectId.HexLength] == ' ' && ObjectId.TryParse(line.AsSpan(0, ObjectId.HexLength), out var id)
            ? new GitReference(line[(ObjectId.HexLength + 1)..], id)
            : null;

    private static string[] Lines(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        try
        {
            // No sharing lock: git replaces the file while we read.
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (FileNotFoundException)
        {
            return []; // deleted a moment ago
        }
    }
}
