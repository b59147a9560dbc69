using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>A tensor as it was read.</summary>
/// <param name="Digest">SHA-256 of its bytes, in hex.</param>
/// <param name="Sketch">Null where it has none, see <see cref="SignSketch"/>.</param>
internal sealed record ReadTensor(string Name, IReadOnlyList<long> Shape, string Digest, long Bytes, byte[]? Sketch);

/// <summary>The tensors of a safetensors file by the SHA-256 of their bytes and by a sketch of their weights, read once from front to end.</summary>
internal static class TensorHashing
{
    private const long MaxHeader = 32 * 1024 * 1024;
    private const int ReadAtOnce = 1024 * 1024;

    /// <param name="fewest">Bytes; smaller tensors are left out, and those of one byte over and over.</param>
    /// <returns>Nothing where the file is damaged from there on.</returns>
    public static async IAsyncEnumerable<ReadTensor> ReadAsync(Stream file, long fewest, [EnumeratorCancellation] CancellationToken cancel)
    {
        var (at, known) = (0L, new Dictionary<long, SignSketch.Sample[]>());
        foreach (var (start, end, name, type, shape) in await PlacesAsync(file, cancel))
        {
            if (start < at || end - start < fewest || !await SkipAsync(file, start - at, cancel))
            {
                continue;
            }

            var sketch = SignSketch.For(type, shape, end - start, known);
            if (await HashAsync(file, end - start, sketch, cancel) is not { } hashed)
            {
                yield break;
            }

            at = end;
            if (!hashed.IsUniform)
            {
                yield return new ReadTensor(name, shape, hashed.Digest, end - start, sketch?.Finish());
            }
        }
    }

    /// <summary>First byte of each and the one behind its last, from the end of the header on, ascending.</summary>
    private static async Task<List<Place>> PlacesAsync(Stream file, CancellationToken cancel)
    {
        var prefix = new byte[8];
        if (await file.ReadAtLeastAsync(prefix, 8, throwOnEndOfStream: false, cancel) < 8 || BinaryPrimitives.ReadInt64LittleEndian(prefix) is not (> 0 and <= MaxHeader and var length))
        {
            return [];
        }

        var header = new byte[length];
        if (await file.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancel) < header.Length)
        {
            return [];
        }

        try
        {
            using var json = JsonDocument.Parse(header);
            return [.. json.RootElement.EnumerateObject().Where(t => t.Name is not "__metadata__").Select(Place.Of).OrderBy(p => p.Start).ThenBy(p => p.End)];
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or IndexOutOfRangeException)
        {
            return [];
        }
    }

    private static async Task<bool> SkipAsync(Stream file, long count, CancellationToken cancel)
    {
        var buffer = new byte[Math.Min(ReadAtOnce, Math.Max(1, count))];
        while (count > 0)
        {
            var read = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count)), cancel);
            if (read == 0)
            {
                return false;
            }

            count -= read;
        }

        return true;
    }

    private static async Task<(string Digest, bool IsUniform)?> HashAsync(Stream file, long count, SignSketch? sketch, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[(int)Math.Min(ReadAtOnce, count)];
        byte? first = null;
        var isUniform = true;
        while (count > 0)
        {
            var read = (int)Math.Min(buffer.Length, count); // whole weights, as the buffer is
            if (await file.ReadAtLeastAsync(buffer.AsMemory(0, read), read, throwOnEndOfStream: false, cancel) < read)
            {
                return null;
            }

            first ??= buffer[0];
            isUniform = isUniform && !buffer.AsSpan(0, read).ContainsAnyExcept(first.Value);
            hash.AppendData(buffer, 0, read);
            sketch?.Add(buffer.AsSpan(0, read));
            count -= read;
        }

        return (Convert.ToHexStringLower(hash.GetHashAndReset()), isUniform);
    }

    /// <param name="Start">First byte, from the end of the header on.</param>
    /// <param name="End">The byte behind the last.</param>
    private sealed record Place(long Start, long End, string Name, string Type, IReadOnlyList<long> Shape)
    {
        public static Place Of(JsonProperty tensor)
        {
            var offsets = tensor.Value.GetProperty("data_offsets");
            var shape = tensor.Value.TryGetProperty("shape", out var lengths) ? lengths.EnumerateArray().Select(l => l.GetInt64()).ToList() : [];
            var (start, end, type) = (offsets[0].GetInt64(), offsets[1].GetInt64(), tensor.Value.TryGetProperty("dtype", out var name) ? name.GetString() ?? "" : "");
            return new Place(start, end, tensor.Name, type, shape);
        }
    }
}
