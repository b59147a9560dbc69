using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using AngleSharp.Html.Parser;
using Lodestone.Billing;
using Lodestone.Core;
using UglyToad.PdfPig;
using UglyToad.PdfPig.DocumentLayoutAnalysis.TextExtractor;

namespace Lodestone.Tests.Billing;

public sealed class InvoicePapersTests
{
    private static readonly DateTimeOffset April = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Paper_table_page_and_api_say_the_same_of_every_line_and_total()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        await IssueManyLinesAsync(world);

        var form = (await Shop.GetAsync(world.Alice, "/api/v1/invoices/LS-2026-000001")).GetProperty("form");
        var lines = form.GetProperty("lines").EnumerateArray().ToList();
        Assert.True(lines.Count > 50, "more than a page");
        var (paper, pages) = await ReadPdfAsync(world, "LS-2026-000001");
        Assert.True(pages > 1);
        var page = Words((await new HtmlParser().ParseDocumentAsync(await world.Alice.GetStringAsync("/billing/invoices/LS-2026-000001"))).Body!.TextContent);
        var csv = (await world.Alice.GetStringAsync("/api/v1/invoices/LS-2026-000001.csv")).Split("\r\n");

        Assert.Equal(lines.Count + 2, csv.Length); // a heading, and the end of the last row
        foreach (var (at, line) in lines.Index())
        {
            var (amount, tax) = (line.GetProperty("amount").GetString()!, line.GetProperty("tax").GetString()!);
            var quantity = line.GetProperty("quantity").GetInt64();
            Assert.Contains(Words($"{quantity.ToString("N0", CultureInfo.InvariantCulture)} {tax} {amount}"), paper, StringComparison.Ordinal);
            Assert.Contains(Words($"{quantity.ToString("N0", CultureInfo.InvariantCulture)} {amount} {tax}"), page, StringComparison.Ordinal);
            Assert.EndsWith($",{quantity},{Price(line)},{line.GetProperty("exact").GetString()},{amount},{tax},USD", csv[at + 1], StringComparison.Ordinal);
            Assert.Contains(Words(line.GetProperty("description").GetString()!), page, StringComparison.Ordinal);
        }

        foreach (var (name, member) in new[] { ("Net", "net"), ("Total", "total"), ("Due", "due") })
        {
            Assert.Contains(Words($"{name} {form.GetProperty(member).GetString()} USD"), paper, StringComparison.Ordinal);
        }

        var rate = form.GetProperty("taxes")[0];
        Assert.Contains(Words($"Tax DE 19 % of {rate.GetProperty("base").GetString()} {rate.GetProperty("amount").GetString()} USD"), paper, StringComparison.Ordinal);
        Assert.Contains(Words(form.GetProperty("total").GetString()!), page, StringComparison.Ordinal);
        Assert.Contains(Words("Alice Größe & Söhne GmbH"), paper, StringComparison.Ordinal);
        Assert.Contains(Words("Plus statutory tax."), paper, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_of_cost_and_usage_keep_the_rules_of_their_columns_and_come_to_the_total()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        await IssueManyLinesAsync(world);

        var rows = Rows(await world.Alice.GetStringAsync("/api/v1/invoices/LS-2026-000001.focus"));

        var form = (await Shop.GetAsync(world.Alice, "/api/v1/invoices/LS-2026-000001")).GetProperty("form");
        Assert.Equal(BillingWorld.Usd(form.GetProperty("total").GetString()!), Sum(rows, "BilledCost"));
        Assert.Equal(BillingWorld.Usd(form.GetProperty("exact").GetString()!), Sum(rows.Where(r => r["ChargeCategory"] != "Tax"), "EffectiveCost"));
        foreach (var row in rows)
        {
            foreach (var filled in new[] { "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "ProviderName", "PublisherName", "InvoiceIssuerName", "ServiceCategory", "ServiceName", "InvoiceId", "ChargeDescription" })
            {
                Assert.NotEmpty(row[filled]);
            }

            Assert.Contains(row["ChargeCategory"], new[] { "Usage", "Purchase", "Tax", "Credit", "Adjustment" });
            Assert.Contains(row["ChargeFrequency"], new[] { "One-Time", "Recurring", "Usage-Based" });
            Assert.False(row["ChargeCategory"] == "Purchase" && row["ChargeFrequency"] == "Usage-Based");
            Assert.Matches("^[A-Z]{3}$", row["BillingCurrency"]);
            Assert.All(new[] { "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd" }, c => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", row[c]));
            Assert.Equal(row["ChargeCategory"] == "Tax", row["PricingQuantity"].Length == 0); // a tax has no quantity, all else has one
            Assert.Equal(row["PricingQuantity"].Length == 0, row["PricingUnit"].Length == 0);
            Assert.Equal(row["ChargeCategory"] == "Usage", row["ConsumedQuantity"].Length > 0);
            Assert.Equal(row["ChargeCategory"] == "Usage", row["SkuPriceId"].Length > 0);
            Assert.False(row["ChargeCategory"] == "Credit" && !row["BilledCost"].StartsWith('-'));
        }

        Assert.Equal(["Adjustment", "Purchase", "Tax", "Usage"], rows.Select(r => r["ChargeCategory"]).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Papers_look_absent_to_strangers_and_drafts_have_none()
    {
        await using var world = await InvoiceWorld.OpenAsync();
        await world.UseAsync(world.World.Alice.Id, 1_000_000, 0);
        world.GoTo(April);
        var draft = await InvoiceWorld.PostAsync(world.Carol, "/api/v1/invoices", new { account = "alice" });
        foreach (var kind in new[] { "pdf", "csv", "focus" })
        {
            Assert.Equal((409, "conflict"), await Shop.RefusedAsync(world.Carol.GetAsync($"/api/v1/invoices/{draft.GetProperty("id").GetString()}.{kind}")));
        }

        await InvoiceWorld.PostAsync(world.Carol, $"/api/v1/invoices/{draft.GetProperty("id").GetString()}/issue", new { });
        using var nobody = world.World.AsNobody();
        foreach (var kind in new[] { "pdf", "csv", "focus" })
        {
            Assert.Equal((404, "not_found"), await Shop.RefusedAsync(world.Shop.Bob.GetAsync($"/api/v1/invoices/LS-2026-000001.{kind}")));
            Assert.Equal((401, "unauthenticated"), await Shop.RefusedAsync(nobody.GetAsync($"/api/v1/invoices/LS-2026-000001.{kind}")));
        }
    }

    /// <summary>Usage, and charges enough for several pages.</summary>
    private static async Task IssueManyLinesAsync(InvoiceWorld world)
    {
        var alice = world.World.Alice.Id;
        using var rule = await world.Carol.PostAsJsonAsync("/api/v1/tax/rules", new { jurisdiction = "DE", productClass = "*", ratePercent = "19", textBlock = "Plus statutory tax." });
        using var party = await world.Alice.PutAsJsonAsync("/api/v1/billing/party", new { legalName = "Alice Größe & Söhne GmbH", address = "Weg 1\n10115 Berlin", country = "DE" });
        await world.UseAsync(alice, 1_234_567, 1_001);
        foreach (var at in Enumerable.Range(0, 60))
        {
            await world.ChargeAsync(alice, at % 2 == 0 ? ChargeKind.Seats : ChargeKind.CommitTrueUp, $"{at % 10}.{at:D3}", April.AddDays(-20).AddMinutes(at), April);
        }

        world.GoTo(April);
        await world.IssueAsync("alice");
    }

    private static async Task<(string Text, int Pages)> ReadPdfAsync(InvoiceWorld world, string number)
    {
        using var answer = await world.Alice.GetAsync($"/api/v1/invoices/{number}.pdf");
        Assert.Equal("application/pdf", answer.Content.Headers.ContentType!.MediaType); // of a file
        using var pdf = PdfDocument.Open(await answer.Content.ReadAsByteArrayAsync());
        return (Words(string.Join(' ', pdf.GetPages().Select(page => ContentOrderTextExtractor.GetText(page)))), pdf.NumberOfPages);
    }

    // Without the blanks, which layouts choose.
    private static string Words(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)));

    private static string Price(JsonElement line) => line.GetProperty("unitPrice").GetString() is { Length: > 0 } price ? $"\"{price}\"" : "";

    private static Money Sum(IEnumerable<Dictionary<string, string>> rows, string column) => rows.Aggregate(Money.Zero(Currency.Usd), (sum, row) => sum + BillingWorld.Usd(row[column]));

    private static List<Dictionary<string, string>> Rows(string csv)
    {
        var lines = csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var columns = lines[0].Split(',');
        return lines.Skip(1).Select(line => columns.Zip(Cells(line)).ToDictionary(c => c.First, c => c.Second)).ToList();
    }

    private static List<string> Cells(string line)
    {
        var quoted = line.Split('"'); // every second part was within quotation marks, and none of these has any in it
        var cells = new List<string> { "" };
        foreach (var (at, part) in quoted.Index())
        {
            var pieces = at % 2 == 1 ? [part] : part.Split(',');
            cells[^1] += pieces[0];
            cells.AddRange(pieces.Skip(1));
        }

        return cells;
    }
}
