using System.Buffers;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>The rules of repository names, as clients check them too.</summary>
internal static class RepoName
{
    public const int MaxLength = 96;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength
        && !name.AsSpan().ContainsAnyExcept(Allowed)
        && name[0] is not ('-' or '.') && name[^1] is not ('-' or '.')
        && !name.Contains("--", StringComparison.Ordinal) && !name.Contains("..", StringComparison.Ordinal)
        && !name.EndsWith(".git", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static void Check(string name)
    {
        if (!IsValid(name))
        {
            throw new Refusal(
                RefusalCode.Invalid,
                $"'{name}' cannot be a repository name. Use at most {MaxLength} letters, digits, '_', '-' and '.', without '--' or '..', not beginning or ending with '-' or '.', and not ending with '.git'.")
            { Param = "name" };
        }
    }
}
