using System.Globalization;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Git's lines with their length in front, in four hex digits that count themselves (gitprotocol-common).</summary>
internal static class PktLine
{
    public const int MaxPayload = 65_516;

    private const int HeaderSize = 4;

    public static ReadOnlySpan<byte> Flush => "0000"u8;

    public static ReadOnlySpan<byte> Delimiter => "0001"u8;

    public static byte[] Of(ReadOnlySpan<byte> payload) =>
        [.. Encoding.ASCII.GetBytes((payload.Length + HeaderSize).ToString("x4", CultureInfo.InvariantCulture)), .. payload];

    public static byte[] Of(string text) => Of(GitName.Encode(text));

    /// <summary>The next line's payload; null for a flush, empty for a delimiter.</summary>
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static async Task<byte[]?> ReadAsync(Stream input, CancellationToken cancel)
    {
        try
        {
            var header = new byte[HeaderSize];
            await input.ReadExactlyAsync(header, cancel);
            if (!int.TryParse(header, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length) || length is < 0 or 2 or 3 or > MaxPayload + HeaderSize)
            {
                throw new Refusal(RefusalCode.Invalid, "The request is not in git's protocol: a line begins with its length in four hex digits.");
            }

            var payload = new byte[Math.Max(0, length - HeaderSize)];
            await input.ReadExactlyAsync(payload, cancel);
            return length == 0 ? null : payload;
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw new Refusal(RefusalCode.Invalid, "The request ends early.");
        }
    }
}
