using System.Globalization;
using System.Text;

namespace Lodestone.Hub;

/// <summary>Differences as text, in the form that <c>git apply</c> takes. Written file by file; never held whole.</summary>
internal sealed class UnifiedDiff(GitRepository git, LibGit lines)
{
    /// <summary>One file's part. Files that are not texts, or longer than <see cref="FileSide.MaxText"/>, are only said to differ. Git's pointers to large files are texts.</summary>
    public string Of(TreeChange change)
    {
        var text = new StringBuilder();
        var (from, to) = (Quoted("a/" + change.Path), Quoted("b/" + change.Path));
        text.Append(CultureInfo.InvariantCulture, $"diff --git {from} {to}\n");
        Modes(text, change);
        var (old, @new) = (IdOf(change.Old), IdOf(change.New));
        if (old == @new)
        {
            return text.ToString(); // only the mode differs
        }

        text.Append(CultureInfo.InvariantCulture, $"index {old ?? ObjectId.Zero}..{@new ?? ObjectId.Zero}{(change.Old?.Mode == change.New?.Mode ? " " + Octal(change.New) : "")}\n");
        var (before, after) = (change.Old is null ? "/dev/null" : from, change.New is null ? "/dev/null" : to);
        if (!IsText(change.Old) || !IsText(change.New))
        {
            return text.Append(CultureInfo.InvariantCulture, $"Binary files {before} and {after} differ\n").ToString();
        }

        var hunks = lines.Lines(old, @new).Patch;
        var end = change.Path.Contains(' ') ? "\t" : ""; // else GNU patch would take the name to end at the space
        return (hunks.Length == 0 ? text : text.Append(CultureInfo.InvariantCulture, $"--- {before}{(change.Old is null ? "" : end)}\n+++ {after}{(change.New is null ? "" : end)}\n").Append(hunks)).ToString();
    }

    private static void Modes(StringBuilder text, TreeChange change)
    {
        if (change.Old is null)
        {
            text.Append(CultureInfo.InvariantCulture, $"new file mode {Octal(change.New)}\n");
        }
        else if (change.New is null)
        {
            text.Append(CultureInfo.InvariantCulture, $"deleted file mode {Octal(change.Old)}\n");
        }
        else if (change.Old.Value.Mode != change.New.Value.Mode)
        {
            text.Append(CultureInfo.InvariantCulture, $"old mode {Octal(change.Old)}\nnew mode {Octal(change.New)}\n");
        }
    }

    private bool IsText(TreeEntry? entry) => FileSide.Of(git, entry) is not { } side || side.IsText || side.IsLarge;

    private static ObjectId? IdOf(TreeEntry? entry) => entry?.Id;

    private static string Octal(TreeEntry? entry) => Convert.ToString((int)(entry?.Mode ?? GitMode.None), 8).PadLeft(6, '0');

    /// <summary>As git's <c>core.quotePath</c> has it: what is not plain ASCII goes in quotes, byte by byte.</summary>
    private static string Quoted(string path)
    {
        var bytes = GitName.Encode(path);
        if (Array.TrueForAll(bytes, b => b is >= 0x20 and < 0x7f and not ((byte)'"' or (byte)'\\')))
        {
            return path;
        }

        var quoted = new StringBuilder("\"");
        foreach (var b in bytes)
        {
            _ = b switch
            {
                (byte)'"' or (byte)'\\' => quoted.Append('\\').Append((char)b),
                (byte)'\n' => quoted.Append("\\n"),
                (byte)'\t' => quoted.Append("\\t"),
                >= 0x20 and < 0x7f => quoted.Append((char)b),
                _ => quoted.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0')),
            };
        }

        return quoted.Append('"').ToString();
    }
}
