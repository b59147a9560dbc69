namespace Lodestone.Engine.Conversion;

/// <summary>What sets a family of models apart in the way that it is converted. All of them are decoders with rotary positions and SwiGLU.</summary>
/// <param name="ClassName">As <c>config.json</c> names it under <c>architectures</c>.</param>
/// <param name="Architecture">As llama.cpp names it.</param>
/// <param name="PairsNeighbours">llama.cpp turns neighbouring numbers of a head together, where the source turns those half a head apart: queries and keys are sorted anew.</param>
/// <param name="HasInputBiases">Queries, keys and values have biases, whatever the settings say.</param>
/// <param name="NormalisesHeads">Queries and keys are normalised head by head.</param>
/// <param name="TakesFrequencyFactors">Positions may be stretched by a factor for each frequency.</param>
internal sealed record ModelFamily(string ClassName, string Architecture, bool PairsNeighbours, bool HasInputBiases, bool NormalisesHeads, bool TakesFrequencyFactors)
{
    private static readonly ModelFamily[] All =
    [
        new("LlamaForCausalLM", "llama", PairsNeighbours: true, HasInputBiases: false, NormalisesHeads: false, TakesFrequencyFactors: true),
        new("MistralForCausalLM", "llama", PairsNeighbours: true, HasInputBiases: false, NormalisesHeads: false, TakesFrequencyFactors: true),
        new("Qwen2ForCausalLM", "qwen2", PairsNeighbours: false, HasInputBiases: true, NormalisesHeads: false, TakesFrequencyFactors: false),
        new("Qwen3ForCausalLM", "qwen3", PairsNeighbours: false, HasInputBiases: false, NormalisesHeads: true, TakesFrequencyFactors: false),
    ];

    /// <returns>Null: it is none of those that are converted.</returns>
    public static ModelFamily? Named(string architecture) => Array.Find(All, family => family.Architecture == architecture);

    /// <exception cref="EngineFault">It is none of those that are converted.</exception>
    public static ModelFamily Of(string? className) => Array.Find(All, family => family.ClassName == className)
        ?? throw new EngineFault($"Models of the architecture {className ?? "(config.json names none)"} are not converted. These are: {string.Join(", ", All.Select(f => f.ClassName))}.");
}
