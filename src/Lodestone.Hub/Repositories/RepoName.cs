using System.Buffers;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>The rules of repository names, as clients check them too.</summary>
internal static class RepoName
{
    public const int MaxLength = 96;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    // A repository of this name could not be told from one without a namespace: /owner/resolve/…
    private static readonly string[] Verbs = ["resolve", "raw"];

    public static bool IsValid(string name) =>
        HasNameCharacters(name)
        && name[0] is not ('-' or '.') && name[^1] is not ('-' or '.')
        && !name.Contains("--", StringComparison.Ordinal) && !name.Contains("..", StringComparison.Ordinal)
        && !Verbs.Contains(name, StringComparer.OrdinalIgnoreCase)
        && !name.EndsWith(".git", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a repository or a namespace could be called so; else there is no need to look for it.</summary>
    public static bool HasNameCharacters(string name) => name.Length is > 0 and <= MaxLength && !name.AsSpan().ContainsAnyExcept(Allowed);

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static void Check(string name)
    {
        if (!IsValid(name))
        {
            throw new Refusal(
                RefusalCode.Invalid,
                $"'{name}' cannot be a repository name. Use at most {MaxLength} letters, digits, '_', '-' and '.', without '--' or '..', not beginning or ending with '-' or '.', not ending with '.git', and not 'resolve' or 'raw'.")
            { Param = "name" };
        }
    }
}
