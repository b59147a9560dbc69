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
    /// system takes for it, no backslash, no control character, at most 1,000 characters.
    /// </summary>
    public static bool IsClean(string path) =>
        path.Length is > 0 and <= MaxLength
        && !path.Contains('\\')
        && !path.Any(char.IsControl)
        && IsUnicode(path)
        && Array.TrueForAll(path.Split('/'), IsCleanName);

    private static bool IsCleanName(string name) =>
        name is not ("" or "." or "..") && Encoding.UTF8.GetByteCount(name) <= MaxComponentBytes && !IsDotGit(name);

    /// <summary>As git's <c>verify_path</c> with protection for HFS+ (ignores some characters) and NTFS (short names, streams, trailing dots).</summary>
    private static bool IsDotGit(string name)
    {
        var visible = string.Concat(name.Where(c => !IsIgnoredByHfs(c)));
        var stem = visible.Split(':')[0].TrimEnd(' ', '.');
        return stem.Equals(".git", StringComparison.OrdinalIgnoreCase) || stem.Equals("git~1", StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsIgnoredByHfs(char c) => c is (>= '\u200c' and <= '\u200f') or (>= '\u202a' and <= '\u202e') or (>= '\u206a' and <= '\u206f') or '\ufeff';

    private static bool IsUnicode(string path) =>
        Utf8.FromUtf16(path, stackalloc byte[MaxLength * 3], out _, out _, replaceInvalidSequences: false) == OperationStatus.Done;
}
