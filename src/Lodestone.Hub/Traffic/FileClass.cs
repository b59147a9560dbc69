namespace Lodestone.Hub;

/// <summary>What kind of file is asked for, by its name; part of rule 2 of <c>docs/api/metrics.md</c>.</summary>
internal static class FileClass
{
    public const string Weights = "weights";
    public const string Data = "data";
    public const string Config = "config";
    public const string Other = "other";
    public const string Git = "git";

    private static readonly string[] WeightEndings = [".safetensors", ".gguf", ".ggml", ".bin", ".pt", ".pth", ".ckpt", ".onnx", ".h5", ".msgpack", ".tflite", ".pdparams", ".mlmodel", ".npz"];
    private static readonly string[] DataEndings = [".parquet", ".arrow", ".jsonl", ".csv", ".tsv", ".zst", ".gz", ".zip", ".tar", ".7z", ".jpg", ".jpeg", ".png", ".wav", ".mp3", ".flac", ".mp4"];
    private static readonly string[] ConfigEndings = [".json", ".md", ".txt", ".yaml", ".yml", ".toml", ".gitattributes", ".gitignore", ".jinja", ".model", ".py"];

    public static string Of(string path) => path.Length == 0 ? Git : Ends(path, WeightEndings) ? Weights : Ends(path, DataEndings) ? Data : Ends(path, ConfigEndings) ? Config : Other;

    private static bool Ends(string path, string[] endings) => Array.Exists(endings, e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase));
}
