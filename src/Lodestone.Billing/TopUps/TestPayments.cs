using System.Collections.Concurrent;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// Pays at once and moves no money: for trying things out. As test card numbers do, some amounts fail: those that end in .02 are declined,
/// and those in .03 in a way that no other try would change. Its cards are made up. It forgets payments with the process.
/// </summary>
internal sealed class TestPayments(BillingOptions options) : IMethodProvider
{
    public const string ProviderName = "test";

    private const long Cent = Money.PicosPerUnit / 100;
    private const long Declined = 2 * Cent;
    private const long Lost = 3 * Cent;
    private const string SetupPrefix = "test_setup_";

    private readonly ConcurrentDictionary<string, PaymentResult> _payments = new(StringComparer.Ordinal);

    public string Name => ProviderName;

    public bool IsOffered => options.TestPayments;

    public string ArrivesIn => LedgerAccounts.Clearing(ProviderName);

    public bool NeedsMethod => false;

    public Task<PaymentResult> ChargeAsync(Payment payment, CancellationToken cancel) =>
        Task.FromResult(_payments.GetOrAdd(payment.Key, static (key, amount) => Decide(key, amount), payment.Amount));

    public Task<PaymentResult?> FindAsync(Payment payment, CancellationToken cancel) => Task.FromResult(_payments.GetValueOrDefault(payment.Key));

    public Task<string> CreateCustomerAsync(NewProviderCustomer customer, CancellationToken cancel) => Task.FromResult($"test_customer_{customer.AccountId:N}");

    public Task<MethodSetup> SetUpAsync(NewMethodSetup setup, CancellationToken cancel) => Task.FromResult(new MethodSetup(SetupPrefix + setup.Customer, Page: null));

    public Task<ProviderMethod?> FindSetupAsync(string reference, CancellationToken cancel) => Task.FromResult(reference.StartsWith(SetupPrefix, StringComparison.Ordinal)
        ? new ProviderMethod(reference[SetupPrefix.Length..], $"test_card_{reference[SetupPrefix.Length..]}", "test card", "4242")
        : null);

    public Task ForgetAsync(string methodReference, CancellationToken cancel) => Task.CompletedTask;

    private static PaymentResult Decide(string key, Money amount) => amount.Remainder switch
    {
        Declined => new PaymentResult(TopUpState.Failed, Failure: "The test payment was declined, as all amounts are that end in .02.") { FailureCode = "card_declined" },
        Lost => new PaymentResult(TopUpState.Failed, Failure: "The test card is lost, as it is for all amounts that end in .03. Give another card.") { FailureCode = "lost_card", IsHard = true },
        _ => new PaymentResult(TopUpState.Succeeded, $"test_{key}"),
    };
}
