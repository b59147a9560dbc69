using System.Globalization;

namespace Lodestone.Hub;

/// <summary>
/// Which models a machine can hold, by an estimate that says what it assumes: so many bits a weight with a tenth more for scales and
/// buffers, and for each token of context 64 KiB times the root of the billions of parameters. Models with grouped attention need less.
/// </summary>
/// <param name="Gigabytes">Memory, in units of 1024³ bytes.</param>
/// <param name="Bits">A weight: 4, 8 or 16.</param>
/// <param name="Context">Tokens.</param>
internal sealed record MachineFit(int Gigabytes, int Bits, int Context)
{
    private const double Gigabyte = 1024.0 * 1024 * 1024;
    private const double CacheOfBillion = 64 * 1024;
    private const double Overhead = 1.1;

    public static IReadOnlyList<int> Memories { get; } = [4, 8, 12, 16, 24, 32, 48, 64, 80, 128, 192];

    public static IReadOnlyList<int> Widths { get; } = [4, 8, 16];

    public static IReadOnlyList<int> Contexts { get; } = [2048, 8192, 32768, 131072];

    /// <summary>As people read it.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{Gigabytes} GiB at {Bits} bits, {Context:N0} tokens");

    /// <summary>The largest model that fits.</summary>
    public long MostParameters
    {
        get
        {
            var (fits, tooMany) = (0.0, 1e13);
            for (var step = 0; step < 60; step++)
            {
                var middle = (fits + tooMany) / 2;
                (fits, tooMany) = Bytes(middle) <= Gigabytes * Gigabyte ? (middle, tooMany) : (fits, middle);
            }

            return (long)fits;
        }
    }

    /// <summary>What a model of so many parameters needs.</summary>
    public double Bytes(double parameters) => (parameters * Bits / 8 * Overhead) + (Context * CacheOfBillion * Math.Sqrt(parameters / 1e9));

    /// <summary>The smallest of <see cref="Memories"/> that holds a file of so many bytes and a context for it, by the same estimate; null when none does.</summary>
    public static int? SmallestFor(long fileBytes, long parameters, int context) =>
        Memories.Cast<int?>().FirstOrDefault(m => fileBytes + (context * CacheOfBillion * Math.Sqrt(parameters / 1e9)) <= m * Gigabyte);

    /// <summary>Null unless a memory is given that is on offer; what else is missing is taken as most people have it.</summary>
    public static MachineFit? Read(string memory, string bits, string context) =>
        Known(memory, Memories) is { } gigabytes ? new MachineFit(gigabytes, Known(bits, Widths) ?? 4, Known(context, Contexts) ?? 8192) : null;

    private static int? Known(string text, IReadOnlyList<int> offered) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && offered.Contains(value) ? value : null;
}
