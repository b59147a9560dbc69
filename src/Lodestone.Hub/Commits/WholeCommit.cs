using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Lodestone.Hub;

/// <summary>
/// A commit as clients of long ago sent it: one JSON object with <c>files</c>, <c>lfsFiles</c> and <c>deletedEntries</c>. It is held
/// in memory whole, so it has the limit of other JSON bodies; what is larger is sent as lines.
/// </summary>
internal static class WholeCommit
{
    private static readonly (string Member, string Key)[] Lists =
    [
        ("deletedEntries", "deletedEntry"), ("deletedFiles", "deletedFile"), ("deletedFolders", "deletedFolder"), ("files", "file"), ("lfsFiles", "lfsFile"),
    ];

    /// <exception cref="Refusal">As for lines.</exception>
    public static async Task<NewCommit> ReadAsync(HttpRequest request, CommitReader reader, CancellationToken cancel)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = HubModule.MaxBody;
        }

        try
        {
            var whole = await JsonNode.ParseAsync(request.Body, cancellationToken: cancel) as JsonObject ?? throw new JsonException();
            return reader.Read([.. LinesOf(whole).Select(line => JsonSerializer.SerializeToUtf8Bytes(line, HubJson.Default.JsonObject))]);
        }
        catch (Exception failure) when (failure is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new Refusal(RefusalCode.Invalid, "The commit is not a JSON object with \"summary\", \"files\", \"lfsFiles\" and \"deletedEntries\". Better send it as lines (application/x-ndjson).");
        }
    }

    private static IEnumerable<JsonObject> LinesOf(JsonObject whole)
    {
        var header = new JsonObject(whole.Where(m => m.Value is JsonValue).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone())));
        yield return new JsonObject { ["key"] = "header", ["value"] = header };
        foreach (var (member, key) in Lists)
        {
            foreach (var value in whole[member] is { } list ? list.AsArray() : [])
            {
                yield return new JsonObject { ["key"] = key, ["value"] = value is JsonObject item ? item.DeepClone() : throw new JsonException() };
            }
        }
    }
}
