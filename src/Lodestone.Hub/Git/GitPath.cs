using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Lodestone.Hub;

/// <summary>Which paths a file in a repository may have.</summary>
internal static class GitPath
{
    public const int MaxLength = 1000;
    private const int MaxComponentBytes = 255;

    /// <summary>
    /// Whether the path is relative and clean: no empty, <c>.</c>, <c>..</c> or <c>.git</c> component in any spelling that some file
    /// system takes for it, no backslash, no control character, none that turns the direction of text, at most 1,000 characters.
    /// </summary>
    public static bool IsClean(string path) => path.Length is > 0 and <= MaxLength && Array.TrueForAll(path.Split('/'), IsCleanName);

    /// <summary>Whether the name, one component, may occur in a path.</summary>
    public static bool IsCleanName(string name) =>
        name is not ("" or "." or "..")
        && name.Length <= MaxComponentBytes
        && !name.Any(c => c is '\\' or '/' || char.IsControl(c) || TurnsText(c))
        && IsUnicode(name)
        && Encoding.UTF8.GetByteCount(name) <= MaxComponentBytes
        && !IsDotGit(name);

    /// <summary>The path for a person to read: what could play tricks on a terminal is a question mark.</summary>
    public static string Printable(string path) => string.Concat(path.Select(c => char.IsControl(c) || TurnsText(c) || char.IsSurrogate(c) ? '?' : c));

    /// <summary>As git's <c>verify_path</c> with protection for HFS+ (ignores some characters) and NTFS (short names, streams, trailing dots).</summary>
    private static bool IsDotGit(string name)
    {
        var visible = string.Concat(name.Where(c => !IsIgnoredByHfs(c)));
        var stem = visible.Split(':')[0].TrimEnd(' ', '.');
        return stem.Equals(".git", StringComparison.OrdinalIgnoreCase) || stem.Equals("git~1", StringComparison.OrdinalIgnoreCase);
    }

    // Marks, embeddings, overrides and isolates: with them, "gpj.exe" reads "exe.jpg".
    private static bool TurnsText(char c) => c is '\u061c' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    private static bool IsIgnoredByHfs(char c) => c is (>= '\u200c' and <= '\u200f') or (>= '\u202a' and <= '\u202e') or (>= '\u206a' and <= '\u206f') or '\ufeff';

    private static bool IsUnicode(string name) =>
        Utf8.FromUtf16(name, stackalloc byte[MaxComponentBytes * 3], out _, out _, replaceInvalidSequences: false) == OperationStatus.Done;
}
