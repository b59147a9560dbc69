using System.Text;

namespace Lodestone.Engine.Inference;

/// <summary>Turns tokens' bytes into text that may be shown: never half a character, never the beginning of a stop sequence.</summary>
internal sealed class TextAssembler(IReadOnlyList<string> stops)
{
    // Keeps the bytes of an unfinished character until the rest arrives; bytes that are no UTF-8 become U+FFFD.
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private string _held = "";

    /// <summary>A stop sequence has been completed; neither it nor anything after it is given out.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Takes one token's bytes and gives what may be shown now.</summary>
    public string Add(ReadOnlySpan<byte> piece)
    {
        Span<char> room = stackalloc char[256];
        var characters = piece.Length < room.Length ? room : new char[piece.Length + 1];
        var text = _held + new string(characters[.._decoder.GetChars(piece, characters, flush: false)]);
        var stop = FirstStop(text);
        IsStopped = stop >= 0;
        var shown = IsStopped ? stop : text.Length - HeldLength(text);
        _held = IsStopped ? "" : text[shown..];
        return text[..shown];
    }

    /// <summary>What was held for a stop sequence that never came. An unfinished character is no text and is dropped.</summary>
    public string Finish()
    {
        var rest = _held;
        _held = "";
        return rest;
    }

    private int FirstStop(string text)
    {
        var first = -1;
        foreach (var stop in stops)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }

        return first;
    }

    /// <summary>The longest end of the text that begins a stop sequence.</summary>
    private int HeldLength(string text)
    {
        var longest = 0;
        foreach (var stop in stops)
        {
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }
}
