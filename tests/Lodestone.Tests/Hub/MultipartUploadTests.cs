using System.Net;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class MultipartUploadTests
{
    private const int PartSize = 1000;

    private static readonly byte[] Content = LfsCalls.Bytes(4500);
    private static readonly string Digest = LfsCalls.Digest(Content);

    [Fact]
    public async Task Parts_sent_in_any_order_and_completed_without_a_token_are_one_file()
    {
        await using var world = await StartAsync();
        var (alice, nobody) = (world.As(world.Alice), world.AsNobody());
        var answer = await LfsCalls.UploadInPartsAsync(alice, "alice/compass", Content);
        var header = answer["actions"]!["upload"]!["header"]!.AsObject();

        var etags = await Task.WhenAll(new[] { 5, 3, 1, 2, 4 }.Select(async number => (number, await LfsCalls.PutPartAsync(nobody, answer, Content, number))));
        using var completed = await LfsCalls.CompleteAsync(nobody, answer, etags.OrderBy(e => e.number).Select(e => e.Item2));
        using var again = await LfsCalls.CompleteAsync(nobody, answer, etags.OrderBy(e => e.number).Select(e => e.Item2));

        Assert.Equal(["chunk_size", "00001", "00002", "00003", "00004", "00005"], header.Select(h => h.Key));
        Assert.Equal("1000", header["chunk_size"]!.GetValue<string>());
        Assert.Equal(5, etags.Select(e => e.Item2).Distinct().Count());
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], new[] { completed.StatusCode, again.StatusCode });
        Assert.Null((await LfsCalls.UploadInPartsAsync(alice, "alice/compass", Content))["actions"]);
        await alice.CommitAsync("alice/compass", [LfsCalls.FileLine("w.bin", Content)]);
        Assert.Equal(Content, await nobody.GetByteArrayAsync("/alice/compass/resolve/main/w.bin"));
        Assert.Empty(Incoming(world));
    }

    [Theory]
    [InlineData(2000, null)]
    [InlineData(2001, 3)]
    [InlineData(3000, 3)]
    [InlineData(3001, 4)]
    public async Task A_file_above_the_threshold_has_as_many_parts_as_it_fills(int size, int? parts)
    {
        await using var world = await StartAsync();

        var answer = await LfsCalls.UploadInPartsAsync(world.As(world.Alice), "alice/compass", LfsCalls.Bytes(size));

        Assert.Equal(parts, (answer["actions"]!["upload"]!["header"] as JsonObject)?.Count(h => h.Key != "chunk_size"));
    }

    [Fact]
    public async Task Who_comes_back_after_the_server_was_started_anew_sends_only_what_is_missing()
    {
        await using var world = await StartAsync();
        var alice = world.As(world.Alice);
        var before = await LfsCalls.UploadInPartsAsync(alice, "alice/compass", Content);
        var etags = new List<string>();
        foreach (var number in (int[])[1, 2, 4])
        {
            etags.Add(await LfsCalls.PutPartAsync(alice, before, Content, number));
        }

        world.Server.Services.GetRequiredService<PartialBlobs>().Dispose(); // as a new process begins: it knows nothing of the upload
        var after = await LfsCalls.UploadInPartsAsync(alice, "alice/compass", Content);
        var held = await Task.WhenAll(new[] { 1, 2, 4 }.Select(number => LfsCalls.PutPartAsync(alice, after, new byte[4500], number)));
        using var tooEarly = await LfsCalls.CompleteAsync(alice, after, Etags());
        await LfsCalls.PutPartAsync(alice, after, Content, 3);
        await LfsCalls.PutPartAsync(alice, after, Content, 5);
        using var completed = await LfsCalls.CompleteAsync(alice, after, Etags());

        Assert.Equal(etags, held); // what was sent a second time was not even read
        Assert.Equal(422, (int)tooEarly.StatusCode);
        Assert.Contains("2 of 5 parts are not here", await tooEarly.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, completed.StatusCode);
        Assert.Null((await LfsCalls.UploadInPartsAsync(alice, "alice/compass", Content))["actions"]);
    }

    [Fact]
    public async Task What_has_another_digest_is_refused_and_forgotten()
    {
        await using var world = await StartAsync();
        var alice = world.As(world.Alice);
        var answer = await LfsCalls.UploadInPartsAsync(alice, "alice/compass", Content);
        byte[] wrong = [.. Content[..^1], (byte)~Content[^1]];
        for (var number = 1; number <= 5; number++)
        {
            await LfsCalls.PutPartAsync(alice, answer, wrong, number);
        }

        using var refused = await LfsCalls.CompleteAsync(alice, answer, Etags());
        using var nothingThere = await LfsCalls.CompleteAsync(alice, answer, Etags());

        Assert.Equal([422, 409], new[] { (int)refused.StatusCode, (int)nothingThere.StatusCode });
        Assert.Empty(Incoming(world));
        Assert.NotNull((await LfsCalls.UploadInPartsAsync(alice, "alice/compass", Content))["actions"]);
    }

    [Fact]
    public async Task A_part_of_another_length_or_number_is_refused()
    {
        await using var world = await StartAsync();
        var alice = world.As(world.Alice);
        var answer = await LfsCalls.UploadInPartsAsync(alice, "alice/compass", Content);
        var href = answer["actions"]!["upload"]!["header"]!["00005"]!.GetValue<string>();

        using var tooLong = await LfsCalls.PutAsync(alice, href, new byte[501]);
        using var tooShort = await LfsCalls.PutAsync(alice, href, new byte[499]);
        using var sixth = await LfsCalls.PutAsync(alice, href.Replace("/5?", "/6?", StringComparison.Ordinal), new byte[1]);
        using var larger = await LfsCalls.PutAsync(alice, href.Replace("partSize=1000", "partSize=4500", StringComparison.Ordinal), new byte[1]);
        using var whole = await LfsCalls.PutAsync(alice, href.Replace("/5?", "?", StringComparison.Ordinal), Content);

        Assert.Equal([422, 422, 404, 403, 403], new[] { tooLong, tooShort, sixth, larger, whole }.Select(a => (int)a.StatusCode));
    }

    [Theory]
    [InlineData("""{"oid":"OID","parts":[]}""")]
    [InlineData("""{"oid":"OID"}""")]
    [InlineData("""{"oid":"OTHER","parts":[]}""")]
    [InlineData("""{"oid":"OID","parts":[{"partNumber":1,"etag":""},{"partNumber":2},null]}""")]
    public async Task A_completion_has_to_name_every_part_as_it_was_answered(string body)
    {
        await using var world = await StartAsync();
        var answer = await LfsCalls.UploadInPartsAsync(world.As(world.Alice), "alice/compass", Content);

        using var content = new StringContent(body.Replace("OID", Digest, StringComparison.Ordinal), null, "application/vnd.git-lfs+json");
        using var refused = await world.AsNobody().PostAsync(answer["actions"]!["upload"]!["href"]!.GetValue<string>(), content);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Two_repositories_never_share_an_upload()
    {
        await using var world = await StartAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/other");
        var here = await LfsCalls.UploadInPartsAsync(alice, "alice/compass", Content);
        var there = await LfsCalls.UploadInPartsAsync(alice, "alice/other", Content);

        for (var number = 1; number <= 5; number++)
        {
            await LfsCalls.PutPartAsync(alice, here, Content, number);
        }

        using var other = await LfsCalls.CompleteAsync(alice, there, Etags());
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
    }

    private static Task<World> StartAsync() => StartAsync(new HubOptions { MultipartThreshold = 2000, PartSize = PartSize });

    private static async Task<World> StartAsync(HubOptions options)
    {
        var world = await World.CreateAsync(services => services.AddSingleton(options));
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        return world;
    }

    private static IEnumerable<string> Etags() => Enumerable.Range(1, 5).Select(number => $"\"{Digest[..32]}-{number}\"");

    private static IEnumerable<string> Incoming(World world) =>
        Directory.EnumerateFiles(Path.Combine(world.Server.DataDirectory, "blobs/incoming"), "*", SearchOption.AllDirectories);
}
