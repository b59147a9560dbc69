namespace Lodestone.Engine.Gguf;

/// <summary>Where a tensor lies in its file.</summary>
/// <param name="Name">As the architecture names it, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Shape">Elements per dimension, the contiguous one first.</param>
/// <param name="Type">ggml's number for how elements are stored.</param>
/// <param name="Offset">Bytes from the start of the file's data section.</param>
internal sealed record GgufTensor(string Name, IReadOnlyList<long> Shape, uint Type, long Offset)
{
    // (elements per block, bytes per block) by ggml type; absent numbers have been withdrawn from the format.
    private static readonly Dictionary<uint, (int Elements, int Bytes)> Blocks = new()
    {
        [0] = (1, 4), [1] = (1, 2), [2] = (32, 18), [3] = (32, 20), [6] = (32, 22), [7] = (32, 24), [8] = (32, 34), [9] = (32, 36),
        [10] = (256, 84), [11] = (256, 110), [12] = (256, 144), [13] = (256, 176), [14] = (256, 210), [15] = (256, 292),
        [16] = (256, 66), [17] = (256, 74), [18] = (256, 98), [19] = (256, 50), [20] = (32, 18), [21] = (256, 110), [22] = (256, 82),
        [23] = (256, 136), [24] = (1, 1), [25] = (1, 2), [26] = (1, 4), [27] = (1, 8), [28] = (1, 8), [29] = (256, 56), [30] = (1, 2),
        [34] = (256, 54), [35] = (256, 66), [39] = (32, 17), [40] = (64, 36), [41] = (128, 18), [42] = (64, 18),
    };

    /// <summary>Elements and bytes of one block of a type; null where the format has no such type.</summary>
    public static (int Elements, int Bytes)? Block(uint type) => Blocks.TryGetValue(type, out var block) ? block : null;

    /// <summary>Bytes that the tensor takes in the file.</summary>
    /// <exception cref="EngineFault">Its type is unknown or its shape impossible.</exception>
    public Int128 Bytes()
    {
        if (Block(Type) is not { } block)
        {
            throw new EngineFault($"The model file is corrupt or too new: tensor '{Name}' has the unknown type {Type}.");
        }

        if (Shape[0] % block.Elements != 0)
        {
            throw new EngineFault($"The model file is corrupt: tensor '{Name}' has rows of {Shape[0]}, not a multiple of {block.Elements}.");
        }

        var elements = Int128.One;
        foreach (var length in Shape)
        {
            elements *= length;
            if (length <= 0 || elements > long.MaxValue)
            {
                throw new EngineFault($"The model file is corrupt: tensor '{Name}' has an impossible shape.");
            }
        }

        return elements / block.Elements * block.Bytes;
    }
}
