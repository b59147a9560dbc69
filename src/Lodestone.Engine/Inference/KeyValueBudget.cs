using System.Globalization;
using Lodestone.Engine.Gguf;

namespace Lodestone.Engine.Inference;

/// <summary>How many tokens are kept in memory at once when nobody says.</summary>
internal static class KeyValueBudget
{
    private const long Bytes = 2L << 30;

    /// <summary>As many as all slots could fill, or as two GiB hold, but at least one whole context.</summary>
    public static int Cells(LoadedModel model, int context, int slots)
    {
        var affordable = Bytes / Math.Max(1, BytesPerToken(model.File));
        return (int)Math.Max(context, Math.Min((long)context * slots, affordable));
    }

    /// <summary>Keys and values in half precision, of all layers.</summary>
    public static long BytesPerToken(GgufFile file)
    {
        var layers = Number(file, "block_count") ?? 1;
        var heads = Number(file, "attention.head_count") ?? 1;
        var head = (Number(file, "embedding_length") ?? 1) / Math.Max(1, heads);
        var shared = Number(file, "attention.head_count_kv") ?? heads;
        return layers * shared * ((Number(file, "attention.key_length") ?? head) + (Number(file, "attention.value_length") ?? head)) * sizeof(ushort);
    }

    // A few models have a list with a number per layer: what stands in for it is more rather than less.
    private static long? Number(GgufFile file, string name) =>
        file.Metadata.TryGetValue($"{file.Architecture}.{name}", out var value) && value is IConvertible and not string
            ? Convert.ToInt64(value, CultureInfo.InvariantCulture)
            : null;
}
