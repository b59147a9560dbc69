namespace Lodestone.Tests.Hub;

/// <summary>The next version of a file, of the same length: some of it is overwritten.</summary>
internal static class Drift
{
    /// <param name="share">Of all bytes.</param>
    /// <param name="places">Among which they are, one in each part of the file of that many.</param>
    public static byte[] Of(byte[] content, double share, int places, int seed)
    {
        var (random, next, length) = (new Random(seed), content.ToArray(), (int)(content.Length * share / places));
        for (var place = 0; place < places; place++)
        {
            var part = content.Length / places;
            random.NextBytes(next.AsSpan((place * part) + random.Next(part - length), length));
        }

        return next;
    }
}
