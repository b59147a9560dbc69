using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;

namespace Lodestone.Tests.Hub;

/// <summary>The same request for one range after another, on one connection: answered where it comes in, and no differently.</summary>
public sealed class RangeRepeatTests : IAsyncLifetime
{
    private static readonly byte[] Old = LfsCalls.Bytes(300_000);
    private static readonly byte[] New = LfsCalls.Bytes(200_000, seed: 2);

    private readonly TcpClient _socket = new();
    private World _world = null!; // set before any test runs
    private string _link = "";

    private HttpClient Alice => _world.As(_world.Alice);

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await Alice.CreateRepoAsync("alice/compass");
        await HoldAndCommitAsync(Old);
        _link = new Uri((await LfsCalls.ObjectAsync(Alice, "alice/compass", "download", LfsCalls.Digest(Old), Old.Length))["actions"]!["download"]!["href"]!.GetValue<string>()).PathAndQuery;
        await _socket.ConnectAsync(_world.Server.Url.Host, _world.Server.Url.Port);
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return _world.DisposeAsync();
    }

    [Fact]
    public async Task Every_answer_has_its_bytes_its_headers_and_a_request_id_of_its_own()
    {
        using var counted = new Counted();
        foreach (var target in new[] { "/alice/compass/resolve/main/large", _link })
        {
            var first = await RangeAsync(target, 0, 99);
            foreach (var (start, last) in new[] { (100, 199), (0, 299_999), (299_999, 299_999), (7, 7) })
            {
                var answer = await RangeAsync(target, start, last);

                Assert.Equal(Old[start..(last + 1)], answer.Body);
                Assert.Equal($"bytes {start}-{last}/300000", answer.Headers["Content-Range"]);
                Assert.StartsWith("req_", answer.Headers["X-Request-Id"], StringComparison.Ordinal);
                Assert.NotEqual(first.Headers["X-Request-Id"], answer.Headers["X-Request-Id"]);
                Assert.Equal(Same(first), Same(answer));
            }
        }

        Assert.True(counted.Count >= 8);

        static IEnumerable<string> Same(Answer answer) => answer.Headers.Where(h => h.Key is not ("Content-Range" or "Content-Length" or "X-Request-Id" or "Date")).Select(h => $"{h.Key}: {h.Value}").Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_clients_own_request_id_comes_back_and_many_at_once_are_answered_in_order()
    {
        var asked = string.Concat(Enumerable.Range(0, 20).Select(i => Request("/alice/compass/resolve/main/large", $"bytes={i * 1000}-{(i * 1000) + 999}", "X-Request-Id: mine\r\n")));
        await _socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(asked));

        for (var i = 0; i < 20; i++)
        {
            var answer = await ReadAsync();
            Assert.Equal(Old[(i * 1000)..((i + 1) * 1000)], answer.Body);
            Assert.Equal("mine", answer.Headers["X-Request-Id"]);
        }
    }

    [Fact]
    public async Task What_is_not_that_range_again_is_looked_at_anew()
    {
        const string Target = "/alice/compass/resolve/main/large";
        await RangeAsync(Target, 0, 9);
        Assert.Equal(416, (await AskAsync(Request(Target, "bytes=300000-300001"))).Status);
        await RangeAsync(Target, 0, 9);
        Assert.Equal(Old[^5..], (await AskAsync(Request(Target, "bytes=-5"))).Body);
        await RangeAsync(Target, 0, 9);
        Assert.Equal(Old[299_990..], (await AskAsync(Request(Target, "bytes=299990-999999"))).Body);
        await RangeAsync(Target, 0, 9);
        Assert.Equal(401, (await AskAsync(Request(Target, "bytes=0-9", "Authorization: Bearer hf_nobodys\r\n"))).Status);
        await RangeAsync(Target, 0, 9);

        var body = Request(Target, "bytes=10-19"); // somebody's bytes, which are no request
        var posted = await AskAsync($"POST /api/validate-yaml HTTP/1.1\r\nHost: {_world.Server.Url.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        Assert.Equal(400, posted.Status);
        Assert.Equal(Old[20..30], (await RangeAsync(Target, 20, 29)).Body);
    }

    [Fact]
    public async Task A_commit_a_closed_door_and_a_links_end_count_from_the_next_range_on()
    {
        const string Target = "/alice/compass/resolve/main/large";
        Assert.Equal(Old[..10], (await RangeAsync(Target, 0, 9)).Body);
        await HoldAndCommitAsync(New);
        Assert.Equal(New[10..20], (await RangeAsync(Target, 10, 19)).Body);

        (await Alice.PutAsJsonAsync("/api/models/alice/compass/settings", new { @private = true })).EnsureSuccessStatusCode();
        Assert.Equal(401, (await AskAsync(Request(Target, "bytes=10-19"))).Status);

        Assert.Equal(Old[..10], (await RangeAsync(_link, 0, 9)).Body);
        _world.Server.Clock.Advance(TimeSpan.FromHours(13));
        Assert.Equal(403, (await AskAsync(Request(_link, "bytes=0-9"))).Status);
    }

    [Fact]
    public async Task A_revoked_token_is_refused_from_the_next_range_on()
    {
        (await Alice.PutAsJsonAsync("/api/models/alice/compass/settings", new { @private = true })).EnsureSuccessStatusCode();
        using var made = await Alice.PostAsJsonAsync("/api/v1/tokens", new { name = "laptop", role = "read" });
        var token = (await made.OkAsync())["value"];
        var request = Request("/alice/compass/resolve/main/large", "bytes=5-9", $"Authorization: Bearer {token}\r\n");
        Assert.Equal(Old[5..10], (await AskAsync(request)).Body);
        Assert.Equal(Old[5..10], (await AskAsync(request)).Body);

        var id = (await Alice.JsonAsync("/api/v1/tokens"))["tokens"]!.AsArray().Single(t => (string?)t!["name"] == "laptop")!["id"];
        (await Alice.DeleteAsync($"/api/v1/tokens/{id}")).EnsureSuccessStatusCode();

        Assert.Equal(401, (await AskAsync(request)).Status);
    }

    private async Task HoldAndCommitAsync(byte[] content)
    {
        await Alice.HoldAsync("alice/compass", content);
        await Alice.CommitAsync("alice/compass", [LfsCalls.FileLine("large", content)]);
    }

    private Task<Answer> RangeAsync(string target, int first, int last) => AskAsync(Request(target, $"bytes={first}-{last}"));

    private string Request(string target, string range, string more = "") =>
        $"GET {target} HTTP/1.1\r\nHost: {_world.Server.Url.Authority}\r\n{more}Range: {range}\r\nAccept: */*\r\n\r\n";

    private async Task<Answer> AskAsync(string request)
    {
        await _socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        return await ReadAsync();
    }

    private async Task<Answer> ReadAsync()
    {
        var lines = new List<string>();
        while (await LineAsync() is { Length: > 0 } line)
        {
            lines.Add(line);
        }

        var headers = lines[1..].ToDictionary(l => l[..l.IndexOf(':', StringComparison.Ordinal)], l => l[(l.IndexOf(':', StringComparison.Ordinal) + 2)..], StringComparer.OrdinalIgnoreCase);
        var body = headers.TryGetValue("Content-Length", out var length) ? await BytesAsync(int.Parse(length, CultureInfo.InvariantCulture)) : await ChunksAsync();
        return new Answer(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, body);
    }

    private async Task<byte[]> ChunksAsync()
    {
        var body = new List<byte>();
        for (byte[] chunk; ; body.AddRange(chunk))
        {
            chunk = await BytesAsync(int.Parse(await LineAsync(), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            await LineAsync();
            if (chunk.Length == 0)
            {
                return [.. body];
            }
        }
    }

    private async Task<string> LineAsync()
    {
        var line = new StringBuilder();
        while (!line.ToString().EndsWith("\r\n", StringComparison.Ordinal))
        {
            line.Append((char)(await BytesAsync(1))[0]);
        }

        return line.ToString()[..^2];
    }

    private async Task<byte[]> BytesAsync(int count)
    {
        var bytes = new byte[count];
        await _socket.GetStream().ReadExactlyAsync(bytes);
        return bytes;
    }

    private sealed record Answer(int Status, Dictionary<string, string> Headers, byte[] Body);

    /// <summary>Counts what connections answer themselves, on all servers of this process.</summary>
    private sealed class Counted : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _count;

        public Counted()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "lodestone.http.repeated_ranges")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref _count, count));
            _listener.Start();
        }

        public long Count => Volatile.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
