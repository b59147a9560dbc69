namespace Lodestone.Engine.Conversion;

/// <summary>Carries tensors from file to file piece by piece: of a model of any size some megabytes are in memory.</summary>
internal sealed class TensorCopy(Stream target, ElementType wanted, Action<long> wrote)
{
    private const int Piece = 4 << 20;

    private readonly byte[] _read = new byte[Piece];
    private readonly byte[] _converted = new byte[Piece * 2];

    /// <exception cref="EngineFault">A number is too large for the type.</exception>
    public void Write(PlannedTensor tensor)
    {
        if (tensor.Source is not { } source)
        {
            target.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([.. tensor.Values!])); // computed, for it has no source
            wrote(tensor.Bytes(wanted));
        }
        else if (tensor.SortedHeads > 0)
        {
            WriteSorted(tensor, source);
        }
        else
        {
            WriteRange(source, source.Start, source.Length, tensor.TypeIn(wanted));
        }

        GgufWriter.Pad(target);
    }

    /// <summary>
    /// Row 2i of a head comes from row i, row 2i + 1 from row i + half a head: so are neighbours what was half a head apart. A vector
    /// has rows of one number.
    /// </summary>
    private void WriteSorted(PlannedTensor tensor, SourceTensor source)
    {
        var rows = source.Shape[0];
        var (row, head) = (source.Length / rows, rows / tensor.SortedHeads);
        for (var i = 0L; i < rows; i++)
        {
            var within = i % head;
            var from = i - within + (within / 2) + (within % 2 * (head / 2));
            WriteRange(source, source.Start + (from * row), row, tensor.TypeIn(wanted));
        }
    }

    private void WriteRange(SourceTensor source, long start, long length, ElementType type)
    {
        var from = source.ElementType;
        while (length > 0)
        {
            var piece = _read.AsSpan(0, (int)Math.Min(length, Piece));
            source.File.Read(start, piece);
            var converted = _converted.AsSpan(0, piece.Length / from.Bytes() * type.Bytes());
            try
            {
                ElementTypes.Convert(piece, from, converted, type);
            }
            catch (EngineFault fault)
            {
                throw new EngineFault($"Tensor '{source.Name}': {fault.Message}");
            }

            target.Write(converted);
            wrote(converted.Length);
            (start, length) = (start + piece.Length, length - piece.Length);
        }
    }
}
