using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using XorbRanges = System.Collections.Generic.IReadOnlyDictionary<Lodestone.Hub.XetHash, System.Collections.Generic.IReadOnlyList<Lodestone.Hub.XorbRange>>;

namespace Lodestone.Hub;

/// <summary>Links to what a reconstruction needs of each xorb. One range an entry: for several, clients would ask for a multipart answer.</summary>
internal sealed class XorbLinks(LinkKeys keys, TimeProvider clock)
{
    public Task<IReadOnlyDictionary<string, IReadOnlyList<XorbFetch>>> ForAsync(XorbRanges ranges, HttpRequest request, CancellationToken cancel) =>
        EachAsync(ranges, (range, url) => new XorbFetch(url, [new XorbFetchRange(Chunks(range), Bytes(range))]), request, cancel);

    public Task<IReadOnlyDictionary<string, IReadOnlyList<OldXorbFetch>>> ForOldAsync(XorbRanges ranges, HttpRequest request, CancellationToken cancel) =>
        EachAsync(ranges, (range, url) => new OldXorbFetch(Chunks(range), url, Bytes(range)), request, cancel);

    private async Task<IReadOnlyDictionary<string, IReadOnlyList<T>>> EachAsync<T>(XorbRanges ranges, Func<XorbRange, string, T> make, HttpRequest request, CancellationToken cancel)
    {
        var (place, secret, expiresAt) = (request.BaseAddress() + Xet.Place, await keys.CurrentAsync(cancel), clock.GetUtcNow() + XorbLink.Lifetime);
        return ranges.ToDictionary(
            r => r.Key.ToString(),
            r => (IReadOnlyList<T>)[.. r.Value.Select(range => make(range, new XorbLink(r.Key, range.FirstByte, range.LastByte, expiresAt).ToUrl(place, secret)))],
            StringComparer.Ordinal);
    }

    private static Bounds Chunks(XorbRange range) => new(range.FirstChunk, range.EndChunk);

    private static Bounds Bytes(XorbRange range) => new(range.FirstByte, range.LastByte);
}
