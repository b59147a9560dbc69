using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Billing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing.Payments;

/// <summary>A shop with Stripe behind it, and mail.</summary>
internal sealed class PaymentWorld : IAsyncDisposable
{
    public static readonly DateTimeOffset April = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    private PaymentWorld(InvoiceWorld books, StripeFake stripe, MailSink mail)
    {
        Books = books;
        Stripe = stripe;
        Mail = mail;
    }

    public InvoiceWorld Books { get; }

    public StripeFake Stripe { get; }

    public MailSink Mail { get; }

    public HttpClient Alice => Books.Alice;

    public HttpClient Carol => Books.Carol;

    public Guid AliceId => Books.World.Alice.Id;

    public static async Task<PaymentWorld> OpenAsync()
    {
        var (stripe, mail) = (await StripeFake.StartAsync(), new MailSink());
        var books = await InvoiceWorld.OpenAsync(adjust: services =>
        {
            services.AddSingleton(new StripeOptions { SecretKey = StripeFake.SecretKey, WebhookSecret = StripeFake.WebhookSecret, ApiBase = stripe.Url });
            services.AddSingleton<Lodestone.Core.IMail>(mail);
        });
        stripe.Now = () => books.World.Server.Clock.GetUtcNow();
        return new PaymentWorld(books, stripe, mail);
    }

    public T Get<T>()
        where T : notnull => Books.World.Server.Services.GetRequiredService<T>();

    /// <summary>Alice gives a card on Stripe's page and comes back.</summary>
    /// <returns>Stripe's id of it.</returns>
    public async Task<string> GiveCardAsync(string card)
    {
        var setup = await InvoiceWorld.PostAsync(Alice, "/api/v1/payment-methods", new { provider = "stripe" });
        var session = setup.GetProperty("page").GetString()!.Split('/')[^1]; // the fake's page has it
        var told = Stripe.Objects.GiveCard(session, card);
        await DeliverAsync(told);
        var method = Stripe.Objects.Of("payment_method").Last();
        await Eventually.TrueAsync(() => Books.ReadAsync(db => db.PaymentMethods.AnyAsync(m => m.Reference == StripeObjects.Text(method, "id") && m.RemovedAt == null)));
        return StripeObjects.Text(method, "id");
    }

    /// <summary>Delivers a message and waits until it was applied.</summary>
    public async Task DeliverAsync(JsonObject happened)
    {
        using var nobody = Books.World.AsNobody();
        using var answer = await nobody.SendAsync(Stripe.Message(happened));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        await Get<PaymentEvents>().ApplyAsync(CancellationToken.None);
        var id = StripeObjects.Text(happened, "id");
        Assert.True(await Books.ReadAsync(db => db.PaymentEvents.AnyAsync(e => e.EventId == id && e.AppliedAt != null)), id);
    }

    public Task<JsonElement> TopUpAsync(string amount) => InvoiceWorld.PostAsync(Alice, "/api/v1/topups", new { amount, provider = "stripe" });

    /// <summary>Alice owes an amount of whole dollars by an invoice.</summary>
    public async Task<string> InvoiceAsync(long dollars, DateTimeOffset at)
    {
        await Books.UseAsync(AliceId, dollars * 500_000, 0, at.AddMinutes(-1));
        Books.GoTo(at);
        return (await Books.IssueAsync("alice")).GetProperty("number").GetString()!; // issued
    }

    public async Task<(string? State, string? Open)> InvoiceAsync(string number)
    {
        var invoice = (await Shop.GetAsync(Alice, $"/api/v1/invoices/{number}")).GetProperty("invoice");
        return (invoice.GetProperty("state").GetString(), invoice.GetProperty("open").GetString());
    }

    public async Task<List<(string? State, string? Code)>> AttemptsAsync(string number) =>
        [.. (await Shop.GetAsync(Alice, $"/api/v1/invoices/{number}/payments")).GetProperty("payments").EnumerateArray().Select(p => (p.GetProperty("state").GetString(), p.GetProperty("failureCode").GetString()))];

    public async Task<string?> BalanceAsync() => (await Shop.GetAsync(Alice, "/api/v1/wallet")).GetProperty("balance").GetString();

    /// <summary>All books agree; but for the totals of prices, which this world's usage is written without.</summary>
    public async Task AgreeAsync()
    {
        await Get<LedgerChain>().ExtendAsync(CancellationToken.None);
        var checks = (await Shop.GetAsync(Carol, "/api/v1/ledger/checks")).GetProperty("checks").EnumerateArray()
            .Where(c => c.GetProperty("name").GetString() is not "Charges of a price and month add up to its total");
        Assert.All(checks, check => Assert.True(check.GetProperty("holds").GetBoolean(), check.ToString()));
    }

    public async ValueTask DisposeAsync()
    {
        await Books.DisposeAsync();
        await Stripe.DisposeAsync();
    }
}
