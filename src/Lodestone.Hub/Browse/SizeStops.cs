namespace Lodestone.Hub;

/// <summary>The numbers of parameters between which people choose models.</summary>
internal static class SizeStops
{
    public static IReadOnlyList<string> All { get; } = ["100M", "500M", "1B", "3B", "7B", "13B", "32B", "70B", "128B", "500B"];

    public static string? Find(string text) => All.FirstOrDefault(stop => stop.Equals(text, StringComparison.OrdinalIgnoreCase));

    /// <summary>How many parameters a stop is.</summary>
    public static long? Count(string? stop) => stop is not null && RepoSearch.TryCount(stop, out var count) ? count : null;

    /// <summary>Both ends as people read them.</summary>
    public static string? Text(string? least, string? most) => (least, most) switch
    {
        (null, null) => null,
        (null, _) => $"up to {most}",
        (_, null) => $"{least} and more",
        _ => $"{least} to {most}",
    };
}
