namespace Lodestone.Engine.Gguf;

/// <summary>What the head of a GGUF file declares. Reading one proves that everything declared lies within the file.</summary>
/// <param name="Version">Of the format: 2 or 3.</param>
/// <param name="Metadata">Values by key: numbers, booleans and strings as such, lists as <see cref="GgufList"/>.</param>
/// <param name="Tensors">In the file's order.</param>
internal sealed record GgufFile(uint Version, IReadOnlyDictionary<string, object> Metadata, IReadOnlyList<GgufTensor> Tensors)
{
    private const int MaxDimensions = 4;
    private const long MaxTensors = 1 << 20;
    private const long MaxPairs = 1 << 16;

    /// <summary>The model family, such as <c>llama</c>; never empty in a file that was read.</summary>
    public string Architecture => (string)Metadata["general.architecture"];

    /// <summary>Reads and checks the head; the weights themselves are not touched.</summary>
    /// <exception cref="EngineFault">Not a GGUF file, cut short, or corrupt: the message says where.</exception>
    public static GgufFile Read(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
            return Read(new GgufReader(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineFault($"The model file cannot be read: {e.Message}");
        }
    }

    private static GgufFile Read(GgufReader reader)
    {
        var version = ReadVersion(reader);
        var tensorCount = reader.Count("the number of tensors", MaxTensors);
        var pairCount = reader.Count("the number of metadata values", MaxPairs);
        var metadata = ReadMetadata(reader, pairCount);
        var tensors = ReadTensors(reader, tensorCount);
        CheckExtents(reader, tensors, Alignment(metadata));
        if (metadata.GetValueOrDefault("general.architecture") is not string { Length: > 0 })
        {
            throw new EngineFault("The model file is corrupt: it does not name its architecture (general.architecture).");
        }

        return new GgufFile(version, metadata, tensors);
    }

    private static uint ReadVersion(GgufReader reader)
    {
        if (reader.Length < 24 || !reader.Bytes(4, "the magic number").SequenceEqual("GGUF"u8))
        {
            throw new EngineFault("The model file is not a GGUF file: it does not begin with 'GGUF'.");
        }

        var version = reader.UInt32("the version");
        return version is 2 or 3
            ? version
            : throw new EngineFault($"The model file has GGUF version {version}; versions 2 and 3 (little-endian) can be served.");
    }

    private static Dictionary<string, object> ReadMetadata(GgufReader reader, long count)
    {
        var metadata = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0L; i < count; i++)
        {
            var key = reader.Text($"the name of metadata value {i + 1} of {count}");
            if (!metadata.TryAdd(key, reader.Value(key)))
            {
                throw new EngineFault($"The model file is corrupt: metadata '{key}' appears twice.");
            }
        }

        return metadata;
    }

    private static List<GgufTensor> ReadTensors(GgufReader reader, long count)
    {
        var tensors = new List<GgufTensor>();
        for (var i = 0L; i < count; i++)
        {
            var name = reader.Text($"the name of tensor {i + 1} of {count}");
            var dimensions = reader.UInt32($"the dimensions of tensor '{name}'");
            if (dimensions is 0 or > MaxDimensions)
            {
                throw new EngineFault($"The model file is corrupt: tensor '{name}' has {dimensions} dimensions; 1 to {MaxDimensions} are possible.");
            }

            var shape = new long[dimensions];
            for (var d = 0; d < shape.Length; d++)
            {
                shape[d] = reader.Count($"the shape of tensor '{name}'", long.MaxValue);
            }

            var type = reader.UInt32($"the type of tensor '{name}'");
            var offset = reader.Count($"the place of tensor '{name}'", long.MaxValue);
            tensors.Add(new GgufTensor(name, shape, type, offset));
        }

        return tensors;
    }

    private static long Alignment(Dictionary<string, object> metadata) => metadata.GetValueOrDefault("general.alignment") switch
    {
        null => 32,
        uint alignment when uint.IsPow2(alignment) => alignment,
        var other => throw new EngineFault($"The model file is corrupt: general.alignment is {other}, not a power of two."),
    };

    private static void CheckExtents(GgufReader reader, List<GgufTensor> tensors, long alignment)
    {
        var start = (reader.Position + alignment - 1) / alignment * alignment;
        foreach (var tensor in tensors)
        {
            var end = (Int128)start + tensor.Offset + tensor.Bytes();
            if (tensor.Offset % alignment != 0)
            {
                throw new EngineFault($"The model file is corrupt: tensor '{tensor.Name}' is not aligned to {alignment} bytes.");
            }

            if (end > reader.Length)
            {
                throw new EngineFault(
                    $"The model file is cut short: tensor '{tensor.Name}' ends at byte {end}, the file has {reader.Length}. Fetch it again.");
            }
        }
    }
}

/// <summary>A list among the metadata. Only its kind and length are kept: vocabularies have hundreds of thousands of entries.</summary>
/// <param name="ElementKind">The format's number for the elements' type.</param>
/// <param name="Count">Elements.</param>
internal sealed record GgufList(uint ElementKind, long Count);
