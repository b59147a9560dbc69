using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Paths as clients send them, checked before anything is stored under them.</summary>
internal static class CleanPath
{
    /// <exception cref="Refusal"><c>unprocessable</c>.</exception>
    public static string Of(string? path) => path is not null && GitPath.IsClean(path)
        ? path
        : throw new Refusal(RefusalCode.Unprocessable, $"'{path}' cannot be a path. Use a relative path without '..', '.git', backslashes or control characters.");
}
