namespace Lodestone.Hub;

/// <summary>What the names of a model's files say: formats, and the library that wrote them.</summary>
internal static class ModelFormats
{
    private static readonly (string Tag, Func<string, bool> Shows)[] Formats =
    [
        ("safetensors", p => p.EndsWith(".safetensors", StringComparison.Ordinal)),
        ("gguf", p => p.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)),
        ("onnx", p => p.EndsWith(".onnx", StringComparison.Ordinal)),
        ("pytorch", p => NameOf(p).StartsWith("pytorch_model", StringComparison.Ordinal) || p.EndsWith(".pt", StringComparison.Ordinal) || p.EndsWith(".pth", StringComparison.Ordinal)),
        ("tf", p => NameOf(p) is "tf_model.h5"),
        ("jax", p => NameOf(p) is "flax_model.msgpack"),
        ("tensorboard", p => NameOf(p).Contains("tfevents", StringComparison.Ordinal)),
    ];

    private static readonly (string Library, string File)[] Libraries =
    [
        ("diffusers", "model_index.json"),
        ("peft", "adapter_config.json"),
        ("sentence-transformers", "config_sentence_transformers.json"),
        ("spacy", "meta.json"),
    ];

    public static bool Matters(string path) =>
        Array.Exists(Formats, f => f.Shows(path)) || Array.Exists(Libraries, l => l.File == path) || path.EndsWith(".safetensors.index.json", StringComparison.Ordinal);

    public static IEnumerable<string> Tags(IReadOnlyCollection<string> paths) => Formats.Where(f => paths.Any(f.Shows)).Select(f => f.Tag);

    public static string? Library(IReadOnlyCollection<string> paths, bool hasModelType)
    {
        if (Array.Find(Libraries, l => paths.Contains(l.File, StringComparer.Ordinal)) is { Library: { } library })
        {
            return library;
        }

        var formats = Tags(paths).ToList();
        if (hasModelType && (formats.Contains("safetensors", StringComparer.Ordinal) || formats.Contains("pytorch", StringComparer.Ordinal)))
        {
            return "transformers";
        }

        return formats.Contains("gguf", StringComparer.Ordinal) ? "gguf" : null;
    }

    private static ReadOnlySpan<char> NameOf(string path) => Path.GetFileName(path.AsSpan());
}
