using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Lodestone.Tests.Hub;

/// <summary>Bytes on their way out, alike for files in git and for large ones, and by every route.</summary>
public sealed class DeliveryTests : IAsyncLifetime
{
    private static readonly byte[] Small = LfsCalls.Bytes(1000);
    private static readonly byte[] Large = LfsCalls.Bytes(3_000_000, seed: 2);

    private World _world = null!; // set before any test runs
    private string _link = "";

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        var alice = _world.As(_world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.HoldAsync("alice/compass", Large);
        await alice.CommitAsync("alice/compass", [HubCalls.FileLine("small", Small), HubCalls.FileLine("empty", []), LfsCalls.FileLine("large", Large)]);
        _link = (await LfsCalls.ObjectAsync(alice, "alice/compass", "download", LfsCalls.Digest(Large), Large.Length))["actions"]!["download"]!["href"]!.GetValue<string>();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=10-19", 10, 10)]
    [InlineData("bytes=990-", 990, -990)]
    [InlineData("bytes=-7", -7, 7)]
    [InlineData("bytes=-9999999", 0, 0)]
    [InlineData("bytes=5-9999999", 5, -5)]
    [InlineData("BYTES=1-2", 1, 2)]
    public async Task A_range_is_that_part_of_the_file(string range, int start, int length)
    {
        foreach (var (url, content) in Places())
        {
            var from = start < 0 ? content.Length + start : start;
            var expected = content.AsSpan(from, length <= 0 ? content.Length + length : length).ToArray();

            using var answer = await GetAsync(url, ("Range", range));

            Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
            Assert.Equal($"bytes {from}-{from + expected.Length - 1}/{content.Length}", answer.Content.Headers.ContentRange!.ToString());
            Assert.Equal(expected.Length, answer.Content.Headers.ContentLength);
            Assert.Equal(expected, await answer.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [InlineData("bytes=9999999-")]
    [InlineData("bytes=3000000-3000001")]
    [InlineData("bytes=-0")]
    public async Task A_range_that_no_file_here_has_is_416_with_the_size(string range)
    {
        foreach (var (url, content) in Places())
        {
            using var answer = await GetAsync(url, ("Range", range));

            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, answer.StatusCode);
            Assert.Equal($"bytes */{content.Length}", answer.Content.Headers.ContentRange!.ToString());
            Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=0-1,5-6")]
    [InlineData("lines=0-1")]
    public async Task What_is_no_single_range_is_passed_over(string range)
    {
        foreach (var (url, content) in Places())
        {
            using var answer = await GetAsync(url, ("Range", range));

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(content, await answer.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task An_empty_file_is_200_also_by_its_first_byte()
    {
        using var answer = await GetAsync("/alice/compass/resolve/main/empty", ("Range", "bytes=0-0"));

        Assert.Equal((HttpStatusCode.OK, 0L), (answer.StatusCode, answer.Content.Headers.ContentLength));
    }

    [Fact]
    public async Task What_the_client_has_is_304_and_a_part_of_something_else_is_sent_whole()
    {
        foreach (var (url, content) in Places())
        {
            using var first = await GetAsync(url);
            var etag = first.Headers.ETag!.Tag;
            using var same = await GetAsync(url, ("If-None-Match", $"\"other\", W/{etag}"));
            using var any = await GetAsync(url, ("If-None-Match", "*"));
            using var other = await GetAsync(url, ("If-None-Match", "\"other\""));
            using var goesOn = await GetAsync(url, ("Range", "bytes=5-"), ("If-Range", etag));
            using var changed = await GetAsync(url, ("Range", "bytes=5-"), ("If-Range", "\"other\""));

            Assert.Equal([304, 304, 200, 206, 200], new[] { same, any, other, goesOn, changed }.Select(a => (int)a.StatusCode));
            Assert.Equal(etag, same.Headers.ETag!.Tag);
            Assert.Equal(content[5..], await goesOn.Content.ReadAsByteArrayAsync());
            Assert.Equal(content, await changed.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task A_head_is_the_get_without_its_body()
    {
        foreach (var (url, content) in Places())
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, url);
            using var answer = await _world.AsNobody().SendAsync(request);

            Assert.Equal((HttpStatusCode.OK, (long)content.Length, "bytes"), (answer.StatusCode, answer.Content.Headers.ContentLength, answer.Headers.AcceptRanges.Single()));
            Assert.NotEmpty(answer.Headers.ETag!.Tag);
        }
    }

    [Fact]
    public async Task A_connection_goes_on_in_order_behind_a_large_file_also_when_all_was_asked_at_once()
    {
        var head = $"Host: {_world.Server.Url.Authority}\r\n";
        using var socket = new TcpClient();
        await socket.ConnectAsync(_world.Server.Url.Host, _world.Server.Url.Port);
        var stream = socket.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /alice/compass/resolve/main/large HTTP/1.1\r\n{head}\r\nGET /alice/compass/resolve/main/small HTTP/1.1\r\n{head}Range: bytes=0-9\r\n\r\n"
            + $"GET /alice/compass/resolve/main/large HTTP/1.1\r\n{head}Range: bytes=-100\r\nConnection: close\r\n\r\n"));
        var answers = new MemoryStream();
        await stream.CopyToAsync(answers);

        var all = answers.ToArray().AsSpan();
        Assert.Equal(Large, Body(ref all, Large.Length).ToArray());
        Assert.Equal(Small[..10], Body(ref all, 10).ToArray());
        Assert.Equal(Large[^100..], Body(ref all, 100).ToArray());
        Assert.True(all.IsEmpty);
    }

    [Fact]
    public async Task A_client_that_reads_slowly_gets_every_byte()
    {
        using var socket = new TcpClient { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(_world.Server.Url.Host, _world.Server.Url.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {new Uri(_link).PathAndQuery} HTTP/1.1\r\nHost: {_world.Server.Url.Authority}\r\nConnection: close\r\n\r\n"));

        var (read, buffer) = (new MemoryStream(), new byte[1000]);
        for (int count; (count = await stream.ReadAsync(buffer)) > 0;)
        {
            read.Write(buffer, 0, count);
        }

        var all = read.ToArray().AsSpan();
        Assert.Equal(Large, Body(ref all, Large.Length).ToArray());
    }

    private IEnumerable<(string Url, byte[] Content)> Places() =>
        [("/alice/compass/resolve/main/small", Small), ("/alice/compass/resolve/main/large", Large), (_link, Large), ("/alice/compass/raw/main/small", Small)];

    private async Task<HttpResponseMessage> GetAsync(string url, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await _world.AsNobody().SendAsync(request);
    }

    private static Span<byte> Body(ref Span<byte> answers, int length)
    {
        var start = answers.IndexOf("\r\n\r\n"u8) + 4;
        var body = answers.Slice(start, length);
        answers = answers[(start + length)..];
        return body;
    }
}
