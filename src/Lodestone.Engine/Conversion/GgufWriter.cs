using System.Text;

namespace Lodestone.Engine.Conversion;

/// <summary>Writes the head of a GGUF file, version 3: metadata in the order in which it is set, then where each tensor lies.</summary>
internal sealed class GgufWriter
{
    public const int Alignment = 32;

    private const uint Version = 3;

    private readonly OrderedDictionary<string, Action<BinaryWriter>> _metadata = new(StringComparer.Ordinal);

    public void Set(string key, uint value) => Set(key, 4, w => w.Write(value));

    public void Set(string key, float value) => Set(key, 6, w => w.Write(value));

    public void Set(string key, bool value) => Set(key, 7, w => w.Write(value));

    public void Set(string key, string value) => Set(key, 8, w => Write(w, Encoding.UTF8.GetBytes(value)));

    /// <param name="values">UTF-8, or what a vocabulary has in its place.</param>
    public void Set(string key, IReadOnlyList<byte[]> values) => SetList(key, 8, values, Write);

    public void Set(string key, IReadOnlyList<float> values) => SetList(key, 6, values, (w, value) => w.Write(value));

    public void Set(string key, IReadOnlyList<int> values) => SetList(key, 5, values, (w, value) => w.Write(value));

    /// <summary>Begins the file, up to where the first tensor's numbers begin.</summary>
    public void Write(Stream file, IReadOnlyList<PlannedTensor> tensors, ElementType type)
    {
        using var writer = new BinaryWriter(file, Encoding.UTF8, leaveOpen: true);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)_metadata.Count);
        foreach (var (key, value) in _metadata)
        {
            Write(writer, Encoding.UTF8.GetBytes(key));
            value(writer);
        }

        var offset = 0L;
        foreach (var tensor in tensors)
        {
            Write(writer, Encoding.UTF8.GetBytes(tensor.Name));
            writer.Write((uint)tensor.Shape.Count);
            foreach (var length in tensor.Shape)
            {
                writer.Write(length);
            }

            writer.Write((uint)tensor.TypeIn(type));
            writer.Write(offset);
            offset = Aligned(offset + tensor.Bytes(type));
        }

        writer.Flush();
        Pad(file);
    }

    /// <summary>Zeros up to where the next tensor begins.</summary>
    public static void Pad(Stream file) => file.Write(new byte[Aligned(file.Position) - file.Position]);

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private void Set(string key, uint kind, Action<BinaryWriter> write) => _metadata[key] = writer =>
    {
        writer.Write(kind);
        write(writer);
    };

    private void SetList<T>(string key, uint kind, IReadOnlyList<T> values, Action<BinaryWriter, T> write) => Set(key, 9, writer =>
    {
        writer.Write(kind);
        writer.Write((ulong)values.Count);
        foreach (var value in values)
        {
            write(writer, value);
        }
    });

    private static void Write(BinaryWriter writer, byte[] text)
    {
        writer.Write((ulong)text.Length);
        writer.Write(text);
    }
}
