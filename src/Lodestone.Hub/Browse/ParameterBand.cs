namespace Lodestone.Hub;

/// <summary>A range of sizes that people choose models by.</summary>
/// <param name="Key">As in the address.</param>
/// <param name="Least">Parameters, inclusive; null: from none.</param>
/// <param name="Most">Parameters, inclusive; null: without end.</param>
internal sealed record ParameterBand(string Key, string Text, long? Least, long? Most)
{
    private const long Billion = 1_000_000_000;

    public static IReadOnlyList<ParameterBand> All { get; } =
    [
        new("to-1b", "Under 1B", null, Billion - 1),
        new("1b-8b", "1B to 8B", Billion, (8 * Billion) - 1),
        new("8b-32b", "8B to 32B", 8 * Billion, (32 * Billion) - 1),
        new("32b-128b", "32B to 128B", 32 * Billion, (128 * Billion) - 1),
        new("128b", "128B and more", 128 * Billion, null),
    ];

    public static ParameterBand? Find(string? key) => All.FirstOrDefault(b => b.Key == key);
}
