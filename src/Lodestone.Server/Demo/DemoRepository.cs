using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;

namespace Lodestone.Server;

/// <summary>Publishes one folder as a model: create, preupload, Git LFS upload, commit, as a hub client does.</summary>
internal sealed class DemoRepository(HttpClient client, string id, string folder)
{
    private static readonly string[] Basic = ["basic"];
    private static readonly MediaTypeHeaderValue LfsType = new("application/vnd.git-lfs+json");

    /// <summary><c>owner/name</c>.</summary>
    public string Id => id;

    /// <returns>The repository's id.</returns>
    public async Task<Guid> PublishAsync(CancellationToken cancel)
    {
        var parts = id.Split('/');
        var repository = await FindAsync(cancel)
            ?? await SendAsync(HttpMethod.Post, "/api/repos/create", JsonContent.Create(new { type = "model", organization = parts[0], name = parts[1], visibility = "private" }), cancel);
        var lines = new List<string> { JsonSerializer.Serialize(new { key = "header", value = new { summary = "Publish weights, tokenizer and card" } }) };
        foreach (var file in new DirectoryInfo(folder).GetFiles())
        {
            lines.Add(await IsLargeAsync(file, cancel) ? await UploadAsync(file, cancel) : await InlineAsync(file, cancel));
        }

        var commit = new StringContent(string.Join('\n', lines));
        commit.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        await SendAsync(HttpMethod.Post, $"/api/models/{id}/commit/main", commit, cancel);
        await SendAsync(HttpMethod.Put, $"/api/models/{id}/settings", JsonContent.Create(new { @private = false }), cancel); // visible only when whole
        return PublicId.TryParseHub((string?)(repository["_id"] ?? repository["id"]), out var repoId) ? repoId : throw new InvalidOperationException("The repository has no id.");
    }

    // An earlier start may have been interrupted after it had made the repository.
    private async Task<JsonNode?> FindAsync(CancellationToken cancel)
    {
        using var answer = await client.GetAsync($"/api/models/{id}", cancel);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancel)) : null;
    }

    private async Task<bool> IsLargeAsync(FileInfo file, CancellationToken cancel)
    {
        var sample = new byte[Math.Min(512, file.Length)];
        await using (var content = file.OpenRead())
        {
            await content.ReadExactlyAsync(sample, cancel);
        }

        var answer = await SendAsync(
            HttpMethod.Post, $"/api/models/{id}/preupload/main", JsonContent.Create(new { files = new[] { new { path = file.Name, size = file.Length, sample = Convert.ToBase64String(sample) } } }), cancel);
        return (string?)answer["files"]?[0]?["uploadMode"] == "lfs";
    }

    private async Task<string> UploadAsync(FileInfo file, CancellationToken cancel)
    {
        string oid;
        await using (var content = file.OpenRead())
        {
            oid = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel));
        }

        var request = JsonContent.Create(new { operation = "upload", transfers = Basic, objects = new[] { new { oid, size = file.Length } } }, LfsType);
        var batch = await SendAsync(HttpMethod.Post, $"/{id}.git/info/lfs/objects/batch", request, cancel);
        if ((string?)batch["objects"]?[0]?["actions"]?["upload"]?["href"] is { } href)
        {
            await using var content = file.OpenRead();
            using var upload = await client.PutAsync(href, new StreamContent(content), cancel);
            upload.EnsureSuccessStatusCode();
        }

        return JsonSerializer.Serialize(new { key = "lfsFile", value = new { path = file.Name, algo = "sha256", oid, size = file.Length } });
    }

    private static async Task<string> InlineAsync(FileInfo file, CancellationToken cancel)
    {
        var content = Convert.ToBase64String(await File.ReadAllBytesAsync(file.FullName, cancel)); // under 10 MiB, or preupload had said lfs
        return JsonSerializer.Serialize(new { key = "file", value = new { path = file.Name, content, encoding = "base64" } });
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, HttpContent body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        using var answer = await client.SendAsync(request, cancel);
        var text = await answer.Content.ReadAsStringAsync(cancel);
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text.Length == 0 ? "{}" : text)! // a hub answers objects
            : throw new HttpRequestException($"{method} {path} answered {(int)answer.StatusCode}: {text}");
    }
}
