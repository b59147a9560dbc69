using System.Text;

namespace Lodestone.Hub;

/// <summary>A text with the changes of two others, which both came from one.</summary>
/// <param name="Conflicts">Places that both changed, and not alike; there the content has both between marks.</param>
internal sealed record MergedText(byte[] Content, int Conflicts)
{
    public const string OursMark = "<<<<<<<";
    public const string TheirsMark = ">>>>>>>";
    private const string BetweenMark = "=======";

    /// <summary>Changes merge where at least one unchanged line is between them, as git has it.</summary>
    /// <param name="oursChanges">What of the base became what in ours, in order.</param>
    /// <param name="oursName">Stands behind the mark.</param>
    public static MergedText Merge(
        byte[] @base, byte[] ours, byte[] theirs, IReadOnlyList<LineChange> oursChanges, IReadOnlyList<LineChange> theirsChanges, string oursName = "", string theirsName = "")
    {
        var (old, a, b) = (new Lines(@base), new Side(ours, oursChanges), new Side(theirs, theirsChanges));
        var (merged, conflicts, at) = (new MemoryStream(Math.Max(ours.Length, theirs.Length)), 0, 0);
        while (Math.Min(a.NextStart, b.NextStart) is var start and < int.MaxValue)
        {
            merged.Write(old.Between(at, start));
            at = Extend(a, b, start);
            var (mine, other) = (a.Take(start, at), b.Take(start, at));
            if (!mine.IsChanged || !other.IsChanged || mine.Text.Span.SequenceEqual(other.Text.Span))
            {
                merged.Write((mine.IsChanged ? mine : other).Text.Span);
                continue;
            }

            conflicts++;
            WriteBoth(merged, mine.Text.Span, other.Text.Span, oursName, theirsName);
        }

        merged.Write(old.Between(at, old.Count));
        return new MergedText(merged.ToArray(), conflicts);
    }

    /// <summary>Where the changes that begin here end, with all of either side that touch them.</summary>
    private static int Extend(Side a, Side b, int start)
    {
        var end = start;
        for (var isGrowing = true; isGrowing;)
        {
            isGrowing = a.Grow(ref end) | b.Grow(ref end);
        }

        return end;
    }

    private static void WriteBoth(MemoryStream merged, ReadOnlySpan<byte> ours, ReadOnlySpan<byte> theirs, string oursName, string theirsName)
    {
        WriteLine(merged, $"{OursMark} {oursName}".TrimEnd());
        WriteEnded(merged, ours);
        WriteLine(merged, BetweenMark);
        WriteEnded(merged, theirs);
        WriteLine(merged, $"{TheirsMark} {theirsName}".TrimEnd());
    }

    private static void WriteLine(MemoryStream merged, string line) => merged.Write(Encoding.UTF8.GetBytes(line + "\n"));

    private static void WriteEnded(MemoryStream merged, ReadOnlySpan<byte> text)
    {
        merged.Write(text);
        if (!text.IsEmpty && text[^1] != '\n')
        {
            merged.WriteByte((byte)'\n');
        }
    }

    /// <summary>A text by its lines, each with its end.</summary>
    private sealed class Lines
    {
        private readonly byte[] _text;
        private readonly List<int> _starts = [0];

        public Lines(byte[] text)
        {
            _text = text;
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] == '\n' || i == text.Length - 1)
                {
                    _starts.Add(i + 1);
                }
            }
        }

        public int Count => _starts.Count - 1;

        public ReadOnlySpan<byte> Between(int start, int end) => Part(start, end).Span;

        public ReadOnlyMemory<byte> Part(int start, int end) => _text.AsMemory(_starts[start].._starts[end]);
    }

    /// <summary>One of the two texts, and how far its changes have been taken.</summary>
    private sealed class Side(byte[] text, IReadOnlyList<LineChange> changes)
    {
        private readonly Lines _lines = new(text);
        private int _first; // of the changes that are being taken
        private int _next;
        private int _moved; // how many lines more than the base it has, up to where the changes were taken

        public int NextStart => _next < changes.Count ? changes[_next].OldStart : int.MaxValue;

        /// <summary>Takes in the next change when it touches.</summary>
        public bool Grow(ref int end)
        {
            if (NextStart > end)
            {
                return false;
            }

            end = Math.Max(end, changes[_next++].OldEnd);
            return true;
        }

        /// <summary>What stands for these lines of the base.</summary>
        public (bool IsChanged, ReadOnlyMemory<byte> Text) Take(int start, int end)
        {
            var (isChanged, from) = (_next > _first, start + _moved);
            for (; _first < _next; _first++)
            {
                _moved += changes[_first].NewCount - changes[_first].OldCount;
            }

            return (isChanged, _lines.Part(from, end + _moved));
        }
    }
}
