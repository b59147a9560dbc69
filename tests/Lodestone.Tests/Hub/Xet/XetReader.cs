using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

/// <summary>Makes a file from a reconstruction of either form, as clients do: fetches what the entries say, without a token, and unpacks it.</summary>
internal sealed class XetReader(HttpClient client)
{
    // By link: its chunks from the first one on.
    private readonly Dictionary<string, List<byte[]>> _fetched = [];

    /// <returns>Whole chunks, without the bytes that come before the range.</returns>
    public async Task<byte[]> RebuildAsync(JsonNode answer)
    {
        var content = new List<byte>();
        foreach (var term in answer["terms"]!.AsArray())
        {
            var (first, end) = (Number(term!["range"]!["start"]), Number(term["range"]!["end"]));
            var entry = Entries(answer, term["hash"]!.GetValue<string>()).Single(e => e.First <= first && end <= e.End);
            var chunks = await FetchAsync(entry);
            byte[] bytes = [.. chunks.Skip(first - entry.First).Take(end - first).SelectMany(c => c)];
            Assert.Equal(Number(term["unpacked_length"]), bytes.Length);
            content.AddRange(bytes);
        }

        return [.. content.Skip(Number(answer["offset_into_first_range"]))];
    }

    private static IEnumerable<Entry> Entries(JsonNode answer, string xorb) => answer["xorbs"] is { } xorbs
        ? xorbs[xorb]!.AsArray().SelectMany(e => e!["ranges"]!.AsArray().Select(r => Read(e["url"]!, r!["chunks"]!, r["bytes"]!)))
        : answer["fetch_info"]![xorb]!.AsArray().Select(e => Read(e!["url"]!, e["range"]!, e["url_range"]!));

    private static Entry Read(JsonNode url, JsonNode chunks, JsonNode bytes) =>
        new(url.GetValue<string>(), Number(chunks["start"]), Number(chunks["end"]), Number(bytes["start"]), Number(bytes["end"]));

    private static int Number(JsonNode? node) => node!.GetValue<int>();

    private async Task<List<byte[]>> FetchAsync(Entry entry)
    {
        if (_fetched.TryGetValue(entry.Url, out var known))
        {
            return known;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, entry.Url) { Headers = { Range = new RangeHeaderValue(entry.FirstByte, entry.LastByte) } };
        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        var chunks = Unpack(await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal(entry.End - entry.First, chunks.Count);
        return _fetched[entry.Url] = chunks;
    }

    private static List<byte[]> Unpack(byte[] records)
    {
        var chunks = new List<byte[]>();
        for (var at = 0; at < records.Length;)
        {
            var record = ChunkRecord.Read(records.AsSpan(at));
            var chunk = new byte[record.Length];
            ChunkCodec.Decode(record.Compression, records.AsSpan(at + ChunkRecord.HeaderSize, record.PayloadLength), chunk);
            chunks.Add(chunk);
            at += record.RecordLength;
        }

        return chunks;
    }

    private sealed record Entry(string Url, int First, int End, long FirstByte, long LastByte);
}
