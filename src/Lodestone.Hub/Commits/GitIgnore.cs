namespace Lodestone.Hub;

/// <summary>Which paths a <c>.gitignore</c> at the root leaves out: the last matching pattern decides (gitignore(5)).</summary>
internal sealed class GitIgnore
{
    private const int MaxFile = 256 * 1024;

    private readonly IReadOnlyList<Rule> _rules;

    private GitIgnore(IReadOnlyList<Rule> rules) => _rules = rules;

    public static GitIgnore Parse(string? text) => new([.. (text ?? "").Split('\n').Select(ParseLine).OfType<Rule>()]);

    /// <summary>The text at the root of a tree.</summary>
    public static string? Read(ObjectDatabase objects, RepoTree tree) =>
        tree.Find(".gitignore") is { IsFolder: false, Size: <= MaxFile } file && objects.Read(file.Id) is { } blob ? GitName.Decode(blob.Content) : null;

    /// <summary>A file below an ignored folder cannot be brought back.</summary>
    public bool IsIgnored(string path)
    {
        for (var end = path.IndexOf('/'); end >= 0; end = path.IndexOf('/', end + 1))
        {
            if (Decide(path[..end], isFolder: true))
            {
                return true;
            }
        }

        return Decide(path, isFolder: false);
    }

    private bool Decide(string path, bool isFolder)
    {
        var encoded = GitName.Encode(path);
        for (var i = _rules.Count - 1; i >= 0; i--)
        {
            if (_rules[i].Matches(encoded, isFolder))
            {
                return !_rules[i].IsKept;
            }
        }

        return false;
    }

    private static Rule? ParseLine(string line)
    {
        line = line.TrimEnd('\r');
        line = line.EndsWith("\\ ", StringComparison.Ordinal) ? line : line.TrimEnd(' ');
        if (line.Length == 0 || line[0] == '#')
        {
            return null;
        }

        var isKept = line[0] == '!';
        var pattern = isKept ? line[1..] : line;
        var isFolderOnly = pattern.EndsWith('/');
        pattern = pattern.TrimEnd('/');
        var isAnchored = pattern.Contains('/');
        pattern = pattern.TrimStart('/');
        return pattern.Length == 0 ? null : new Rule(GitName.Encode(pattern), isAnchored, isFolderOnly, isKept);
    }

    private sealed record Rule(byte[] Pattern, bool IsAnchored, bool IsFolderOnly, bool IsKept)
    {
        public bool Matches(ReadOnlySpan<byte> path, bool isFolder) =>
            (isFolder || !IsFolderOnly)
            && (IsAnchored ? Wildmatch.IsMatch(Pattern, path, isPath: true) : Wildmatch.IsMatch(Pattern, path[(path.LastIndexOf((byte)'/') + 1)..], isPath: false));
    }
}
