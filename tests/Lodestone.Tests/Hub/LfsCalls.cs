using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>What Git LFS clients send, in the words of the tests.</summary>
internal static class LfsCalls
{
    private static readonly string[] Basic = ["basic"];

    public static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>The same bytes for the same seed; two seeds never give the same.</summary>
    public static byte[] Bytes(int count, int seed = 1)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static Task<HttpResponseMessage> PostBatchAsync(this HttpClient client, string id, object batch) =>
        client.PostAsync($"/{id}.git/info/lfs/objects/batch", Lfs(batch));

    /// <summary>The answer to a batch of one object, by the name that the JavaScript client has for the hash.</summary>
    public static async Task<JsonNode> ObjectAsync(HttpClient client, string id, string operation, string oid, long size, params string[] transfers)
    {
        using var answer = await client.PostBatchAsync(
            id, new { operation, transfers = transfers is [] ? Basic : transfers, objects = new[] { new { oid, size } }, hash_algo = "sha_256" });
        var json = await answer.OkAsync();
        Assert.Equal("application/vnd.git-lfs+json", answer.Content.Headers.ContentType!.MediaType);
        return json["objects"]![0]!;
    }

    public static Task<JsonNode> UploadInPartsAsync(HttpClient client, string id, byte[] content) =>
        ObjectAsync(client, id, "upload", Digest(content), content.Length, "basic", "multipart");

    public static async Task<HttpResponseMessage> PutAsync(HttpClient client, string href, byte[] content)
    {
        using var body = new ByteArrayContent(content);
        return await client.PutAsync(href, body);
    }

    /// <summary>Sends one of a batch answer's parts.</summary>
    /// <returns>Its ETag.</returns>
    public static async Task<string> PutPartAsync(HttpClient client, JsonNode answer, byte[] content, int number)
    {
        var header = answer["actions"]!["upload"]!["header"]!;
        var size = int.Parse(header["chunk_size"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
        var from = (number - 1) * size;
        using var put = await PutAsync(client, header[$"{number:D5}"]!.GetValue<string>(), content[from..Math.Min(from + size, content.Length)]);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        return put.Headers.ETag!.Tag;
    }

    public static Task<HttpResponseMessage> CompleteAsync(HttpClient client, JsonNode answer, IEnumerable<string> etags) =>
        client.PostAsync(
            answer["actions"]!["upload"]!["href"]!.GetValue<string>(),
            Lfs(new { oid = answer["oid"]!.GetValue<string>(), parts = etags.Select((etag, i) => new { partNumber = i + 1, etag }) }));

    /// <summary>A whole upload by the basic transfer, after which the repository holds the object.</summary>
    /// <returns>Its SHA-256.</returns>
    public static async Task<string> HoldAsync(this HttpClient client, string id, byte[] content)
    {
        var answer = await ObjectAsync(client, id, "upload", Digest(content), content.Length);
        if (answer["actions"] is { } actions)
        {
            using var put = await PutAsync(client, actions["upload"]!["href"]!.GetValue<string>(), content);
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        }

        return Digest(content);
    }

    public static string FileLine(string path, byte[] content) => HubCalls.Line("lfsFile", new { path, algo = "sha256", oid = Digest(content), size = content.Length });

    private static JsonContent Lfs(object value) => JsonContent.Create(value, new MediaTypeHeaderValue("application/vnd.git-lfs+json"));
}
