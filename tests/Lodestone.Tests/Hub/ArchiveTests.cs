using System.Net;
using System.Text;
using Lodestone.Tests.Hub.Pages;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub;

public sealed class ArchiveTests
{
    private const string Bytes = """{"operation":"upload","objects":[{"oid":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0}]""";

    // Every way to change something, each of which works before.
    private static readonly (string Method, string Path, string? Body)[] Changes =
    [
        ("POST", "/api/models/alice/atlas/commit/main", """{"key":"header","value":{"summary":"x"}}"""),
        ("POST", "/api/models/alice/atlas/commit/main?create_pr=1", """{"key":"header","value":{"summary":"x"}}"""),
        ("POST", "/api/models/alice/atlas/preupload/main", """{"files":[]}"""),
        ("POST", "/api/models/alice/atlas/branch/new", "{}"),
        ("DELETE", "/api/models/alice/atlas/branch/old", null),
        ("POST", "/api/models/alice/atlas/tag/main", """{"tag":"new"}"""),
        ("DELETE", "/api/models/alice/atlas/tag/old", null),
        ("POST", "/api/models/alice/atlas/super-squash/main", """{"message":"x"}"""),
        ("POST", "/api/models/alice/atlas/like", "{}"),
        ("POST", "/api/models/alice/atlas/lfs-files/batch", """{"deletions":{"sha":[]}}"""),
        ("DELETE", "/api/models/alice/atlas/lfs-files/0", null),
        ("POST", "/api/models/alice/source/lfs-files/duplicate", """{"target":{"type":"model","name":"alice/atlas"},"files":[]}"""),
        ("GET", "/api/models/alice/atlas/xet-write-token/main", null),
        ("GET", "/api/models/alice/atlas/auth-check/write", null),
        ("GET", "/alice/atlas.git/info/refs?service=git-receive-pack", null),
        ("POST", "/alice/atlas.git/git-receive-pack", "0000"),
        ("POST", "/alice/atlas.git/info/lfs/objects/batch", Bytes + "}"),
        ("POST", "/alice/atlas.git/info/lfs/objects/batch", Bytes + ""","ref":{"name":"refs/heads/main"}}"""),
        ("POST", "/alice/atlas.git/info/lfs/locks/verify", "{}"),
    ];

    [Fact]
    public async Task What_is_archived_is_read_as_before_and_changed_by_nobody()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        foreach (var id in (string[])["alice/atlas", "alice/source"])
        {
            await alice.CreateRepoAsync(id);
            await alice.CommitAsync(id, ("a.txt", "a"));
        }

        await SendAsync(alice, "POST", "/api/models/alice/atlas/branch/old", "{}");
        await SendAsync(alice, "POST", "/api/models/alice/atlas/tag/main", """{"tag":"old"}""");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(alice, "PUT", "/api/models/alice/atlas/archive", null)).Status);

        foreach (var (method, path, body) in Changes)
        {
            var (status, said) = await SendAsync(alice, method, path, body);
            Assert.True(status is HttpStatusCode.Forbidden && said.Contains("is archived", StringComparison.Ordinal), $"{method} {path}: {status} {said}");
        }

        Assert.Equal("a", await alice.GetStringAsync("/alice/atlas/resolve/main/a.txt"));
        Assert.True((await alice.JsonAsync("/api/models/alice/atlas"))["archived"]!.GetValue<bool>());
        Assert.Contains("alice archived this model", (await world.AsNobody().PageAsync("/alice/atlas")).TextOf(".flash"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(alice, "DELETE", "/api/models/alice/atlas/archive", null)).Status);
        await alice.CommitAsync("alice/atlas", ("a.txt", "b"));
        Assert.Null((await alice.JsonAsync("/api/models/alice/atlas"))["archived"]);
    }

    [Fact]
    public async Task Settings_archive_a_repository_and_take_it_out_again()
    {
        await using var world = await World.CreateAsync();
        await world.Server.JoinAsync("dora", "correct horse battery");
        using var dora = await world.Server.SignedInAsync("dora", "correct horse battery");
        await dora.SendAsync(await dora.OpenAsync("/new"), "new", ("name", "atlas"));

        await dora.SendAsync(await dora.OpenAsync("/dora/atlas/settings"), "archive", ("archived", "true"));
        var archived = await dora.OpenAsync("/dora/atlas/settings");
        var edit = await dora.OpenAsync("/dora/atlas/tree/main");
        await dora.SendAsync(archived, "archive", ("archived", "false"));

        Assert.Contains("Take it out of the archive", archived.Html, StringComparison.Ordinal);
        Assert.Empty(edit.Document.QuerySelectorAll("a[href*='/upload/']"));
        Assert.Empty((await dora.OpenAsync("/dora/atlas")).Document.QuerySelectorAll(".flash .alert__title"));
    }

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpClient client, string method, string path, string? body)
    {
        var type = path.Contains("/commit/", StringComparison.Ordinal) ? "application/x-ndjson" : "application/json";
        using var message = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, type) };
        using var answer = await client.SendAsync(message);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
