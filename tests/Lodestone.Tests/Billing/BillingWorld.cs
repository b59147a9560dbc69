using System.Collections.Frozen;
using System.Globalization;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

/// <summary>A server on which Acme sells one model and Alice calls it.</summary>
public sealed class BillingWorld : IAsyncDisposable
{
    private int _calls;

    private BillingWorld(TestServer server, Calendar clock)
    {
        Server = server;
        Clock = clock;
        Acme = PublicId.New(clock);
        Alice = PublicId.New(clock);
        Model = PublicId.New(clock);
        Administrator = new Caller
        {
            Id = PublicId.New(clock),
            Name = "root",
            Kind = CallerKind.User,
            Roles = FrozenDictionary<Guid, NamespaceRole>.Empty,
            Scope = TokenScope.All,
            IsAdministrator = true,
        };
    }

    public TestServer Server { get; }

    public Calendar Clock { get; }

    public Guid Acme { get; }

    public Guid Alice { get; }

    public Guid Model { get; }

    public Caller Administrator { get; }

    public Metering Metering => Get<Metering>();

    public Prices Prices => Get<Prices>();

    public Wallets Wallets => Get<Wallets>();

    internal BillingSteps Steps => Get<BillingSteps>();

    public static async Task<BillingWorld> StartAsync(string freePerDay = "0.05")
    {
        var clock = new Calendar(new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
        var server = await TestServer.StartAsync(services => services
            .AddSingleton<TimeProvider>(clock)
            .AddSingleton(new BillingOptions { FreePerDay = freePerDay }));
        return new BillingWorld(server, clock);
    }

    /// <summary>Somebody with a namespace of their own.</summary>
    public static Caller Member(Guid accountId) => new()
    {
        Id = accountId,
        Name = "member",
        Kind = CallerKind.User,
        Roles = new Dictionary<Guid, NamespaceRole> { [accountId] = NamespaceRole.Admin },
        Scope = TokenScope.All,
    };

    public T Get<T>()
        where T : notnull => Server.Services.GetRequiredService<T>();

    public Task PriceAsync(string input, string output, DateTimeOffset? from = null) => Prices.PublishAsync(
        new NewModelPrice { ProductId = Model, InputPerMillion = Usd(input), OutputPerMillion = Usd(output), EffectiveFrom = from, Reason = "list", IsConfirmed = true },
        Administrator,
        CancellationToken.None);

    public NewHold Call(long prompt, long maxOutput, Guid? account = null, string? requestId = null, TimeSpan? modelTimeout = null) => new()
    {
        RequestId = requestId ?? string.Create(CultureInfo.InvariantCulture, $"req_{Interlocked.Increment(ref _calls)}"),
        AccountId = account ?? Alice,
        CallerId = Alice,
        ProductId = Model,
        ProductName = "acme/compass",
        SellerId = Acme,
        Revision = "0123456789abcdef",
        PromptTokens = prompt,
        MaxOutputTokens = maxOutput,
        ModelTimeout = modelTimeout ?? TimeSpan.FromDays(10_000),
    };

    public Task<Hold> ReserveAsync(long prompt, long maxOutput, Guid? account = null) =>
        Metering.ReserveAsync(Call(prompt, maxOutput, account), CancellationToken.None);

    public Task<Settlement> SettleAsync(Hold hold, long input, long output, CallOutcome outcome = CallOutcome.Completed) =>
        Metering.SettleAsync(hold.Id, new CallUsage(input, output), outcome, Measurement.Engine, CancellationToken.None);

    /// <summary>The server that runs the call is lost, and the sweep finds out.</summary>
    public async Task OrphanAsync(Hold hold)
    {
        await Steps.WriteAsync(
            (db, cancel) => db.Holds.Where(h => h.Id == hold.Id).ExecuteUpdateAsync(set => set.SetProperty(h => h.ExpiresAt, DateTimeOffset.UnixEpoch), cancel),
            CancellationToken.None);
        await Get<Orphans>().SettleAllAsync(CancellationToken.None);
    }

    internal Task<TopUp> TopUpAsync(Money amount, Caller? owner = null)
    {
        var payer = owner ?? Member(Alice);
        return Get<TopUps>().CreateAsync(new NewTopUp(payer.Id, payer.Name, amount, "test"), payer, CancellationToken.None);
    }

    /// <summary>A grant: a promotion, unless said otherwise; bought ones come with their money.</summary>
    internal Task<CreditGrant> GiveAsync(
        Guid account, string amount, GrantKind kind = GrantKind.Promo, DateTimeOffset? startsAt = null, DateTimeOffset? expiresAt = null, int priority = CreditGrant.UsualPriority, Guid? model = null) =>
        Steps.WriteAsync(
            async (db, cancel) =>
            {
                var wanted = new NewGrant(account, kind, Usd(amount), $"test:{Interlocked.Increment(ref _calls)}")
                {
                    StartsAt = startsAt,
                    ExpiresAt = expiresAt,
                    Priority = priority,
                    Refundable = kind is GrantKind.Paid,
                    ModelIds = model is { } id ? [id] : [],
                };
                if (kind is GrantKind.Paid)
                {
                    var (transaction, postings) = LedgerTransaction.Of(new LedgerEntry(wanted.SourceRef, LedgerKind.Adjustment, Clock.GetUtcNow(), LedgerAccounts.Bank, LedgerAccounts.Prepaid(account), wanted.Amount), Clock.GetUtcNow());
                    db.LedgerTransactions.Add(transaction);
                    db.Postings.AddRange(postings);
                }

                var grant = await CreditGrants.GiveAsync(db, wanted, Clock.GetUtcNow(), cancel);
                await db.SaveChangesAsync(cancel);
                return grant;
            },
            CancellationToken.None);

    public Task<WalletView> WalletAsync(Guid? account = null) => Wallets.ViewAsync(account ?? Alice, CancellationToken.None);

    public static Money Usd(string amount) =>
        Money.TryParse(amount, Currency.Usd, out var money) ? money : throw new FormatException(amount);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
