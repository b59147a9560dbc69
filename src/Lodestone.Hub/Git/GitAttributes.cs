namespace Lodestone.Hub;

/// <summary>
/// Which files <c>.gitattributes</c> gives to LFS: <c>filter=lfs</c> by the last matching pattern of the deepest folder that says
/// anything about the filter. Macros are not expanded. One instance reads each folder's rules once; not for concurrent use.
/// </summary>
/// <param name="read">The text of a folder's <c>.gitattributes</c> (empty path: the root's), or null if it has none.</param>
internal sealed class GitAttributes(Func<string, string?> read)
{
    public const string FileName = ".gitattributes";

    // Git reads up to 100 MiB; nobody writes more than a few KiB.
    private const int MaxFile = 1024 * 1024;

    private readonly Dictionary<string, IReadOnlyList<AttributeRule>> _rules = new(StringComparer.Ordinal);

    /// <summary>The rules of a commit's tree.</summary>
    public static GitAttributes Of(ObjectDatabase objects, ObjectId rootTree) => new(folder => Read(objects, rootTree, folder));

    /// <summary>The text of a folder's rules in a tree.</summary>
    public static string? Read(ObjectDatabase objects, ObjectId rootTree, string folder)
    {
        var entry = new TreeWalk(objects).FindFolder(rootTree, folder)?.Find(FileName);
        if (entry is not { Mode: GitMode.File or GitMode.Executable, Id: var id } || objects.Header(id) is not { Size: <= MaxFile })
        {
            return null;
        }

        return objects.Read(id) is { } blob ? GitName.Decode(blob.Content) : null;
    }

    public bool IsLfs(string path)
    {
        for (var end = path.LastIndexOf('/'); end >= 0; end = path.LastIndexOf('/', end - 1))
        {
            if (Decide(RulesOf(path[..end]), GitName.Encode(path[(end + 1)..])) is { } isLfs)
            {
                return isLfs;
            }
        }

        return Decide(RulesOf(""), GitName.Encode(path)) ?? false;
    }

    private static bool? Decide(IReadOnlyList<AttributeRule> rules, ReadOnlySpan<byte> path)
    {
        for (var i = rules.Count - 1; i >= 0; i--)
        {
            if (rules[i].Matches(path))
            {
                return rules[i].IsLfs;
            }
        }

        return null;
    }

    private IReadOnlyList<AttributeRule> RulesOf(string folder)
    {
        if (!_rules.TryGetValue(folder, out var rules))
        {
            rules = read(folder) is { } text ? AttributeRule.Parse(text) : [];
            _rules.Add(folder, rules);
        }

        return rules;
    }
}
