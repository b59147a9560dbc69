using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>The tensors of a safetensors file by the SHA-256 of their bytes, read once from front to end.</summary>
internal static class TensorHashing
{
    private const long MaxHeader = 32 * 1024 * 1024;
    private const int ReadAtOnce = 1024 * 1024;

    /// <param name="fewest">Bytes; smaller tensors are left out, and those of one byte over and over.</param>
    /// <returns>Nothing where the file is damaged from there on.</returns>
    public static async IAsyncEnumerable<(string Digest, long Bytes)> ReadAsync(Stream file, long fewest, [EnumeratorCancellation] CancellationToken cancel)
    {
        var at = 0L;
        foreach (var (start, end) in await PlacesAsync(file, cancel))
        {
            if (start < at || end - start < fewest || !await SkipAsync(file, start - at, cancel))
            {
                continue;
            }

            if (await HashAsync(file, end - start, cancel) is not { } hashed)
            {
                yield break;
            }

            at = end;
            if (!hashed.IsUniform)
            {
                yield return (hashed.Digest, end - start);
            }
        }
    }

    /// <summary>First byte of each and the one behind its last, from the end of the header on, ascending.</summary>
    private static async Task<List<(long Start, long End)>> PlacesAsync(Stream file, CancellationToken cancel)
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
            return [.. json.RootElement.EnumerateObject().Where(t => t.Name is not "__metadata__").Select(t => t.Value.GetProperty("data_offsets"))
                .Select(o => (o[0].GetInt64(), o[1].GetInt64())).Order()];
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

    private static async Task<(string Digest, bool IsUniform)?> HashAsync(Stream file, long count, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[(int)Math.Min(ReadAtOnce, count)];
        byte? first = null;
        var isUniform = true;
        while (count > 0)
        {
            var read = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count)), cancel);
            if (read == 0)
            {
                return null;
            }

            first ??= buffer[0];
            isUniform = isUniform && !buffer.AsSpan(0, read).ContainsAnyExcept(first.Value);
            hash.AppendData(buffer, 0, read);
            count -= read;
        }

        return (Convert.ToHexStringLower(hash.GetHashAndReset()), isUniform);
    }
}
