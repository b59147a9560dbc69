using System.Text;

namespace Lodestone.Hub;

/// <summary>
/// The <c>.gitattributes</c> of a tree that is being edited. Clones show a large file's content only if a pattern covers it, so a
/// commit that brings one without a pattern gets a line for it.
/// </summary>
internal sealed class CommitAttributes(ObjectDatabase objects, TreeEditor editor)
{
    // New contents are in a pack that cannot be read yet.
    private readonly Dictionary<ObjectId, string> _written = [];
    private readonly List<string> _large = [];

    public void Wrote(PutFile file)
    {
        if (file.Attributes is { } text)
        {
            _written[file.Blob] = text;
        }
    }

    public void BroughtLarge(string path) => _large.Add(path);

    /// <summary>Adds the missing lines to the root's file.</summary>
    public void Cover(PackWriter pack)
    {
        var rules = new GitAttributes(Read);
        var missing = _large.Where(path => editor.Find(path) is not null && !rules.IsLfs(path)).Distinct(StringComparer.Ordinal).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        var text = new StringBuilder(Read(""));
        if (text.Length > 0 && text[^1] != '\n')
        {
            text.Append('\n');
        }

        missing.ForEach(path => text.Append(Pattern(path)).Append(" filter=lfs diff=lfs merge=lfs -text\n"));
        editor.Put(GitAttributes.FileName, GitMode.File, pack.Write(GitObjectType.Blob, GitName.Encode(text.ToString())));
    }

    private string? Read(string folder)
    {
        var path = folder.Length == 0 ? GitAttributes.FileName : $"{folder}/{GitAttributes.FileName}";
        if (editor.Find(path) is not { IsFolder: false } entry)
        {
            return null;
        }

        return _written.GetValueOrDefault(entry.Id) ?? (objects.Read(entry.Id) is { } blob ? GitName.Decode(blob.Content) : null);
    }

    /// <summary>A pattern that matches the path alone; spaces as git-lfs writes them.</summary>
    private static string Pattern(string path)
    {
        var pattern = new StringBuilder(path.Length + 8);
        foreach (var c in path)
        {
            _ = c switch
            {
                ' ' => pattern.Append("[[:space:]]"),
                '*' or '?' or '[' or ']' or '"' => pattern.Append('\\').Append(c),
                '#' or '!' when pattern.Length == 0 => pattern.Append('\\').Append(c),
                _ => pattern.Append(c),
            };
        }

        return pattern.ToString();
    }
}
