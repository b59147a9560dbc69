using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Tests.Hub.Pages;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Lists and their counts over many repositories; <c>scripts/bench-search</c> runs it with 100,000 and a budget.</summary>
public sealed partial class SearchBudgetTests(ITestOutputHelper output)
{
    private const string Three = "task=text-generation&license=apache-2.0&language=en";

    private static readonly int Count = Setting("LODESTONE_SEARCH_REPOSITORIES", 1_200);
    private static readonly int Rounds = Setting("LODESTONE_SEARCH_ROUNDS", 2);

    [Fact]
    public async Task Three_filters_and_all_counts_are_right_and_within_their_budget()
    {
        await using var world = await World.CreateAsync();
        await new SeededRepos(world, Count).SeedAsync();
        var stranger = world.AsNobody();
        var first = Stopwatch.StartNew();
        var page = await stranger.PageAsync($"/models?{Three}");
        output.WriteLine($"{Count} repositories; the first page, which reads them: {first.ElapsedMilliseconds} ms");
        using var catalogue = new RepoCatalogue(world.Server.Services.GetRequiredService<IServiceScopeFactory>(), world.Server.Services.GetRequiredService<Database>());
        var start = Stopwatch.StartNew();
        Assert.Equal(Count, (await catalogue.OpenAsync(CancellationToken.None)).ToArray().Count(e => e is not null));
        output.WriteLine($"a server that starts has read them in {start.ElapsedMilliseconds} ms");

        var seen = Enumerable.Range(0, Count).Where(i => !SeededRepos.IsPrivate(i)).ToList();
        Assert.Equal(Words(seen.Count(i => Fits(i, "text-generation", "apache-2.0", "en"))), page.TextOf("main .number"));
        Assert.Equal(Facet(seen.Where(i => Fits(i, null, "apache-2.0", "en")), SeededRepos.Task), page.TextsOf("[aria-labelledby=facet-Task] .facet__count"));
        Assert.Equal(Facet(seen.Where(i => Fits(i, "text-generation", null, "en")), SeededRepos.License), page.TextsOf("[aria-labelledby=facet-Licence] .facet__count"));
        Assert.Equal(Facet(seen.Where(i => Fits(i, "text-generation", "apache-2.0", null)), SeededRepos.Language), page.TextsOf("[aria-labelledby=facet-Language] .facet__count"));

        foreach (var (name, url) in Measured)
        {
            var p95 = await MeasureAsync(stranger, name, url);
            Assert.True(Rounds < 20 || p95 <= 100, $"{name}: p95 {p95} ms is above the budget of 100 ms.");
        }

        await WeighAsync(stranger);
    }

    private static (string Name, string Url)[] Measured =>
    [
        ("page, no filter", "/models"),
        ("page, three filters", $"/models?{Three}"),
        ("page, three filters, by size", $"/models?{Three}&sort=parameters"),
        ("page, three filters and part of a name", $"/models?{Three}&search=chat"),
        ("page, three filters and words of cards", $"/models?{Three}&search=poetry+w12&full_text=true"),
        ("page, what fits the machine", $"/models?{Three}&memory=24&bits=4&context=8192"),
        ("API, three filters", "/api/models?pipeline_tag=text-generation&license=apache-2.0&language=en&limit=30"),
        ("type-ahead", "/api/quicksearch?q=poet"),
        ("search page", "/search?q=poetry+w12"),
    ];

    private static bool Fits(int i, string? task, string? license, string? language) =>
        (task is null || SeededRepos.Task(i) == task) && (license is null || SeededRepos.License(i) == license) && (language is null || SeededRepos.Language(i) == language);

    private static string Words(int count) => count == 1 ? "1 model" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} models");

    private static IEnumerable<string> Facet(IEnumerable<int> seen, Func<int, string> value) =>
        seen.GroupBy(value).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(12).Select(g => Lodestone.Ui.Readable.Count(g.Count()));

    private async Task<double> MeasureAsync(HttpClient client, string name, string url)
    {
        var times = new List<double>();
        for (var i = -Rounds / 5; i < Rounds; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Accept.ParseAdd(url.StartsWith("/api", StringComparison.Ordinal) ? "application/json" : "text/html");
            var watch = Stopwatch.StartNew();
            using var answer = await client.SendAsync(request);
            await answer.Content.ReadAsByteArrayAsync();
            Assert.True(answer.IsSuccessStatusCode, url);
            if (i >= 0)
            {
                times.Add(watch.Elapsed.TotalMilliseconds);
            }
        }

        times.Sort();
        var p95 = times[(int)(times.Count * 0.95)];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-42} p50 {times[times.Count / 2]:0.0} ms, p95 {p95:0.0} ms"));
        return p95;
    }

    // What a first visit brings over the wire, as far as the page itself names it: with the compression that browsers ask for.
    private async Task WeighAsync(HttpClient client)
    {
        var html = await (await client.GetAsync("/models")).Content.ReadAsStringAsync();
        var total = Compressed(Encoding.UTF8.GetBytes(html));
        foreach (var file in Assets().Matches(html).Select(m => m.Groups["path"].Value).Distinct(StringComparer.Ordinal))
        {
            total += Compressed(await client.GetByteArrayAsync(file));
        }

        output.WriteLine($"first visit of the list: {total / 1024.0:0.0} KiB compressed");
        Assert.True(total <= 60 * 1024, $"The list's first visit costs {total} bytes.");
    }

    private static int Compressed(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            brotli.Write(content);
        }

        return (int)packed.Length;
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    [GeneratedRegex(@"(href|src)=.(?<path>/_content/[^""]+\.(css|js|svg))", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assets();
}
