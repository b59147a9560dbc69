using System.Runtime.InteropServices;

namespace Lodestone.Engine.Native;

// The layouts of llama.h in llama.cpp v0.5.0. They go by value and change between releases:
// LlamaLibrary.Open refuses any library whose version or defaults differ.

/// <summary><c>llama_model_params</c>, 80 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ModelParams
{
    public nint Devices;
    public nint TensorBufferOverrides;
    public int GpuLayers;
    public int SplitMode;
    public int LoadMode;
    public int LazyMode;
    public int MainGpu;
    public nint TensorSplit;
    public nint ProgressCallback;
    public nint ProgressCallbackState;
    public nint MetadataOverrides;
    public byte VocabOnly;
    public byte CheckTensors;
    public byte UseExtraBuffers;
    public byte NoHost;
    public byte NoAlloc;
    public byte LoadMtp;
}

/// <summary><c>llama_context_params</c>, 160 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ContextParams
{
    public uint ContextLength;
    public uint BatchLength;
    public uint MicroBatchLength;
    public uint MaxSequences;
    public uint RecurrentSnapshots;
    public uint MaxOutputs;
    public uint MaxOutputsPerSequence;
    public int Threads;
    public int BatchThreads;
    public int ContextType;
    public int RopeScalingType;
    public int PoolingType;
    public int AttentionType;
    public int FlashAttentionType;
    public float RopeFrequencyBase;
    public float RopeFrequencyScale;
    public float YarnExtFactor;
    public float YarnAttentionFactor;
    public float YarnBetaFast;
    public float YarnBetaSlow;
    public uint YarnOriginalContext;
    public float DefragmentThreshold;
    public nint EvaluateCallback;
    public nint EvaluateCallbackState;
    public int KeyType;
    public int ValueType;
    public nint AbortCallback;
    public nint AbortCallbackState;
    public byte Embeddings;
    public byte OffloadKqv;
    public byte NoPerformanceCounters;
    public byte OffloadOperations;
    public byte FullSlidingWindow;
    public byte UnifiedKeyValues;
    public nint Samplers;
    public nuint SamplerCount;
    public nint OtherContext;
}

/// <summary><c>llama_model_quantize_params</c>, 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QuantizeParams
{
    public int Threads;
    public int FileType;
    public int OutputType;
    public int EmbeddingType;
    public byte AllowsRequantizing;
    public byte QuantizesOutput;
    public byte OnlyCopies;
    public byte IsPure;
    public byte KeepsSplit;
    public byte IsDryRun;
    public nint Importance;
    public nint MetadataOverrides;
    public nint TensorOverrides;
    public nint PrunedLayers;
    public nuint MostInMemory;
}

/// <summary><c>llama_batch</c>, 56 bytes; its arrays belong to the library that made it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Batch
{
    public int Count;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** Sequences;
    public sbyte* WantsLogits;
}

/// <summary>Bits of <c>llama_token_attr</c> that decide how a token's text is read.</summary>
[Flags]
internal enum TokenAttributes
{
    None = 0,
    Unknown = 1 << 0,
    Control = 1 << 3,
    StripsLeft = 1 << 7,
    StripsRight = 1 << 8,
}
