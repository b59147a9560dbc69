using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Hub;

/// <summary>What Xet clients send, in the words of the tests.</summary>
internal static class XetCalls
{
    /// <summary>A Xet token for a repository, and the address that it is for.</summary>
    public static async Task<XetDoor> XetAsync(this World world, Person person, string id, string scope = "write", string revision = "main")
    {
        var answer = await world.As(person).JsonAsync($"/api/models/{id}/xet-{scope}-token/{revision}");
        return new XetDoor(world.AsNobody(), answer["casUrl"]!.GetValue<string>(), answer["accessToken"]!.GetValue<string>());
    }

    /// <summary>Sends a file in one xorb, which the repository holds afterwards.</summary>
    public static async Task<MadeXorb> SendAsync(this XetDoor door, byte[] content)
    {
        var xorb = MadeXorb.OfContent(content);
        using var sent = await door.PostXorbAsync(xorb);
        await sent.OkAsync();
        using var taken = await door.PostShardAsync(MadeShard.Of(xorb).Bytes());
        await taken.OkAsync();
        return xorb;
    }

    /// <summary>What the server has written down.</summary>
    public static Task<T> RowsAsync<T>(this World world, Func<HubDb, Task<T>> read) => world.UseAsync<HubDb, T>(read);

    /// <summary>Xorbs, their grants, chunked files, held files, known chunks; and files in the folder of xorbs, of which some are not whole.</summary>
    public static async Task<string> StoredAsync(this World world)
    {
        var rows = await world.RowsAsync(async db => string.Join(
            ' ', await db.Xorbs.CountAsync(), await db.XorbGrants.CountAsync(), await db.ChunkedFiles.CountAsync(), await db.LfsObjects.CountAsync(), await db.KnownChunks.CountAsync()));
        var folder = Path.Combine(world.Server.DataDirectory, "xorbs");
        var incoming = Directory.GetFiles(Path.Combine(folder, "incoming")).Length;
        return $"{rows}; {Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Length - incoming} {incoming}";
    }
}

/// <summary>The calls below <c>/xet/</c>, with one token.</summary>
internal sealed class XetDoor(HttpClient client, string place, string token)
{
    public string Place => place;

    public string Token => token;

    public XetDoor With(string other) => new(client, place, other);

    public Task<HttpResponseMessage> PostXorbAsync(MadeXorb xorb, string path = "/v1/xorbs/default") => PostXorbAsync(xorb.Hash, xorb.Records, path);

    public Task<HttpResponseMessage> PostXorbAsync(XetHash hash, byte[] records, string path = "/v1/xorbs/default") => SendAsync(HttpMethod.Post, $"{path}/{hash}", records);

    public Task<HttpResponseMessage> HeadXorbAsync(XetHash hash) => SendAsync(HttpMethod.Head, $"/v1/xorbs/default/{hash}");

    public Task<HttpResponseMessage> PostShardAsync(byte[] shard, string path = "/v1/shards") => SendAsync(HttpMethod.Post, path, shard);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body = null)
    {
        using var message = new HttpRequestMessage(method, place + path) { Content = body is null ? null : new ByteArrayContent(body) };
        message.Headers.ExpectContinue = body is { Length: > 64 * 1024 * 1024 }; // else who sends it learns only that nobody reads on
        message.Headers.UserAgent.ParseAdd("hf_xet/1.1");
        message.Headers.Authorization = token.Length == 0 ? null : new AuthenticationHeaderValue("Bearer", token);
        return await client.SendAsync(message);
    }

    public static async Task<string> ErrorAsync(HttpResponseMessage answer) =>
        $"{(int)answer.StatusCode} {JsonNode.Parse(await answer.Content.ReadAsStringAsync())?["error"]?.GetValue<string>()}";
}
