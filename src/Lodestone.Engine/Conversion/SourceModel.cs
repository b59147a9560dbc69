using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Engine.Conversion;

/// <summary>A folder with a model as Hugging Face's libraries save it: settings as JSON, weights in one safetensors file or in several with an index.</summary>
internal sealed class SourceModel : IDisposable
{
    private const string Single = "model.safetensors";
    private const string Index = "model.safetensors.index.json";
    private const long MaxText = 64L << 20;

    private readonly string _folder;
    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SourceTensor> _tensors = new(StringComparer.Ordinal);

    private SourceModel(string folder) => _folder = folder;

    public IReadOnlyCollection<string> TensorNames => _tensors.Keys;

    /// <exception cref="EngineFault">Weights are missing, or cut short.</exception>
    public static SourceModel Open(string folder)
    {
        var model = new SourceModel(folder);
        try
        {
            model.OpenWeights();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <returns>Null when there is no such tensor.</returns>
    public SourceTensor? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="EngineFault">It is no JSON object.</exception>
    public JsonObject? Json(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw new EngineFault($"{name} is not a JSON object.");
        }
        catch (JsonException fault)
        {
            throw new EngineFault($"{name} is not JSON: {fault.Message}");
        }
    }

    /// <returns>Null when there is no such file.</returns>
    public string? Text(string name) => Find(name, out var path) ? File.ReadAllText(path) : null;

    /// <returns>Null when there is no such file.</returns>
    public byte[]? Bytes(string name) => Find(name, out var path) ? File.ReadAllBytes(path) : null;

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private bool Find(string name, out string path)
    {
        path = Path.Combine(_folder, name);
        if (!File.Exists(path))
        {
            return false;
        }

        using var file = File.OpenHandle(path); // through a link, which has a length of its own
        return RandomAccess.GetLength(file) is var length && length <= MaxText ? true : throw new EngineFault($"{name} has {length} bytes, which no such file needs.");
    }

    private void OpenWeights()
    {
        if (Json(Index) is { } index)
        {
            OpenShards(index);
            return;
        }

        if (!File.Exists(Path.Combine(_folder, Single)))
        {
            throw new EngineFault($"There are no weights to convert: neither {Single} nor {Index}.");
        }

        Add(Single, _ => true);
    }

    private void OpenShards(JsonObject index)
    {
        if (index["weight_map"] is not JsonObject map || map.Any(entry => entry.Value?.GetValueKind() is not JsonValueKind.String))
        {
            throw new EngineFault($"{Index} has no weight_map, which says where each tensor is.");
        }

        foreach (var shard in map.GroupBy(entry => entry.Value!.GetValue<string>(), entry => entry.Key, StringComparer.Ordinal)) // checked above
        {
            var names = shard.ToHashSet(StringComparer.Ordinal);
            if (shard.Key != Path.GetFileName(shard.Key) || !File.Exists(Path.Combine(_folder, shard.Key)))
            {
                throw new EngineFault($"{Index} names {shard.Key}, which is not in the repository.");
            }

            Add(shard.Key, names.Contains);
            if (names.FirstOrDefault(name => !_tensors.ContainsKey(name)) is { } missing)
            {
                throw new EngineFault($"{Index} says that {shard.Key} has tensor '{missing}', and it has not.");
            }
        }
    }

    private void Add(string name, Func<string, bool> isWanted)
    {
        var file = SafetensorsFile.Open(Path.Combine(_folder, name));
        _files.Add(file);
        foreach (var tensor in file.Tensors.Where(t => isWanted(t.Name)))
        {
            if (!_tensors.TryAdd(tensor.Name, tensor))
            {
                throw new EngineFault($"Tensor '{tensor.Name}' is there twice.");
            }
        }
    }
}
