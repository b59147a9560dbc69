using System.Net.Http.Headers;
using Lodestone.Hub;
using Lodestone.Tests.Hub.Pages;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class TrafficTests : IAsyncLifetime
{
    private const string First = "model-00001-of-00002.safetensors";
    private const string Second = "model-00002-of-00002.safetensors";

    private World _world = null!; // set before any test runs
    private HttpClient _reader = null!; // one connection: the server answers a request when it is done with the one before

    private HttpClient Alice => _world.As(_world.Alice);

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _reader = _world.Server.Anonymous();
        await Alice.CreateRepoAsync("alice/compass");
        await Alice.CommitAsync("alice/compass", (First, new string('a', 1000)), (Second, new string('b', 500)), ("config.json", "{}"), ("README.md", "# Compass\n"), ("compass.gguf", new string('g', 300)));
    }

    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task A_launch_is_read_by_day_file_client_and_revision_and_the_csv_says_what_the_page_shows()
    {
        await GetAsync("curl/8", First, 0, 399);
        await GetAsync("curl/8", First, 300, 899);
        await GetAsync("curl/8", First, 0, 899);
        await GetAsync("curl/8", Second); // 1,400 of 1,500 bytes: a download
        await GetAsync("Mozilla/5.0", Second); // a third of them: none
        await GetAsync("python-requests/2", "config.json");
        foreach (var agent in new[] { "huggingface_hub/1.0; is_ci/true", "Googlebot/2.1", "" })
        {
            await GetAsync(agent, First);
            await GetAsync(agent, Second);
        }

        await GetAsync("huggingface_hub/1.0", "compass.gguf");
        await GetAsync("huggingface_hub/1.0", "compass.gguf");
        await WrittenAsync(2);
        Assert.NotNull((await Alice.PageAsync("/alice/compass")).QuerySelector(".model-stats__line svg"));

        var days = await Alice.JsonAsync("/api/models/alice/compass/metrics?days=7");
        var total = days["total"]!;
        Assert.Equal((8, 4, 2, 4), ((int)total["requests"]!, (int)total["fetches"]!, (int)total["downloads"]!, (int)total["uniques"]!));
        Assert.Equal(400 + 600 + 900 + 500 + 500 + 2 + 600, (int)total["bytes"]!);
        Assert.Equal((3, 7), ((int)days["excluded"]!, days["rows"]!.AsArray().Count));

        var clients = await Alice.JsonAsync("/api/models/alice/compass/metrics?by=client");
        Assert.Equal(["person 2 4", "ci 1 1", "mirror 0 0", "bot 2 2"], clients["rows"]!.AsArray().Select(r => $"{r!["key"]} {r["downloads"]} {r["uniques"] ?? 0}"));
        var files = await Alice.JsonAsync("/api/models/alice/compass/metrics?by=file");
        Assert.Equal([$"{Second} 2 2", $"compass.gguf 2 1", $"{First} 3 1"], files["rows"]!.AsArray().Select(r => $"{r!["key"]} {r["requests"]} {r["fetches"]}"));
        Assert.Equal(2, (int)(await Alice.JsonAsync("/api/models/alice/compass/metrics?by=revision"))["rows"]!.AsArray().Single()!["downloads"]!);

        foreach (var by in new[] { "day", "file", "client", "revision" })
        {
            var csv = (await Alice.GetStringAsync($"/api/models/alice/compass/metrics?by={by}&format=csv")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
            var page = await Alice.PageAsync($"/alice/compass/metrics?by={by}");
            var shown = page.QuerySelectorAll("main section:nth-of-type(2) tbody tr").Select(row => string.Join(
                ' ', row.QuerySelectorAll("td").SkipLast(1).Select(td => td.TextContent.Replace("–", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal))));
            Assert.Equal(csv.Skip(1).Select(line => string.Join(' ', line.Split(',')[1..5])), shown);
        }

        var stranger = (await _world.AsNobody().JsonAsync("/api/models/alice/compass/metrics"))["total"]!;
        Assert.Equal((2, true), ((int)stranger["downloads"]!, stranger["uniques"] is null));
        Assert.Equal("2", (await _world.AsNobody().PageAsync("/alice/compass")).TextOf(".model-stats dd"));
    }

    [Fact]
    public async Task A_client_counts_once_a_day_and_what_was_counted_ever_does_not_fall()
    {
        for (var i = 0; i < 3; i++)
        {
            await GetAsync("curl/8", "compass.gguf");
        }

        await WrittenAsync(1);
        _world.Server.Clock.Advance(TimeSpan.FromHours(25));
        await GetAsync("curl/8", "compass.gguf");
        await WrittenAsync(2);

        _world.Server.Clock.Advance(TimeSpan.FromDays(29.5));
        await Eventually.TrueAsync(async () => (await CountsAsync()) == (1, 2));
        await GetAsync("curl/8", "compass.gguf");
        await Eventually.TrueAsync(async () =>
        {
            _world.Server.Clock.Advance(TimeSpan.FromSeconds(5));
            return (await CountsAsync()) == (2, 3);
        });
        Assert.Equal(2, (int)(await Alice.JsonAsync("/api/models/alice/compass/metrics"))["total"]!["downloads"]!);
        Assert.Equal(3, (int)(await Alice.JsonAsync("/api/models/alice/compass/metrics?days=90"))["total"]!["downloads"]!);
    }

    [Fact]
    public async Task A_clean_stop_loses_no_count_and_links_of_lfs_count_like_addresses()
    {
        var large = LfsCalls.Bytes(5000);
        var upload = await LfsCalls.ObjectAsync(Alice, "alice/compass", "upload", LfsCalls.Digest(large), large.Length);
        using var sent = await LfsCalls.PutAsync(_world.AsNobody(), upload["actions"]!["upload"]!["href"]!.GetValue<string>(), large);
        await Alice.CommitAsync("alice/compass", [HubCalls.Line("lfsFile", new { path = "large.gguf", oid = LfsCalls.Digest(large), size = large.Length })]);
        var download = await LfsCalls.ObjectAsync(_world.AsNobody(), "alice/compass", "download", LfsCalls.Digest(large), large.Length);
        using var request = new HttpRequestMessage(HttpMethod.Get, download["actions"]!["download"]!["href"]!.GetValue<string>());
        request.Headers.UserAgent.ParseAdd("git-lfs/3.6");
        using var answer = await _reader.SendAsync(request);
        Assert.Equal(large, await answer.Content.ReadAsByteArrayAsync());
        await GetAsync("curl/8", "compass.gguf");
        await CountedAsync();

        await _world.Server.Services.GetRequiredService<TrafficLog>().StopAsync(CancellationToken.None);

        Assert.Equal((2, 2), await CountsAsync());
    }

    [Fact]
    public async Task There_are_no_tables_but_those_on_offer()
    {
        using var by = await Alice.GetAsync("/api/models/alice/compass/metrics?by=person");
        using var days = await Alice.GetAsync("/api/models/alice/compass/metrics?days=31");
        using var hidden = await _world.AsNobody().GetAsync("/api/models/alice/missing/metrics?format=csv");

        Assert.Equal([400, 400, 401], new[] { by, days, hidden }.Select(a => (int)a.StatusCode));
    }

    private async Task GetAsync(string agent, string path, long? from = null, long? to = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/alice/compass/resolve/main/{path}");
        request.Headers.TryAddWithoutValidation("User-Agent", agent);
        request.Headers.Range = from is null ? null : new RangeHeaderValue(from, to);
        using var answer = await _reader.SendAsync(request);
        await answer.Content.ReadAsByteArrayAsync();
        Assert.True(answer.IsSuccessStatusCode, path);
    }

    private async Task CountedAsync() => await _reader.GetStringAsync("/health/live");

    private async Task WrittenAsync(int downloads)
    {
        await CountedAsync();
        await Eventually.TrueAsync(async () =>
        {
            _world.Server.Clock.Advance(TimeSpan.FromSeconds(5));
            return (await CountsAsync()).AllTime == downloads;
        });
    }

    private async Task<(int Month, int AllTime)> CountsAsync()
    {
        var counts = await Alice.JsonAsync("/api/models/alice/compass?expand=downloads&expand=downloadsAllTime");
        return ((int)counts["downloads"]!, (int)counts["downloadsAllTime"]!);
    }
}

[NoDatabase]
public sealed class CountingRulesTests
{
    [Theory]
    [InlineData("huggingface_hub/1.2; hf_xet/1.1; python/3.12; torch/2.8", "person")]
    [InlineData("git/2.47.1", "person")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64)", "person")]
    [InlineData("transformers/4.5; is_ci/true", "ci")]
    [InlineData("GitHub-Actions", "ci")]
    [InlineData("lodestone/0.2", "mirror")]
    [InlineData("Artifactory/7", "mirror")]
    [InlineData("Mozilla/5.0 (compatible; Googlebot/2.1)", "bot")]
    [InlineData("UptimeRobot/2.0", "bot")]
    [InlineData("", "bot")]
    public void A_client_is_what_its_name_says(string agent, string kind) => Assert.Equal(kind, ClientKind.Of(agent));

    [Fact]
    public void Bytes_count_once_in_whatever_pieces_they_come()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var (ranges, bytes) = (FetchedRanges.None, new bool[100]);
            for (var i = 0; i < random.Next(1, 12); i++)
            {
                var start = random.Next(100);
                var length = random.Next(0, 100 - start + 1);
                ranges = FetchedRanges.Parse(ranges.With(start, length).ToString());
                bytes.AsSpan(start, length).Fill(true);
            }

            Assert.Equal(bytes.Count(b => b), ranges.Total);
            Assert.Equal(ranges.ToString(), FetchedRanges.Parse(ranges.ToString()).ToString());
        }
    }
}
