using System.Text;
using System.Text.Unicode;

namespace Lodestone.Hub;

/// <summary>
/// File names as git has them (bytes) and as we have them (text). Names are UTF-8; a byte that is not becomes a lone surrogate
/// U+DC80..U+DCFF, as in Python's surrogateescape, so that every name survives the way there and back.
/// </summary>
internal static class GitName
{
    public static string Decode(ReadOnlySpan<byte> name) => Utf8.IsValid(name) ? Encoding.UTF8.GetString(name) : DecodeEscaping(name);

    public static int MaxByteCount(string name) => name.Length * 3;

    /// <returns>Bytes written.</returns>
    public static int Encode(string name, Span<byte> destination)
    {
        if (Utf8.FromUtf16(name, destination, out _, out var written, replaceInvalidSequences: false) == System.Buffers.OperationStatus.Done)
        {
            return written;
        }

        written = 0;
        foreach (var rune in new EscapedRunes(name))
        {
            written += rune.Escaped is { } raw ? Put(raw, destination[written..]) : rune.Value.EncodeToUtf8(destination[written..]);
        }

        return written;
    }

    public static byte[] Encode(string name)
    {
        var buffer = new byte[MaxByteCount(name)];
        return buffer.AsSpan(0, Encode(name, buffer)).ToArray();
    }

    /// <summary>Git's order of tree entries: by bytes, a folder's name ending in a slash.</summary>
    public static int Compare(string left, bool isLeftFolder, string right, bool isRightFolder)
    {
        var shared = left.AsSpan().CommonPrefixLength(right);
        var a = At(left, isLeftFolder, shared);
        var b = At(right, isRightFolder, shared);

        // UTF-16 and UTF-8 agree on the order below the surrogates.
        return a < '\ud800' && b < '\ud800' ? a.CompareTo(b) : CompareBytes(left, isLeftFolder, right, isRightFolder);
    }

    private static char At(string name, bool isFolder, int index) => index < name.Length ? name[index] : isFolder && index == name.Length ? '/' : '\0';

    private static int CompareBytes(string left, bool isLeftFolder, string right, bool isRightFolder) =>
        Encode(isLeftFolder ? left + "/" : left).AsSpan().SequenceCompareTo(Encode(isRightFolder ? right + "/" : right));

    private static string DecodeEscaping(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder(name.Length);
        while (!name.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(name, out var rune, out var consumed) == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                consumed = 1;
                text.Append((char)(0xdc00 + name[0]));
            }

            name = name[consumed..];
        }

        return text.ToString();
    }

    private static int Put(byte raw, Span<byte> destination)
    {
        destination[0] = raw;
        return 1;
    }

    /// <summary>The runes of a name, lone surrogates that stand for a byte told apart.</summary>
    private ref struct EscapedRunes(ReadOnlySpan<char> rest)
    {
        private ReadOnlySpan<char> _rest = rest;

        public (Rune Value, byte? Escaped) Current { get; private set; }

        public readonly EscapedRunes GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            var status = Rune.DecodeFromUtf16(_rest, out var rune, out var consumed);
            var isEscape = status != System.Buffers.OperationStatus.Done && _rest[0] is >= '\udc80' and <= '\udcff';
            Current = (rune, isEscape ? (byte)(_rest[0] - 0xdc00) : null);
            _rest = _rest[(isEscape ? 1 : consumed)..];
            return true;
        }
    }
}
