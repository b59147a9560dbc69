using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>What hub clients send, in the words of the tests.</summary>
internal static class HubCalls
{
    public static async Task<JsonNode> CreateRepoAsync(this HttpClient client, string id, bool isPrivate = false, string type = "model", string? sdk = null)
    {
        sdk ??= type is "space" ? "static" : null;
        var (owner, name) = (id.Split('/')[0], id.Split('/')[1]);
        using var answer = await client.PostAsJsonAsync("/api/repos/create", new { name, organization = owner, type, sdk, @private = isPrivate });
        return await answer.OkAsync();
    }

    /// <summary>Commits files to main. A null content deletes the path.</summary>
    /// <returns>The commit's id.</returns>
    public static async Task<string> CommitAsync(this HttpClient client, string id, params (string Path, string? Content)[] files) =>
        await client.CommitAsync(id, [.. files.Select(f => f.Content is null ? Line("deletedEntry", new { path = f.Path }) : FileLine(f.Path, Encoding.UTF8.GetBytes(f.Content)))]);

    public static async Task<string> CommitAsync(this HttpClient client, string id, IReadOnlyList<string> lines)
    {
        using var answer = await client.PostCommitAsync($"/api/models/{id}/commit/main", [Line("header", new { summary = "Change files" }), .. lines]);
        return (await answer.OkAsync())["commitOid"]!.GetValue<string>();
    }

    public static async Task<HttpResponseMessage> PostCommitAsync(this HttpClient client, string url, params string[] lines)
    {
        using var body = new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson");
        return await client.PostAsync(url, body);
    }

    public static string FileLine(string path, byte[] content) => Line("file", new { content = Convert.ToBase64String(content), path, encoding = "base64" });

    public static string Line(string key, object value) => JsonSerializer.Serialize(new { key, value });

    public static async Task<JsonNode> JsonAsync(this HttpClient client, string url)
    {
        using var answer = await client.GetAsync(url);
        return await answer.OkAsync();
    }

    /// <summary>The JSON body of a good answer; the text of a bad one is the failure's message.</summary>
    public static async Task<JsonNode> OkAsync(this HttpResponseMessage answer)
    {
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode}: {body}");
        return JsonNode.Parse(body)!;
    }
}
