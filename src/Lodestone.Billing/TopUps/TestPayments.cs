using System.Collections.Concurrent;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// Pays at once and moves no money: for trying things out. As test card numbers do, some amounts fail:
/// those that end in .02 are declined. It forgets with the process.
/// </summary>
internal sealed class TestPayments(BillingOptions options) : IPaymentProvider
{
    public const string ProviderName = "test";

    private const long Cent = Money.PicosPerUnit / 100;
    private const long Declined = 2 * Cent;

    private readonly ConcurrentDictionary<string, PaymentResult> _payments = new(StringComparer.Ordinal);

    public string Name => ProviderName;

    public bool IsOffered => options.TestPayments;

    public string ArrivesIn => LedgerAccounts.Clearing(ProviderName);

    public Task<PaymentResult> ChargeAsync(Payment payment, CancellationToken cancel) =>
        Task.FromResult(_payments.GetOrAdd(payment.Key, static (key, amount) => Decide(key, amount), payment.Amount));

    public Task<PaymentResult?> FindAsync(string key, CancellationToken cancel) => Task.FromResult(_payments.GetValueOrDefault(key));

    private static PaymentResult Decide(string key, Money amount) => amount.Remainder == Declined
        ? new PaymentResult(TopUpState.Failed, Failure: "The test payment was declined, as all amounts are that end in .02.")
        : new PaymentResult(TopUpState.Succeeded, $"test_{key}");
}
