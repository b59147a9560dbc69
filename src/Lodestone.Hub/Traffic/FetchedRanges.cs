using System.Globalization;

namespace Lodestone.Hub;

/// <summary>Which bytes of a file a client has fetched, each counted once however often it came.</summary>
/// <param name="Pieces">Of first and last byte, ascending, apart from each other.</param>
internal sealed record FetchedRanges(IReadOnlyList<(long First, long Last)> Pieces)
{
    /// <summary>Clients that fetch in more pieces at once than this do not exist; the smallest are forgotten.</summary>
    private const int MostPieces = 512;

    public static FetchedRanges None { get; } = new([]);

    /// <summary>Bytes.</summary>
    public long Total => Pieces.Sum(p => p.Last - p.First + 1);

    public static FetchedRanges Parse(string text) => new([.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(piece => piece.Split('-'))
        .Select(ends => (long.Parse(ends[0], CultureInfo.InvariantCulture), long.Parse(ends[1], CultureInfo.InvariantCulture)))]);

    /// <param name="length">Bytes; nothing changes when there are none.</param>
    public FetchedRanges With(long start, long length)
    {
        if (length <= 0)
        {
            return this;
        }

        var merged = new List<(long First, long Last)>();
        foreach (var piece in Pieces.Append((First: start, Last: start + length - 1)).OrderBy(p => p.First))
        {
            if (merged is [.., var last] && piece.First <= last.Last + 1)
            {
                merged[^1] = (last.First, Math.Max(last.Last, piece.Last));
            }
            else
            {
                merged.Add(piece);
            }
        }

        return new FetchedRanges(merged.Count <= MostPieces ? merged : [.. merged.OrderByDescending(p => p.Last - p.First).Take(MostPieces).OrderBy(p => p.First)]);
    }

    public override string ToString() => string.Join(',', Pieces.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.First}-{p.Last}")));
}
