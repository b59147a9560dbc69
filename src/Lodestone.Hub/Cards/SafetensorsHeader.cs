using System.Buffers.Binary;
using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>Parameters of a model by type, from the headers of its safetensors files.</summary>
/// <param name="Parameters">Type (<c>BF16</c>) to number of parameters.</param>
/// <param name="Total">All of them.</param>
internal sealed record SafetensorsFacts(IReadOnlyDictionary<string, long> Parameters, long Total);

/// <summary>Reads a safetensors file's header: eight bytes of length, then JSON that names every tensor's type and shape.</summary>
internal static class SafetensorsHeader
{
    private const long MaxHeader = 32 * 1024 * 1024;
    private const int MaxTypeName = 20;

    /// <summary>Adds the file's parameters; <see langword="false"/> when it is not a safetensors file.</summary>
    public static async Task<bool> AddAsync(Stream file, Dictionary<string, long> parameters, CancellationToken cancel)
    {
        var prefix = new byte[8];
        if (await file.ReadAtLeastAsync(prefix, 8, throwOnEndOfStream: false, cancel) < 8)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length is <= 0 or > MaxHeader)
        {
            return false;
        }

        var header = new byte[length];
        if (await file.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancel) < header.Length)
        {
            return false;
        }

        try
        {
            using var json = JsonDocument.Parse(header);
            var found = Count(json.RootElement);
            foreach (var (type, count) in found)
            {
                parameters[type] = parameters.GetValueOrDefault(type) + count;
            }

            return true;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            return false;
        }
    }

    private static Dictionary<string, long> Count(JsonElement header)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var tensor in header.EnumerateObject().Where(t => t.Name is not "__metadata__"))
        {
            var type = tensor.Value.GetProperty("dtype").GetString() ?? "";
            if (type.Length is 0 or > MaxTypeName || !type.All(c => char.IsAsciiLetterOrDigit(c) || c is '_'))
            {
                throw new FormatException("Not the name of a type");
            }

            var size = tensor.Value.GetProperty("shape").EnumerateArray().Aggregate(1L, (product, dimension) => checked(product * dimension.GetInt64()));
            counts[type] = checked(counts.GetValueOrDefault(type) + size);
        }

        return counts;
    }
}
