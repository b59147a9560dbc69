using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>An abbreviated object id: 5 to 40 hexadecimal digits.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ObjectIdPrefix
{
    public const int MinLength = 5;

    private ObjectIdPrefix(ObjectId first, ObjectId last) => (First, Last) = (first, last);

    /// <summary>The smallest id that begins so.</summary>
    public ObjectId First { get; }

    /// <summary>The largest id that begins so.</summary>
    public ObjectId Last { get; }

    public static bool TryParse(ReadOnlySpan<char> hex, out ObjectIdPrefix prefix)
    {
        prefix = default;
        if (hex.Length is < MinLength or > ObjectId.HexLength)
        {
            return false;
        }

        Span<char> digits = stackalloc char[ObjectId.HexLength];
        digits.Fill('0');
        hex.CopyTo(digits);
        var isHex = ObjectId.TryParse(digits, out var first);
        digits[hex.Length..].Fill('f');
        isHex &= ObjectId.TryParse(digits, out var last);
        prefix = new ObjectIdPrefix(first, last);
        return isHex;
    }

    public bool Covers(ObjectId id) => id >= First && id <= Last;
}
