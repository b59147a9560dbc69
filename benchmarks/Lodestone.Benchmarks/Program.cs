using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Lodestone.Benchmarks;

/// <summary>Measures what has a budget. The scripts named bench-* run it, in Release.</summary>
internal static class Program
{
    [SuppressMessage("ApiDesign", "RS0030", Justification = "A program of the command line.")]
    public static async Task Main(string[] arguments)
    {
        if (arguments is ["engine", var vocabulary, var times, .. var parts])
        {
            await new Inference.EngineSpeed(Console.Out, vocabulary, int.Parse(times, CultureInfo.InvariantCulture)).Run(parts);
            return;
        }

        var rounds = arguments is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 5;
        XetBytes.Measure(rounds, Console.Out);
    }
}
