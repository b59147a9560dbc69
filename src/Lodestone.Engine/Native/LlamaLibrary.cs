using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lodestone.Engine.Native;

/// <summary>llama.cpp in this process: found beside the worker, checked against the layouts it was written for, opened once.</summary>
internal static unsafe class LlamaLibrary
{
    private const string ExpectedVersion = "0.5.0-dev";
    private const int LevelError = 4;
    private const int LevelContinued = 5;

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "runtimes", Platform(), "native");

    // Guards LastErrors, wasErrorLine and heard: the library logs from any thread that calls it.
    private static readonly Lock LogGate = new();
    private static readonly Queue<string> LastErrors = new();
    private static readonly Lazy<bool> Opened = new(Load);
    private static bool wasErrorLine;
    private static Action<string>? heard;

    /// <summary>Loads the library and its processor back ends; a second call does nothing.</summary>
    /// <exception cref="EngineFault">The files are missing, or not the release that the layouts describe.</exception>
    public static void Open() => _ = Opened.Value;

    /// <summary>Has somebody hear what the library says of its work, piece by piece and from its threads: the only way in which it tells how far it is.</summary>
    public static void Hear(Action<string> pieces)
    {
        lock (LogGate)
        {
            heard = pieces;
        }
    }

    /// <summary>What the library has complained about since the last call, joined into one line; empty if nothing.</summary>
    public static string TakeErrors()
    {
        lock (LogGate)
        {
            var errors = string.Join("; ", LastErrors);
            LastErrors.Clear();
            return errors;
        }
    }

    private static bool Load()
    {
        if (!Directory.Exists(Folder))
        {
            throw new EngineFault(
                $"llama.cpp's libraries are missing: no folder {Folder}. Build or publish the worker for this platform.", ExitCode.LibraryRefused);
        }

        NativeLibrary.SetDllImportResolver(typeof(LlamaLibrary).Assembly, Resolve);
        CheckVersion();
        CheckModelDefaults(Llama.DefaultModelParams());
        CheckContextDefaults(Llama.DefaultContextParams());
        CheckQuantizeDefaults(Llama.DefaultQuantizeParams());
        Llama.SetLog(&Log, 0);
        Llama.Initialise();
        Llama.LoadBackends(Folder);
        return true;
    }

    // Not RuntimeInformation.RuntimeIdentifier: builds of .NET by a distribution put the distribution's name there.
    private static string Platform()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{(RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? "arm64" : "x64")}";
    }

    // File names carry the version (libllama.v0.5.0.so), so the plain name never matches.
    private static nint Resolve(string name, System.Reflection.Assembly assembly, DllImportSearchPath? search)
    {
        var file = Directory.EnumerateFiles(Folder, $"*{name}.*").FirstOrDefault();
        return file is null ? 0 : NativeLibrary.Load(file);
    }

    private static void CheckVersion()
    {
        var version = Marshal.PtrToStringUTF8((nint)Llama.Version());
        Require(string.Equals(version, ExpectedVersion, StringComparison.Ordinal), $"it is release {version}, not {ExpectedVersion}");
    }

    private static void CheckModelDefaults(ModelParams defaults)
    {
        Require(sizeof(ModelParams) == 80 && sizeof(Batch) == 56 && sizeof(Candidates) == 32, "model, batch or candidate sizes differ");
        Require(
            defaults is { Devices: 0, GpuLayers: -1, SplitMode: 1, LoadMode: -1, LazyMode: 1, MainGpu: 0, TensorSplit: 0, MetadataOverrides: 0 },
            "model parameters differ");
        Require(defaults is { VocabOnly: 0, CheckTensors: 0, UseExtraBuffers: 1, NoHost: 0, NoAlloc: 0, LoadMtp: 0 }, "model switches differ");
    }

    private static void CheckContextDefaults(ContextParams defaults)
    {
        Require(sizeof(ContextParams) == 160, "context sizes differ");
        Require(
            defaults is { ContextLength: 512, BatchLength: 2048, MicroBatchLength: 512, MaxSequences: 1, MaxOutputs: 0, MaxOutputsPerSequence: 1 },
            "context lengths differ");
        Require(
            defaults is { RopeScalingType: -1, PoolingType: -1, AttentionType: -1, FlashAttentionType: -1, YarnBetaSlow: -1, DefragmentThreshold: -1 },
            "context kinds differ");
        Require(
            defaults is { KeyType: 1, ValueType: 1, OffloadKqv: 1, NoPerformanceCounters: 1, OffloadOperations: 1, FullSlidingWindow: 1 },
            "context switches differ");
        Require(defaults is { Embeddings: 0, UnifiedKeyValues: 0, Samplers: 0, SamplerCount: 0, OtherContext: 0 }, "context endings differ");
    }

    private static void CheckQuantizeDefaults(QuantizeParams defaults)
    {
        Require(sizeof(QuantizeParams) == 64, "quantising sizes differ");
        Require(defaults is { Threads: 0, FileType: 7, AllowsRequantizing: 0, QuantizesOutput: 1, OnlyCopies: 0, IsPure: 0, KeepsSplit: 0, IsDryRun: 0 }, "quantising switches differ");
        Require(defaults is { Importance: 0, MetadataOverrides: 0, TensorOverrides: 0, PrunedLayers: 0 } && defaults.OutputType == defaults.EmbeddingType, "quantising endings differ");
    }

    private static void Require(bool holds, string difference)
    {
        if (!holds)
        {
            throw new EngineFault($"The llama.cpp library in {Folder} is not the one this worker was built for: {difference}.", ExitCode.LibraryRefused);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log(int level, byte* text, nint state)
    {
        lock (LogGate)
        {
            if (heard is { } hear && Marshal.PtrToStringUTF8((nint)text) is { } piece)
            {
                hear(piece);
            }

            wasErrorLine = level == LevelContinued ? wasErrorLine : level == LevelError;
            if (!wasErrorLine || Marshal.PtrToStringUTF8((nint)text)?.Trim() is not { Length: > 0 } line)
            {
                return;
            }

            LastErrors.Enqueue(line);
            if (LastErrors.Count > 4)
            {
                LastErrors.Dequeue();
            }
        }
    }
}
