using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Engine.Conversion;

/// <summary>A tensor of a safetensors file.</summary>
/// <param name="Type">As the file names it, such as <c>BF16</c>.</param>
/// <param name="Shape">The contiguous dimension last.</param>
/// <param name="Start">Byte of the file at which it begins.</param>
internal sealed record SourceTensor(string Name, string Type, IReadOnlyList<long> Shape, SafetensorsFile File, long Start, long Length)
{
    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    /// <exception cref="EngineFault">It is of a type that is not converted.</exception>
    public ElementType ElementType => ElementTypes.Parse(Type)
        ?? throw new EngineFault($"Tensor '{Name}' is of type {Type}. Weights in F32, F16 and BF16 are converted; quantised and 8-bit ones are not: convert the model that they were made from.");
}

/// <summary>A safetensors file whose head was read and checked: eight bytes of length, JSON that names every tensor, then the numbers.</summary>
internal sealed class SafetensorsFile : IDisposable
{
    private const long MaxHeader = 100L * 1000 * 1000; // as the format's own reader has it
    private const int MaxDimensions = 8;

    private readonly SafeFileHandle _file;
    private readonly string _name;

    private SafetensorsFile(SafeFileHandle file, string name)
    {
        _file = file;
        _name = name;
    }

    public IReadOnlyList<SourceTensor> Tensors { get; private set; } = [];

    /// <exception cref="EngineFault">It is no such file, or cut short.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = new SafetensorsFile(File.OpenHandle(path, options: FileOptions.SequentialScan), Path.GetFileName(path));
        try
        {
            file.ReadHead();
            return file;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            file.Dispose();
            throw file.Corrupt("its head is not what the format says");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <param name="offset">From the file's beginning.</param>
    /// <param name="bytes">Filled to its end.</param>
    public void Read(long offset, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var count = RandomAccess.Read(_file, bytes, offset);
            if (count == 0)
            {
                throw Corrupt("it became shorter while it was read");
            }

            offset += count;
            bytes = bytes[count..];
        }
    }

    public void Dispose() => _file.Dispose();

    private void ReadHead()
    {
        var size = RandomAccess.GetLength(_file);
        Span<byte> prefix = stackalloc byte[8];
        if (size < 8)
        {
            throw Corrupt("it is shorter than its head");
        }

        Read(0, prefix);
        var length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length is <= 0 or > MaxHeader || length > size - 8)
        {
            throw Corrupt("its head is longer than the file, or there is none");
        }

        var head = new byte[length];
        Read(8, head);
        using var json = JsonDocument.Parse(head);
        Tensors = [.. json.RootElement.EnumerateObject().Where(t => t.Name is not "__metadata__").Select(t => ReadTensor(t, 8 + length, size))];
    }

    private SourceTensor ReadTensor(JsonProperty tensor, long data, long size)
    {
        var shape = tensor.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToList();
        var offsets = tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(o => o.GetInt64()).ToList();
        if (shape.Count > MaxDimensions || shape.Exists(d => d < 0) || offsets is not [>= 0, _] || offsets[1] < offsets[0] || offsets[1] > size - data)
        {
            throw Corrupt($"tensor '{tensor.Name}' lies outside of it. Fetch it again");
        }

        var made = new SourceTensor(tensor.Name, tensor.Value.GetProperty("dtype").GetString() ?? "", shape, this, data + offsets[0], offsets[1] - offsets[0]);
        var elements = shape.Aggregate(1L, (product, dimension) => checked(product * dimension));
        return ElementTypes.Parse(made.Type) is { } type && elements * type.Bytes() != made.Length ? throw Corrupt($"tensor '{tensor.Name}' has another length than its shape") : made;
    }

    private EngineFault Corrupt(string how) => new($"{_name} is no whole safetensors file: {how}.");
}
