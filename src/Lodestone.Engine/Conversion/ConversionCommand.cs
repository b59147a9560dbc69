using System.Globalization;

namespace Lodestone.Engine.Conversion;

/// <summary>
/// The verb <c>convert</c>: makes one GGUF file in this process and ends. How far it is goes to standard output, a line of JSON for
/// each hundredth, <c>{"progress":0.5}</c>.
/// </summary>
/// <param name="Source">A folder with safetensors, or a GGUF file to quantise.</param>
/// <param name="Type">As llama.cpp names it; null: as the source has it.</param>
internal sealed record ConversionCommand(string Source, string Output, string? Type, string? Name, int Threads, int? ParentPid)
{
    public const string Verb = "convert";

    private const string Usage = "Usage: lodestone-engine convert --source FOLDER|FILE.gguf --output FILE.gguf [--type F32|F16|BF16|Q8_0|…] [--name NAME] [--threads COUNT] [--parent-pid PID]";

    private static readonly string[] Known = ["--source", "--output", "--type", "--name", "--threads", "--parent-pid"];

    /// <summary>What stays between the two steps of a quantisation: a run that was cut off in the second does not begin anew.</summary>
    private string Whole => Output + ".whole";

    /// <exception cref="EngineFault">Something is missing or unknown.</exception>
    public static ConversionCommand Parse(IReadOnlyList<string> arguments)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (!Known.Contains(arguments[i]) || i + 1 == arguments.Count || !values.TryAdd(arguments[i], arguments[i + 1]))
            {
                throw Fault($"'{arguments[i]}' is not known, or has no value of its own.");
            }
        }

        var type = values.GetValueOrDefault("--type");
        return type is null || ElementTypes.Parse(type) is not null || Quantization.Knows(type)
            ? new ConversionCommand(Required(values, "--source"), Required(values, "--output"), type, values.GetValueOrDefault("--name"), Number(values, "--threads") ?? Environment.ProcessorCount, Number(values, "--parent-pid"))
            : throw Fault($"'{type}' is no type. Those are F32, F16, BF16, {string.Join(", ", Quantization.TypeNames)}.");
    }

    /// <exception cref="EngineFault">It cannot be made, or the parent is gone.</exception>
    public async Task RunAsync()
    {
        var work = Task.Run(Run);
        if (await Task.WhenAny(work, ParentProcess.Gone(ParentPid)) != work)
        {
            throw new EngineFault("The parent process is gone.", ExitCode.Failed);
        }

        await work;
    }

    private void Run()
    {
        if (Type is null || ElementTypes.Parse(Type) is not null)
        {
            ModelConversion.Run(RequireFolder(), Output, ElementTypes.Parse(Type), Name, Progress(0, 1));
            return;
        }

        if (File.Exists(Source))
        {
            Quantization.Run(Source, Output, Type, Threads, Progress(0, 1));
            return;
        }

        if (!File.Exists(Whole))
        {
            ModelConversion.Run(RequireFolder(), Whole, wanted: null, Name, Progress(0, 0.5));
        }

        Quantization.Run(Whole, Output, Type, Threads, Progress(0.5, 0.5));
        File.Delete(Whole);
    }

    private string RequireFolder() => Directory.Exists(Source) ? Source : throw new EngineFault($"There is no folder {Source} with a model to convert.");

    private static Action<double> Progress(double from, double share)
    {
        var last = -1;
        return done =>
        {
            if ((int)(100 * (from + (share * done))) is var hundredth && hundredth != last)
            {
                last = hundredth;
                JsonLine.Write(descriptor: 1, json => json.WriteNumber("progress", hundredth / 100.0));
            }
        };
    }

    private static string Required(Dictionary<string, string> values, string name) =>
        values.GetValueOrDefault(name) is { Length: > 0 } value ? value : throw Fault($"'{name}' is missing.");

    private static int? Number(Dictionary<string, string> values, string name) => !values.TryGetValue(name, out var value) ? null
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw Fault($"'{name}' must be a number above zero.");

    private static EngineFault Fault(string what) => new($"{what} {Usage}", ExitCode.Usage);
}
