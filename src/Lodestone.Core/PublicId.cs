using System.Globalization;

namespace Lodestone.Core;

/// <summary>
/// Ids as the outside sees them. Rows that hub clients name are identified by 24 hex digits there, so their
/// <see cref="Guid"/> carries 96 bits: a version 7 id whose last 32 bits are zero. Others appear with a type prefix.
/// </summary>
public static class PublicId
{
    private const int HubIdBytes = 12;

    /// <summary>A time-ordered id that has a 24-digit form.</summary>
    public static Guid New(TimeProvider clock)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(clock.GetUtcNow()).TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[HubIdBytes..].Clear();
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>24 lower-case hex digits.</summary>
    public static string ToHub(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return Convert.ToHexStringLower(bytes[..HubIdBytes]);
    }

    public static bool TryParseHub(string? text, out Guid id)
    {
        id = default;
        if (text is not { Length: HubIdBytes * 2 } || !Int128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        Convert.FromHexString(text, bytes, out _, out _);
        id = new Guid(bytes, bigEndian: true);
        return true;
    }

    /// <summary>For example <c>evt_0198c0…</c>: the prefix tells what the id is of.</summary>
    public static string Format(string prefix, Guid id) => $"{prefix}_{id:N}";

    public static bool TryParse(string prefix, string? text, out Guid id)
    {
        id = default;
        return text is not null && text.Length == prefix.Length + 33 && text[prefix.Length] == '_'
            && text.StartsWith(prefix, StringComparison.Ordinal) && Guid.TryParseExact(text.AsSpan(prefix.Length + 1), "N", out id);
    }
}
