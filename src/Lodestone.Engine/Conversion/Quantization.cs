using System.Text.RegularExpressions;
using Lodestone.Engine.Native;

namespace Lodestone.Engine.Conversion;

/// <summary>Makes a smaller GGUF file of one by llama.cpp's own means.</summary>
internal static partial class Quantization
{
    // llama_ftype. Those that need a matrix of importance are left out: without it they write noise, or refuse.
    private static readonly Dictionary<string, int> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Q4_0"] = 2, ["Q4_1"] = 3, ["Q8_0"] = 7, ["Q5_0"] = 8, ["Q5_1"] = 9, ["Q2_K"] = 10, ["Q3_K_S"] = 11, ["Q3_K_M"] = 12, ["Q3_K_L"] = 13, ["Q4_K_S"] = 14, ["Q4_K_M"] = 15,
        ["Q5_K_S"] = 16, ["Q5_K_M"] = 17, ["Q6_K"] = 18, ["IQ4_NL"] = 25, ["IQ4_XS"] = 30, ["TQ1_0"] = 36, ["TQ2_0"] = 37,
    };

    /// <summary>As llama.cpp names them.</summary>
    public static IReadOnlyCollection<string> TypeNames => Types.Keys;

    public static bool Knows(string type) => Types.ContainsKey(type);

    /// <param name="output">Appears when it is whole and on the disk.</param>
    /// <param name="progress">Hears how much is done, 0 to 1.</param>
    /// <exception cref="EngineFault">It cannot be quantised: the message says why.</exception>
    public static unsafe void Run(string source, string output, string type, int threads, Action<double> progress)
    {
        RequireWhole(source);
        LlamaLibrary.Open();
        LlamaLibrary.Hear(piece =>
        {
            if (Counted().Match(piece) is { Success: true } found && double.Parse(found.Groups["all"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) is > 0 and var all)
            {
                progress(double.Parse(found.Groups["done"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) / all);
            }
        });
        var parameters = Llama.DefaultQuantizeParams();
        (parameters.FileType, parameters.Threads, parameters.MostInMemory) = (Types[type], threads, 1u << 30); // some rows at a time
        var unfinished = output + ".part";
        if (Llama.Quantize(source, unfinished, &parameters) != 0)
        {
            throw new EngineFault($"llama.cpp cannot quantise the model to {type}: {LlamaLibrary.TakeErrors()}");
        }

        using (var file = new FileStream(unfinished, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, output, overwrite: true);
    }

    /// <summary>The check comes first because llama.cpp may abort the process on a corrupt file; and rounding twice loses more than once.</summary>
    private static void RequireWhole(string source)
    {
        if (Gguf.GgufFile.Read(source).Tensors.FirstOrDefault(t => !Enum.IsDefined((ElementType)t.Type)) is { } small)
        {
            throw new EngineFault($"Tensor '{small.Name}' is quantised already. Quantise a file in F32, F16 or BF16.");
        }
    }

    [GeneratedRegex(@"^\[\s*(?<done>[0-9]+)/\s*(?<all>[0-9]+)\]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Counted();
}
