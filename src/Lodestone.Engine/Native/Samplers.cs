using System.Runtime.InteropServices;

namespace Lodestone.Engine.Native;

/// <summary>The samplers of llama.h. What an <c>Init</c> returns belongs to the chain that it is added to.</summary>
internal static unsafe partial class Samplers
{
    private const string Library = "llama";

    [LibraryImport(Library, EntryPoint = "llama_sampler_chain_init")]
    public static partial SamplerHandle CreateChain(byte noPerformanceCounters);

    [LibraryImport(Library, EntryPoint = "llama_sampler_chain_add")]
    public static partial void AddToChain(SamplerHandle chain, nint sampler);

    [LibraryImport(Library, EntryPoint = "llama_sampler_init_top_k")]
    public static partial nint TopK(int count);

    [LibraryImport(Library, EntryPoint = "llama_sampler_init_top_p")]
    public static partial nint TopP(float probability, nuint minimumKept);

    [LibraryImport(Library, EntryPoint = "llama_sampler_init_min_p")]
    public static partial nint MinP(float probability, nuint minimumKept);

    [LibraryImport(Library, EntryPoint = "llama_sampler_init_typical")]
    public static partial nint Typical(float probability, nuint minimumKept);

    [LibraryImport(Library, EntryPoint = "llama_sampler_init_temp")]
    public static partial nint Temperature(float temperature);

    [LibraryImport(Library, EntryPoint = "llama_sampler_init_penalties")]
    public static partial nint Penalties(int vocabularySize, int window, float repetition, float frequency, float presence);

    [LibraryImport(Library, EntryPoint = "llama_sampler_init_logit_bias")]
    public static partial nint LogitBias(int vocabularySize, int count, TokenBias* biases);

    /// <returns>An invalid handle if the grammar is not well-formed.</returns>
    [LibraryImport(Library, EntryPoint = "llama_sampler_init_grammar", StringMarshalling = StringMarshalling.Utf8)]
    public static partial SamplerHandle Grammar(nint vocabulary, string grammar, string root);

    [LibraryImport(Library, EntryPoint = "llama_sampler_accept")]
    public static partial void Accept(nint sampler, int token);

    [LibraryImport(Library, EntryPoint = "llama_sampler_accept")]
    public static partial void Accept(SamplerHandle sampler, int token);

    [LibraryImport(Library, EntryPoint = "llama_sampler_apply")]
    public static partial void Apply(SamplerHandle sampler, ref Candidates candidates);

    [LibraryImport(Library, EntryPoint = "llama_sampler_free")]
    public static partial void Free(nint sampler);
}

/// <summary><c>llama_token_data</c>, 12 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Candidate
{
    public int Token;
    public float Logit;
    public float Probability;
}

/// <summary><c>llama_token_data_array</c>, 32 bytes; samplers may move its pointer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Candidates
{
    public Candidate* First;
    public nuint Count;
    public long Selected;
    public byte IsSorted;
}

/// <summary><c>llama_logit_bias</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TokenBias
{
    public int Token;
    public float Bias;
}
