using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing;

/// <summary>A shop whose customers pay by invoice: what they use is rated and booked as the funding of a postpaid account books it.</summary>
internal sealed class InvoiceWorld : IAsyncDisposable
{
    private static readonly DateTimeOffset First = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    private int _events;

    private InvoiceWorld(Shop shop) => Shop = shop;

    public Shop Shop { get; }

    public World World => Shop.World;

    public HttpClient Carol => Shop.Carol;

    public HttpClient Alice => Shop.Alice;

    public static async Task<InvoiceWorld> OpenAsync(string input = "2", string output = "8")
    {
        var world = new InvoiceWorld(await Shop.OpenAsync(freePerDay: "0"));
        using var price = await world.Shop.PublishAsync(input, output);
        return world;
    }

    public void GoTo(DateTimeOffset at) => World.Server.Clock.SetUtcNow(at);

    public Task<T> WriteAsync<T>(Func<BillingDb, CancellationToken, Task<T>> step) => World.UseAsync<BillingSteps, T>(steps => steps.WriteAsync(step, CancellationToken.None));

    public Task<T> ReadAsync<T>(Func<BillingDb, Task<T>> step) => World.UseAsync<BillingSteps, T>(steps => steps.ReadAsync(step));

    /// <summary>A call of the past, priced at the first version and not paid for by any credit.</summary>
    public Task<Guid> UseAsync(Guid accountId, long input, long output, DateTimeOffset? at = null) => WriteAsync(async (db, cancel) =>
    {
        var price = db.PriceVersions.OrderBy(v => v.Version).First();
        var number = Interlocked.Increment(ref _events);
        var time = at ?? First.AddMilliseconds(number);
        var id = Guid.CreateVersion7(time);
        db.Events.Add(new MeterEvent
        {
            Id = id, RequestId = string.Create(CultureInfo.InvariantCulture, $"use_{number}"), AccountId = accountId, CallerId = accountId, ProductId = Shop.ModelId,
            ProductName = Shop.Model, SellerId = World.Acme.Id, Revision = "0123456789abcdef", InputTokens = input, OutputTokens = output, Outcome = CallOutcome.Completed,
            Measurement = Measurement.Engine, PriceVersionId = price.Id, Day = DateOnly.FromDateTime(time.UtcDateTime), Time = time, RecordedAt = time,
        });
        var sum = Money.Zero(Currency.Usd);
        var rows = new List<RatedRow>();
        foreach (var (tokens, quantity) in new[] { (UsageClass.Input, input), (UsageClass.Output, output) }.Where(t => t.Item2 > 0))
        {
            var amount = new Money(new Price((tokens == UsageClass.Input ? price.Input : price.Output).In(Currency.Usd).Picos, price.PerQuantity).Total(quantity), Currency.Usd);
            sum += amount;
            rows.Add(new RatedRow
            {
                EventId = id, Class = tokens, AccountId = accountId, SellerId = World.Acme.Id, ProductId = Shop.ModelId, Day = DateOnly.FromDateTime(time.UtcDateTime),
                PriceVersionId = price.Id, Quantity = quantity, Currency = Currency.Usd, List = amount, Free = Money.Zero(Currency.Usd), Amount = amount,
            });
        }

        db.RatedRows.AddRange(rows);
        await db.RollUpAsync(rows, [], time, Shop.Model, cancel);
        await db.BookAsync(
            new NewTransaction(LedgerTransaction.UsageKey(id), LedgerKind.Usage, time, [(LedgerAccounts.Unbilled(accountId), sum), (LedgerAccounts.InferenceRevenue, -sum)]), time, cancel);
        await db.SaveChangesAsync(cancel);
        return id;
    });

    public Task<int> ChargeAsync(Guid accountId, ChargeKind kind, string amount, DateTimeOffset from, DateTimeOffset to) => WriteAsync((db, cancel) =>
    {
        var id = Guid.CreateVersion7(from);
        db.Charges.Add(new Charge
        {
            Id = id, Key = $"test:{id:N}", AccountId = accountId, Kind = kind, Item = "team.seat", Description = "Team, 1 seat", Quantity = 1, Currency = Currency.Usd,
            Amount = BillingWorld.Usd(amount), PeriodStart = from, PeriodEnd = to, OccurredAt = from, RecordedAt = from,
        });
        return db.SaveChangesAsync(cancel);
    });

    /// <summary>Drafts all that an account owes until now, and issues it.</summary>
    public async Task<JsonElement> IssueAsync(string account)
    {
        var draft = await PostAsync(Carol, "/api/v1/invoices", new { account });
        return await PostAsync(Carol, $"/api/v1/invoices/{draft.GetProperty("id").GetString()}/issue", new { });
    }

    public static async Task<JsonElement> PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(path, body);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async Task<IReadOnlyList<VerifiedInvoice>> VerifyAsync(string? number = null) =>
        await World.UseAsync<InvoiceVerification, List<VerifiedInvoice>>(async verification => await verification.VerifyAsync(number, CancellationToken.None).ToListAsync());

    /// <summary>The sum of a ledger account.</summary>
    public async Task<string> SumAsync(string account) => (await ReadAsync(db => db.LedgerSumAsync(account, Currency.Usd, CancellationToken.None))).ToString();

    public async ValueTask DisposeAsync() => await Shop.DisposeAsync();
}
