using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class LargeFilesTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7))];
    private static readonly string Digest = Convert.ToHexStringLower(SHA256.HashData(Content));

    [Fact]
    public async Task A_large_file_goes_up_by_a_signed_link_and_comes_back_by_resolve_raw_and_a_link()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        await UploadAsync(world, "alice/compass");
        await alice.CommitAsync("alice/compass", [HubCalls.Line("lfsFile", new { path = "weights folder/w.dat", algo = "sha256", oid = Digest, size = Content.Length })]);

        var nobody = world.AsNobody();
        using var whole = await nobody.GetAsync("/alice/compass/resolve/main/weights%20folder/w.dat");
        Assert.Equal(Content, await whole.Content.ReadAsByteArrayAsync());
        Assert.Equal($"\"{Digest}\"", whole.Headers.ETag!.Tag);
        Assert.Equal("100000", whole.Headers.GetValues("X-Linked-Size").Single());
        var raw = await nobody.GetStringAsync("/alice/compass/raw/main/weights%20folder/w.dat");
        Assert.Equal($"version https://git-lfs.github.com/spec/v1\noid sha256:{Digest}\nsize 100000\n", raw);
        var tree = await nobody.JsonAsync("/api/models/alice/compass/tree/main/weights%20folder");
        Assert.Equal($$"""{"oid":"{{Digest}}","size":100000,"pointerSize":{{raw.Length}}}""", tree[0]!["lfs"]!.ToJsonString());
        var download = await LfsCalls.ObjectAsync(nobody, "alice/compass", "download", Digest, Content.Length);
        using var part = new HttpRequestMessage(HttpMethod.Get, download["actions"]!["download"]!["href"]!.GetValue<string>());
        part.Headers.Range = new RangeHeaderValue(99_990, null);
        using var answer = await nobody.SendAsync(part);
        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        Assert.Equal(Content[99_990..], await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_path_without_a_pattern_gets_a_line_in_gitattributes()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await UploadAsync(world, "alice/compass");

        await alice.CommitAsync("alice/compass", [HubCalls.Line("lfsFile", new { path = "a b/w[1].dat", algo = "sha256", oid = Digest, size = Content.Length })]);
        await alice.CommitAsync("alice/compass", [HubCalls.Line("lfsFile", new { path = "w.bin", algo = "sha256", oid = Digest })]);

        var attributes = await alice.GetStringAsync("/alice/compass/raw/main/.gitattributes");
        Assert.EndsWith("*tfevents* filter=lfs diff=lfs merge=lfs -text\na[[:space:]]b/w\\[1\\].dat filter=lfs diff=lfs merge=lfs -text\n", attributes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_another_repository_holds_is_not_held_here()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        await alice.CreateRepoAsync("alice/other");
        await UploadAsync(world, "alice/secret");

        var answer = await LfsCalls.ObjectAsync(alice, "alice/other", "upload", Digest, Content.Length);
        using var commit = await alice.PostCommitAsync(
            "/api/models/alice/other/commit/main",
            HubCalls.Line("header", new { summary = "Take it" }),
            HubCalls.Line("lfsFile", new { path = "w.bin", algo = "sha256", oid = Digest, size = Content.Length }));

        Assert.NotNull(answer["actions"]!["upload"]);
        Assert.Equal(HttpStatusCode.BadRequest, commit.StatusCode);
        Assert.Equal(404, (await LfsCalls.ObjectAsync(alice, "alice/other", "download", Digest, Content.Length))["error"]!["code"]!.GetValue<int>());
    }

    [Fact]
    public async Task Bytes_that_are_not_what_was_announced_are_refused_and_forgotten()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var href = (await LfsCalls.ObjectAsync(alice, "alice/compass", "upload", Digest, Content.Length))["actions"]!["upload"]!["href"]!.GetValue<string>();
        var nobody = world.AsNobody();

        using var wrong = await LfsCalls.PutAsync(nobody, href, [.. Content.Reverse()]);
        using var tooLong = await LfsCalls.PutAsync(nobody, href, [.. Content, 1]);
        using var tooShort = await LfsCalls.PutAsync(nobody, href, Content[..^1]);
        using var forged = await LfsCalls.PutAsync(nobody, href.Replace("size=100000", "size=100001", StringComparison.Ordinal), [.. Content, 1]);
        world.Server.Clock.Advance(TimeSpan.FromHours(13));
        using var late = await LfsCalls.PutAsync(nobody, href, Content);

        Assert.Equal([422, 422, 422, 403, 403], new[] { wrong, tooLong, tooShort, forged, late }.Select(a => (int)a.StatusCode));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(world.Server.DataDirectory, "blobs"), "*", SearchOption.AllDirectories));
        Assert.NotNull((await LfsCalls.ObjectAsync(alice, "alice/compass", "upload", Digest, Content.Length))["actions"]!["upload"]);
    }

    [Fact]
    public async Task A_full_disk_refuses_the_upload_and_shows_nothing()
    {
        await using var world = await World.CreateAsync(services => services.AddSingleton<IBlobStore, FullDisk>());
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var href = (await LfsCalls.ObjectAsync(alice, "alice/compass", "upload", Digest, Content.Length))["actions"]!["upload"]!["href"]!.GetValue<string>();

        using var put = await LfsCalls.PutAsync(world.AsNobody(), href, Content);

        Assert.Equal(HttpStatusCode.InsufficientStorage, put.StatusCode);
        Assert.Contains("disk is full", await put.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotNull((await LfsCalls.ObjectAsync(alice, "alice/compass", "upload", Digest, Content.Length))["actions"]!["upload"]);
    }

    /// <summary>What the file system does when there is no room.</summary>
    private sealed class FullDisk : IBlobStore
    {
        private const int NoSpaceLeft = 28;

        public Task<Blob> WriteAsync(PipeReader content, Sha256Digest? expected, long? expectedSize, CancellationToken cancel) =>
            throw new IOException("No space left on device", NoSpaceLeft);

        public Task<long?> FindAsync(Sha256Digest digest, CancellationToken cancel) => Task.FromResult<long?>(null);

        public Task<Stream> OpenAsync(Sha256Digest digest, CancellationToken cancel) => throw new FileNotFoundException();

        public Task<string> LocalPathAsync(Sha256Digest digest, CancellationToken cancel) => throw new FileNotFoundException();

        public IEnumerable<Blob> List() => [];

        public Task<bool> DiscardAsync(Sha256Digest digest, DateTimeOffset unusedSince, CancellationToken cancel) => Task.FromResult(false);
    }

    private static async Task UploadAsync(World world, string id)
    {
        var alice = world.As(world.Alice);
        var actions = (await LfsCalls.ObjectAsync(alice, id, "upload", Digest, Content.Length))["actions"]!;
        using var put = await LfsCalls.PutAsync(world.AsNobody(), actions["upload"]!["href"]!.GetValue<string>(), Content);
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        using var verified = await alice.PostAsJsonAsync(actions["verify"]!["href"]!.GetValue<string>(), new { oid = Digest, size = Content.Length });
        Assert.Equal(HttpStatusCode.OK, verified.StatusCode);
        Assert.Null((await LfsCalls.ObjectAsync(alice, id, "upload", Digest, Content.Length))["actions"]);
    }
}
