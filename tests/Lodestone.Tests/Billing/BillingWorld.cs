using System.Collections.Frozen;
using System.Globalization;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

/// <summary>A server on which Acme sells one model and Alice calls it.</summary>
public sealed class BillingWorld : IAsyncDisposable
{
    private int _calls;

    private BillingWorld(TestServer server)
    {
        Server = server;
        Acme = PublicId.New(server.Clock);
        Alice = PublicId.New(server.Clock);
        Model = PublicId.New(server.Clock);
        Administrator = new Caller
        {
            Id = PublicId.New(server.Clock),
            Name = "root",
            Kind = CallerKind.User,
            Roles = FrozenDictionary<Guid, NamespaceRole>.Empty,
            Scope = TokenScope.All,
            IsAdministrator = true,
        };
    }

    public TestServer Server { get; }

    public Guid Acme { get; }

    public Guid Alice { get; }

    public Guid Model { get; }

    public Caller Administrator { get; }

    public Metering Metering => Get<Metering>();

    public Prices Prices => Get<Prices>();

    public Wallets Wallets => Get<Wallets>();

    internal BillingSteps Steps => Get<BillingSteps>();

    public static async Task<BillingWorld> StartAsync(string freePerDay = "0.05") =>
        new(await TestServer.StartAsync(services => services.AddSingleton(new BillingOptions { FreePerDay = freePerDay })));

    public T Get<T>()
        where T : notnull => Server.Services.GetRequiredService<T>();

    public Task PriceAsync(string input, string output, DateTimeOffset? from = null) => Prices.PublishAsync(
        new NewModelPrice { ProductId = Model, InputPerMillion = Usd(input), OutputPerMillion = Usd(output), EffectiveFrom = from, Reason = "list", IsConfirmed = true },
        Administrator,
        CancellationToken.None);

    public NewHold Call(long prompt, long maxOutput, Guid? account = null, string? requestId = null) => new()
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
        ModelTimeout = TimeSpan.FromMinutes(2),
    };

    public Task<Hold> ReserveAsync(long prompt, long maxOutput, Guid? account = null) =>
        Metering.ReserveAsync(Call(prompt, maxOutput, account), CancellationToken.None);

    public Task<Settlement> SettleAsync(Hold hold, long input, long output, CallOutcome outcome = CallOutcome.Completed) =>
        Metering.SettleAsync(hold.Id, new CallUsage(input, output), outcome, Measurement.Engine, CancellationToken.None);

    public Task<WalletView> WalletAsync(Guid? account = null) => Wallets.ViewAsync(account ?? Alice, CancellationToken.None);

    public static Money Usd(string amount) =>
        Money.TryParse(amount, Currency.Usd, out var money) ? money : throw new FormatException(amount);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
