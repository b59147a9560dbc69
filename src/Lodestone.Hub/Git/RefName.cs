using System.Buffers;
using System.Text;

namespace Lodestone.Hub;

/// <summary>What git accepts as the name of a reference (<c>git check-ref-format</c>), and what a file system can hold.</summary>
internal static class RefName
{
    public const string Branches = "refs/heads/";
    public const string Tags = "refs/tags/";

    // A component is a file name, and its lock's name ends in ".lock".
    private const int MaxComponentBytes = 250;
    private const int MaxBytes = 1000;

    private static readonly SearchValues<char> Forbidden =
        SearchValues.Create("\0\u0001\u0002\u0003\u0004\u0005\u0006\a\b\t\n\v\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017"
            + "\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f ~^:?*[\\");

    /// <summary>Whether this is a full name, such as <c>refs/heads/main</c>, that git accepts.</summary>
    public static bool IsValid(string name) =>
        name.StartsWith("refs/", StringComparison.Ordinal)
        && name.AsSpan().IndexOfAny(Forbidden) < 0
        && !name.Contains("..", StringComparison.Ordinal)
        && !name.Contains("@{", StringComparison.Ordinal)
        && !name.EndsWith('.')
        && Encoding.UTF8.GetByteCount(name) <= MaxBytes
        && Array.TrueForAll(name.Split('/'), IsComponent);

    /// <summary>Whether <c>refs/heads/…</c> may end in this. A leading dash would be an option to git's commands.</summary>
    public static bool IsValidBranch(string branch) => !branch.StartsWith('-') && branch is not "HEAD" && IsValid(Branches + branch);

    /// <inheritdoc cref="IsValidBranch"/>
    public static bool IsValidTag(string tag) => !tag.StartsWith('-') && tag is not "HEAD" && IsValid(Tags + tag);

    private static bool IsComponent(string component) =>
        component.Length > 0
        && component[0] != '.'
        && !component.EndsWith(".lock", StringComparison.Ordinal)
        && Encoding.UTF8.GetByteCount(component) <= MaxComponentBytes;
}
