using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>How a client makes a file, or a part of it, from chunks.</summary>
/// <param name="Skipped">Bytes of the first term that are before the part.</param>
/// <param name="Terms">Those that have some of the part; the first and the last without chunks that have none of it.</param>
/// <param name="Ranges">What the terms need of each xorb, ascending; no two ranges of a xorb overlap or touch.</param>
internal sealed record Reconstruction(long Skipped, IReadOnlyList<FileTerm> Terms, IReadOnlyDictionary<XetHash, IReadOnlyList<XorbRange>> Ranges)
{
    public static Reconstruction Of(FileTerms file, ByteRange part, XorbStore xorbs)
    {
        var terms = new List<FileTerm>();
        var skipped = 0L;
        for (var (at, end) = (part.Start, part.Start + part.Length); at < end;)
        {
            var number = file.Find(at);
            var (start, term) = (file.Start(number), file[number]);
            var table = xorbs.RequireTable(term.Xorb);
            var unpacked = table.UnpackedStart(term.FirstChunk);
            var first = table.Find(unpacked + (int)(at - start));
            var last = table.Find(unpacked + (int)(Math.Min(end, file.End(number)) - 1 - start));
            if (terms.Count == 0)
            {
                skipped = at - start - (table.UnpackedStart(first) - unpacked);
            }

            terms.Add(new FileTerm(term.Xorb, first, last + 1, table.UnpackedStart(last + 1) - table.UnpackedStart(first)));
            at = file.End(number);
        }

        return new Reconstruction(skipped, terms, RangesOf(terms, xorbs));
    }

    /// <summary>What terms of one or several files need.</summary>
    public static IReadOnlyDictionary<XetHash, IReadOnlyList<XorbRange>> RangesOf(IEnumerable<FileTerm> terms, XorbStore xorbs)
    {
        var ranges = new Dictionary<XetHash, IReadOnlyList<XorbRange>>();
        foreach (var ofXorb in terms.GroupBy(t => t.Xorb))
        {
            var table = xorbs.RequireTable(ofXorb.Key);
            ranges.Add(ofXorb.Key, [.. Merge(ofXorb).Select(r => new XorbRange(r.First, r.End, table.RecordStart(r.First), table.RecordStart(r.End) - 1))]);
        }

        return ranges;
    }

    private static List<(int First, int End)> Merge(IEnumerable<FileTerm> terms)
    {
        var merged = new List<(int First, int End)>();
        foreach (var term in terms.OrderBy(t => t.FirstChunk))
        {
            if (merged.Count > 0 && term.FirstChunk <= merged[^1].End)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].End, term.EndChunk));
            }
            else
            {
                merged.Add((term.FirstChunk, term.EndChunk));
            }
        }

        return merged;
    }
}

/// <param name="FirstChunk">From 0.</param>
/// <param name="EndChunk">Exclusive.</param>
/// <param name="FirstByte">Of the first chunk's record.</param>
/// <param name="LastByte">Of the last chunk's record, inclusive.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct XorbRange(int FirstChunk, int EndChunk, long FirstByte, long LastByte);
