namespace Lodestone.Identity;

/// <summary>Where to go after signing in: only ever a place on this server.</summary>
internal static class LocalPath
{
    private const string Home = "/";

    /// <summary>The path when it is one; else the start page. <c>//host</c> and <c>/\host</c> lead elsewhere in browsers.</summary>
    public static string OrHome(string? path) =>
        path is ['/', ..] && !path.StartsWith("//", StringComparison.Ordinal) && !path.Contains('\\', StringComparison.Ordinal) && !path.Any(char.IsControl) ? path : Home;
}
