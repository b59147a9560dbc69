using Lodestone.Core;
using Stripe;

namespace Lodestone.Billing;

/// <summary>Objects at Stripe as they are now.</summary>
internal sealed partial class StripePayments
{
    public async Task<ProviderObject?> FetchAsync(ProviderObjectKind kind, string reference, CancellationToken cancel) => kind switch
    {
        ProviderObjectKind.Payment => Of(await calls.FindAsync(
            client => new PaymentIntentService(client).GetAsync(reference, new PaymentIntentGetOptions { Expand = [LatestFee] }, requestOptions: null, cancel), cancel)),
        ProviderObjectKind.Refund => Of(await calls.FindAsync(client => new RefundService(client).GetAsync(reference, options: null, requestOptions: null, cancel), cancel)),
        ProviderObjectKind.Dispute => Of(await calls.FindAsync(client => new DisputeService(client).GetAsync(reference, options: null, requestOptions: null, cancel), cancel)),
        ProviderObjectKind.Payout => Of(await calls.FindAsync(client => new PayoutService(client).GetAsync(reference, options: null, requestOptions: null, cancel), cancel)),
        ProviderObjectKind.Setup => await FindSetupAsync(reference, cancel) is { } method ? new ProviderKeptMethod(method.Reference, default, method) : null,
        _ => Of(reference, await calls.FindAsync(client => new PaymentMethodService(client).GetAsync(reference, options: null, requestOptions: null, cancel), cancel)),
    };

    public async Task<IReadOnlyList<ProviderObject>> ListSinceAsync(DateTimeOffset since, CancellationToken cancel)
    {
        var created = new DateRangeOptions { GreaterThanOrEqual = since.UtcDateTime };
        var payments = await ListAsync(client => new PaymentIntentService(client).ListAutoPagingAsync(new PaymentIntentListOptions { Created = created, Limit = LongPage, Expand = [ListedFee] }, requestOptions: null, cancel), cancel);
        var refunds = await ListAsync(client => new RefundService(client).ListAutoPagingAsync(new RefundListOptions { Created = created, Limit = LongPage }, requestOptions: null, cancel), cancel);
        var disputes = await ListAsync(client => new DisputeService(client).ListAutoPagingAsync(new DisputeListOptions { Created = created, Limit = LongPage }, requestOptions: null, cancel), cancel);
        var payouts = await ListAsync(client => new PayoutService(client).ListAutoPagingAsync(new PayoutListOptions { Created = created, Limit = LongPage }, requestOptions: null, cancel), cancel);
        return [.. payments.Select(Of).Concat(refunds.Select(Of)).Concat(disputes.Select(Of)).Concat(payouts.Select(Of)).OfType<ProviderObject>()];
    }

    private Task<List<T>> ListAsync<T>(Func<IStripeClient, IAsyncEnumerable<T>> list, CancellationToken cancel) => calls.AskAsync(client => StripeCalls.ReadAsync(list(client), _ => true, cancel), cancel);

    private static ProviderObject? Of(PaymentIntent? intent) => intent is null
        ? null
        : new ProviderPayment(intent.Id, StripeMoney.Instant(intent.Created), KeyOf(intent.Metadata), StripeMoney.Read(intent.Amount, intent.Currency), ResultOf(intent));

    private static ProviderObject? Of(Stripe.Refund? refund) => refund is null
        ? null
        : new ProviderRefund(refund.Id, StripeMoney.Instant(refund.Created), KeyOf(refund.Metadata), refund.PaymentIntentId ?? "", StripeMoney.Read(refund.Amount, refund.Currency), RefundOf(refund));

    private static ProviderObject? Of(Stripe.Dispute? dispute) => dispute is null
        ? null
        : new ProviderDispute(
            dispute.Id, StripeMoney.Instant(dispute.Created), dispute.PaymentIntentId ?? "", StripeMoney.Read(dispute.Amount, dispute.Currency), StateOf(dispute.Status), dispute.Reason ?? "",
            (dispute.BalanceTransactions ?? []).Where(b => b.Currency == dispute.Currency).Aggregate(Money.Zero(StripeMoney.Read(0, dispute.Currency).Currency), (sum, b) => sum + StripeMoney.Read(b.Fee, b.Currency)));

    private static ProviderObject? Of(Payout? payout) => payout is null
        ? null
        : new ProviderPayout(payout.Id, StripeMoney.Instant(payout.Created), StripeMoney.Read(payout.Amount, payout.Currency), payout.Status == "paid", payout.Status is "failed" or "canceled");

    private static ProviderKeptMethod Of(string reference, Stripe.PaymentMethod? method) =>
        new(reference, default, method?.CustomerId is { } customer ? MethodOf(customer, method) : null);

    private static DisputeState StateOf(string status) => status switch
    {
        "needs_response" or "under_review" => DisputeState.Open,
        "won" => DisputeState.Won,
        "lost" => DisputeState.Lost,
        "warning_closed" or "prevented" => DisputeState.Closed,
        _ => DisputeState.Inquiry,
    };
}
