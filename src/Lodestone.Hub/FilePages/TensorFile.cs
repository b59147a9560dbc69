using System.Buffers.Binary;
using System.Text.Json;

namespace Lodestone.Hub;

/// <param name="Type">As the format names it: <c>BF16</c>, <c>Q8_0</c>.</param>
/// <param name="Shape">In the format's order.</param>
internal sealed record TensorShape(string Name, string Type, IReadOnlyList<long> Shape)
{
    public long Count => Shape.Aggregate(1L, (product, length) => checked(product * length));
}

/// <summary>What the header of a file of tensors says; no tensor is read.</summary>
/// <param name="Metadata">As text, in the file's order.</param>
/// <param name="Total">Parameters.</param>
internal sealed record TensorFile(IReadOnlyList<KeyValuePair<string, string>> Metadata, IReadOnlyList<TensorShape> Tensors, long Total)
{
    private const long MaxHeader = 32 * 1024 * 1024;

    /// <returns>Null when the header is damaged or beyond all measure.</returns>
    public static async Task<TensorFile?> ReadAsync(RepoContent content, RepoTree tree, RepoEntry file, CancellationToken cancel)
    {
        await using var stream = await content.OpenAsync(tree, file, 0, cancel);
        return file.Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? GgufHeader.List(stream) : await ReadSafetensorsAsync(stream, cancel);
    }

    private static async Task<TensorFile?> ReadSafetensorsAsync(Stream file, CancellationToken cancel)
    {
        var prefix = new byte[8];
        if (await file.ReadAtLeastAsync(prefix, 8, throwOnEndOfStream: false, cancel) < 8
            || BinaryPrimitives.ReadInt64LittleEndian(prefix) is not (> 0 and <= MaxHeader and var length))
        {
            return null;
        }

        var header = new byte[length];
        if (await file.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancel) < header.Length)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(header);
            return Read(json.RootElement);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            return null;
        }
    }

    private static TensorFile Read(JsonElement header)
    {
        var metadata = header.TryGetProperty("__metadata__", out var given)
            ? given.EnumerateObject().Select(m => KeyValuePair.Create(m.Name, m.Value.ToString())).ToList()
            : [];
        var tensors = header.EnumerateObject().Where(t => t.Name is not "__metadata__").Select(t => new TensorShape(
            t.Name, t.Value.GetProperty("dtype").GetString() ?? "", [.. t.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())])).ToList();
        return new TensorFile(metadata, tensors, tensors.Sum(t => t.Count));
    }
}
