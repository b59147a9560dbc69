using System.Text;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing;

/// <summary>A year of business, checked by two programs for plain-text accounting.</summary>
public sealed class LedgerExportTests(LedgerExportTests.Year year) : IClassFixture<LedgerExportTests.Year>
{
    private static readonly Dictionary<string, (string Program, string[] Arguments)> Checkers = new(StringComparer.Ordinal)
    {
        ["beancount"] = ("bean-check", []),
        ["hledger"] = ("hledger", ["check", "--strict", "--file"]),
    };

    [Theory]
    [InlineData("beancount")]
    [InlineData("hledger")]
    public async Task The_books_of_a_year_are_accepted_and_refused_once_a_pico_is_changed(string format)
    {
        var text = await year.ExportAsync(format);
        Assert.Equal("", await ComplaintAsync(format, text));

        foreach (var line in (int[])[0, 700, -1])
        {
            Assert.NotEqual("", await ComplaintAsync(format, WithAPicoMore(text, line)));
        }
    }

    [Theory]
    [InlineData("beancount")]
    [InlineData("hledger")]
    public async Task A_transaction_that_is_missing_is_noticed(string format)
    {
        var parts = (await year.ExportAsync(format)).Split("\n\n");
        var whole = Array.FindIndex(parts, parts.Length / 2, part => part.Contains("usage", StringComparison.Ordinal));

        Assert.NotEqual("", await ComplaintAsync(format, string.Join("\n\n", parts.Where((_, i) => i != whole))));
    }

    [Fact]
    public async Task Every_posting_is_in_each_format_once_and_they_come_to_the_trial_balance()
    {
        var rows = (await year.ExportAsync("csv")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(row => row.Split(',')).ToList();
        var sums = rows.GroupBy(row => row[6], StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Aggregate(Money.Zero(new Currency(g.First()[8])), (sum, row) => sum + new Money(BillingWorld.Usd(row[7]).Picos, sum.Currency)), StringComparer.Ordinal);
        var balance = await year.World.Get<TrialBalance>().ComputeAsync(CancellationToken.None);

        Assert.Equal(balance.Lines.ToDictionary(l => l.Account, l => l.Balance, StringComparer.Ordinal), sums);
        Assert.True(rows.Count > 2_000 && rows.DistinctBy(row => (row[0], row[5])).Count() == rows.Count);
        foreach (var format in Checkers.Keys)
        {
            Assert.Equal(rows.DistinctBy(row => row[0]).Select(row => row[1]), KeysIn(await year.ExportAsync(format)));
        }
    }

    [Fact]
    public async Task The_books_are_given_to_administrators_and_in_known_formats()
    {
        await using var shop = await Shop.OpenAsync(freePerDay: "0");
        using var books = await shop.Carol.GetAsync("/api/v1/ledger/export?format=hledger");

        Assert.Equal(("ledger.journal", "text/plain"), (books.Content.Headers.ContentDisposition?.FileName?.Trim('"'), books.Content.Headers.ContentType?.MediaType));
        Assert.Equal("", await ComplaintAsync("hledger", await books.Content.ReadAsStringAsync()));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(shop.Alice.GetAsync("/api/v1/ledger/export?format=csv")));
        Assert.Equal((400, "invalid_request"), await Shop.RefusedAsync(shop.Carol.GetAsync("/api/v1/ledger/export?format=pdf")));
    }

    private static IEnumerable<string> KeysIn(string text) =>
        from line in text.Split('\n')
        let at = line.IndexOf("key:", StringComparison.Ordinal)
        where at >= 0
        select line[(at + "key:".Length)..].Trim(' ', '"');

    /// <summary>One posting's amount, by one pico: a digit of the last place.</summary>
    /// <param name="number">Which of them; negative from the end.</param>
    private static string WithAPicoMore(string text, int number)
    {
        var lines = text.Split('\n');
        var postings = lines.Index().Where(l => l.Item.StartsWith("  ", StringComparison.Ordinal) && l.Item.EndsWith(" USD", StringComparison.Ordinal) && !l.Item.Contains('=', StringComparison.Ordinal)).ToList();
        var (index, line) = postings[number < 0 ? postings.Count + number : number];
        var digit = line.Length - " USD".Length - 1;
        lines[index] = string.Concat(line.AsSpan(0, digit), line[digit] == '0' ? "1" : "0", line.AsSpan(digit + 1));
        return string.Join('\n', lines);
    }

    /// <returns>Empty when the program accepts the text.</returns>
    private static async Task<string> ComplaintAsync(string format, string text)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            var (program, arguments) = Checkers[format];
            var outcome = await Executable.RunAsync(program, [.. arguments, file]);
            return outcome.ExitCode == 0 ? "" : $"{outcome.Output}{outcome.Error}!";
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Fifty accounts that pay each month and call each fortnight, at a price with fractions of a pico that changes at midsummer.</summary>
    public sealed class Year : IAsyncLifetime
    {
        private const int Accounts = 50;
        private const int Days = 364;

        private readonly Dictionary<string, string> _exports = new(StringComparer.Ordinal);

        public BillingWorld World { get; private set; } = null!; // set before any test runs

        public async ValueTask InitializeAsync()
        {
            World = await BillingWorld.StartAsync(freePerDay: "0.0001");
            var random = new Random(2026);
            await World.PriceAsync("0.300001", "1.250001");
            await World.PriceAsync("0.2", "1.333333333333", from: World.Clock.GetUtcNow().AddDays(Days / 2));
            var accounts = Enumerable.Range(0, Accounts).Select(_ => BillingWorld.Member(PublicId.New(World.Clock))).ToList();
            await World.GiveAsync(accounts[0].Id, "0.0004");
            for (var day = 0; day < Days; day += 14, World.Clock.Advance(TimeSpan.FromDays(14)))
            {
                foreach (var account in accounts)
                {
                    if (day % 28 == 0)
                    {
                        await World.TopUpAsync(BillingWorld.Usd($"{random.Next(1, 9)}.{random.Next(10, 99)}"), account);
                    }

                    var (prompt, output) = (random.Next(1, 4000), random.Next(200, 900));
                    await World.SettleAsync(await World.ReserveAsync(prompt, output, account.Id), prompt, output);
                }
            }
        }

        public async Task<string> ExportAsync(string format)
        {
            if (!_exports.TryGetValue(format, out var text))
            {
                await using var writer = new StringWriter();
                await World.Get<LedgerExport>().WriteAsync(format, writer, CancellationToken.None);
                _exports[format] = text = writer.ToString();
            }

            return text;
        }

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }
}
