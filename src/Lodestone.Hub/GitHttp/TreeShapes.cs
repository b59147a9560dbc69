using System.Globalization;
using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>
/// Measures whole trees by their folders, each once: a few folders that hold one another ten times over make more files than anybody
/// can list.
/// </summary>
/// <param name="most">Files that a tree may have.</param>
internal sealed class TreeShapes(Quarantine quarantine, long most)
{
    private readonly Dictionary<ObjectId, Shape> _known = [];

    /// <summary>Why a commit with this tree is refused, or null.</summary>
    public string? Refuse(ObjectId tree)
    {
        var shape = Measure(tree, depth: 1);
        return shape switch
        {
            { Longest: > GitPath.MaxLength } => string.Create(CultureInfo.InvariantCulture, $"a path is longer than {GitPath.MaxLength} characters"),
            { Files: var files } when files > most => string.Create(CultureInfo.InvariantCulture, $"a commit may have {most} files at most"),
            _ => null,
        };
    }

    /// <param name="depth">Every folder takes two characters of a path at least: what is nested deeper than that allows is too long.</param>
    private Shape Measure(ObjectId tree, int depth)
    {
        if (_known.TryGetValue(tree, out var known))
        {
            return known;
        }

        var (files, longest) = (0L, depth > GitPath.MaxLength / 2 ? GitPath.MaxLength + 1 : 0);
        foreach (var entry in longest == 0 ? quarantine.HomeOf(tree).Tree(tree).Entries : [])
        {
            var inner = entry.IsFolder ? Measure(entry.Id, depth + 1) : new Shape(1, -1);
            files = Math.Min(files + inner.Files, long.MaxValue / 2);
            longest = Math.Max(longest, entry.Name.Length + 1 + inner.Longest);
        }

        return _known[tree] = new Shape(files, longest);
    }

    /// <param name="Longest">Characters of the longest path from here.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Shape(long Files, int Longest);
}
