using System.Text.Json.Nodes;

namespace Lodestone.Hub;

/// <summary>What a repository says of the adapter that it has instead of a model.</summary>
/// <param name="Path">The file with the changes: GGUF, or PEFT's safetensors.</param>
/// <param name="Sha256">64 lower-case hex digits.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Base">The model that is changed, as <c>owner/name</c>; null when neither card nor settings say it so.</param>
/// <param name="Config">PEFT's settings as JSON; null for a GGUF file.</param>
internal sealed record AdapterFacts(string Path, string Sha256, long Size, string? Base, string? Config)
{
    public const string ConfigFile = "adapter_config.json";

    private const string Weights = "adapter_model.safetensors";
    private const int LongestConfig = 64 * 1024;

    /// <param name="gguf">A GGUF file that says it is an adapter, if there is one.</param>
    /// <returns>Null when there is no adapter.</returns>
    public static AdapterFacts? Of(RepoTree tree, JsonObject? card, JsonObject? config, RepoEntry? gguf)
    {
        var name = card.Texts("base_model").Concat(config.Texts("base_model_name_or_path")).FirstOrDefault(b => b.Split('/') is [{ Length: > 0 }, { Length: > 0 }]);
        if (gguf is { Large: { } whole })
        {
            return new AdapterFacts(gguf.Path, whole.Digest.Hex, gguf.Size, name, Config: null);
        }

        return config?.ToJsonString() is { Length: < LongestConfig } settings && tree.Find(Weights) is { Large: { } large } entry
            ? new AdapterFacts(entry.Path, large.Digest.Hex, entry.Size, name, settings)
            : null;
    }
}
