using System.Globalization;

namespace Lodestone.Engine;

/// <summary>What the command line asks for.</summary>
internal sealed record EngineOptions
{
    private const string Usage =
        "Usage: lodestone-engine --model FILE.gguf --socket PATH [--name NAME] [--context TOKENS] [--slots COUNT] [--threads COUNT] [--cells TOKENS] [--kept TOKENS] [--piece TOKENS] [--adapter-memory MIB] [--parent-pid PID]";

    /// <summary>The GGUF file to serve.</summary>
    public required string Model { get; init; }

    /// <summary>Where to listen: a Unix socket, replaced if it exists.</summary>
    public required string Socket { get; init; }

    /// <summary>The model's name in answers; the file's by default.</summary>
    public required string Name { get; init; }

    /// <summary>Tokens of prompt and answer together; never more than the model was trained for.</summary>
    public int Context { get; init; } = 8192;

    /// <summary>Answers written at once.</summary>
    public int Slots { get; init; } = 8;

    /// <summary>Threads that compute at most. One core stays free all the same while the machine has other things to do.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Tokens that all answers may have in memory together; never fewer than one context; null for as many as is reasonable.</summary>
    public int? Cells { get; init; }

    /// <summary>Tokens of ended answers and their prompts that stay in memory for others that begin alike. Every computation passes over them,
    /// so more is not always better.</summary>
    public int Kept { get; init; } = 4096;

    /// <summary>Tokens of prompts that are read at once while answers wait for their next token: a longer piece is read a little faster, a
    /// shorter one holds up the others less.</summary>
    public int PromptPiece { get; init; } = 64;

    /// <summary>MiB that adapters and their contexts may take together, of which the first always fits: a quarter of what the machine gives.</summary>
    public int AdapterMemory { get; init; } = (int)Math.Min(int.MaxValue, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 >> 20);

    /// <summary>The worker ends when this process does.</summary>
    public int? ParentPid { get; init; }

    /// <exception cref="EngineFault">Something is missing, unknown or out of range.</exception>
    public static EngineOptions Parse(IReadOnlyList<string> arguments)
    {
        var values = Pair(arguments);
        var model = Required(values, "--model");
        var options = new EngineOptions
        {
            Model = model,
            Socket = Required(values, "--socket"),
            Name = values.GetValueOrDefault("--name", Path.GetFileNameWithoutExtension(model)),
            ParentPid = Number(values, "--parent-pid", 1, int.MaxValue),
        };
        return options with
        {
            Context = Number(values, "--context", 16, 1 << 22) ?? options.Context,
            Slots = Number(values, "--slots", 1, 64) ?? options.Slots,
            Threads = Number(values, "--threads", 1, 512) ?? options.Threads,
            Cells = Number(values, "--cells", 16, 1 << 26),
            Kept = Number(values, "--kept", 0, 1 << 26) ?? options.Kept,
            PromptPiece = Number(values, "--piece", 1, 4096) ?? options.PromptPiece,
            AdapterMemory = Number(values, "--adapter-memory", 0, int.MaxValue) ?? options.AdapterMemory,
        };
    }

    private static Dictionary<string, string> Pair(IReadOnlyList<string> arguments)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (arguments[i] is not ("--model" or "--socket" or "--name" or "--context" or "--slots" or "--threads" or "--cells" or "--kept" or "--piece" or "--adapter-memory" or "--parent-pid"))
            {
                throw Fault($"'{arguments[i]}' is not known.");
            }

            if (i + 1 == arguments.Count || !values.TryAdd(arguments[i], arguments[i + 1]))
            {
                throw Fault($"'{arguments[i]}' needs one value.");
            }
        }

        return values;
    }

    private static string Required(Dictionary<string, string> values, string name) =>
        values.GetValueOrDefault(name) is { Length: > 0 } value ? value : throw Fault($"'{name}' is missing.");

    private static int? Number(Dictionary<string, string> values, string name, int least, int most)
    {
        if (!values.TryGetValue(name, out var value))
        {
            return null;
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Fault($"'{name}' must be a number from {least} to {most}.");
    }

    private static EngineFault Fault(string what) => new($"{what} {Usage}", ExitCode.Usage);
}
