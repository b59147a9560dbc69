using Lodestone.Core;
using Stripe;

namespace Lodestone.Billing;

/// <summary>
/// Cards by Stripe. What people pay with is given on Stripe's own page and stays there; here are its references. Each payment and refund is
/// asked for under our key, as Stripe's idempotency key and in its metadata: by the first asking twice is asking once, by the second it is
/// found when nobody answered, for Stripe forgets the first after a day.
/// </summary>
internal sealed partial class StripePayments(StripeOptions options, StripeCalls calls) : IMethodProvider
{
    public const string ProviderName = "stripe";

    private const string KeyName = "lodestone_key";
    private const string AccountName = "lodestone_account";
    private const string LatestFee = "latest_charge.balance_transaction";
    private const string ListedFee = "data.latest_charge.balance_transaction";
    private const int LongPage = 100;

    // Stripe's clock and ours need not agree.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(10);

    public string Name => ProviderName;

    public bool IsOffered => options.SecretKey.Length > 0;

    public string ArrivesIn => LedgerAccounts.Clearing(ProviderName);

    public bool NeedsMethod => true;

    public async Task<string> CreateCustomerAsync(NewProviderCustomer customer, CancellationToken cancel)
    {
        var wanted = new CustomerCreateOptions { Name = customer.Name, Metadata = new() { [AccountName] = customer.AccountId.ToString("N") } };
        return (await calls.AskAsync(client => new CustomerService(client).CreateAsync(wanted, StripeCalls.Once($"customer:{customer.AccountId:N}"), cancel), cancel)).Id;
    }

    public async Task<MethodSetup> SetUpAsync(NewMethodSetup setup, CancellationToken cancel)
    {
        var wanted = new Stripe.Checkout.SessionCreateOptions
        {
            Mode = "setup",
            Currency = StripeMoney.Currency(BillingOptions.Currency),
            Customer = setup.Customer,
            AllowedPaymentMethodTypes = ["card"],
            ClientReferenceId = setup.AccountId.ToString("N"),
            SuccessUrl = setup.ReturnUrl.Replace("{setup}", "{CHECKOUT_SESSION_ID}", StringComparison.Ordinal),
            CancelUrl = setup.ReturnUrl.Replace("{setup}", "", StringComparison.Ordinal),
        };
        var session = await calls.AskAsync(client => new Stripe.Checkout.SessionService(client).CreateAsync(wanted, requestOptions: null, cancel), cancel);
        return new MethodSetup(session.Id, session.Url);
    }

    public async Task<ProviderMethod?> FindSetupAsync(string reference, CancellationToken cancel)
    {
        var wanted = new Stripe.Checkout.SessionGetOptions { Expand = ["setup_intent.payment_method"] };
        var session = await calls.FindAsync(client => new Stripe.Checkout.SessionService(client).GetAsync(reference, wanted, requestOptions: null, cancel), cancel);
        return session?.SetupIntent is { Status: "succeeded", PaymentMethod: { CustomerId: { } customer } method } ? MethodOf(customer, method) : null; // of nobody: taken away since
    }

    public Task ForgetAsync(string methodReference, CancellationToken cancel) =>
        calls.FindAsync(client => new PaymentMethodService(client).DetachAsync(methodReference, options: null, requestOptions: null, cancel), cancel);

    public async Task<PaymentResult> ChargeAsync(Payment payment, CancellationToken cancel)
    {
        if (payment.Method is not { } method || MinorUnits.Floor(payment.Amount).Over != 0)
        {
            return new PaymentResult(TopUpState.Failed, Failure: "Cards are charged whole minor units, and only where one was given.") { FailureCode = "not_chargeable" };
        }

        var wanted = new PaymentIntentCreateOptions
        {
            Amount = MinorUnits.Count(payment.Amount),
            Currency = StripeMoney.Currency(payment.Amount.Currency),
            Customer = method.Customer,
            PaymentMethod = method.Reference,
            AllowedPaymentMethodTypes = ["card"],
            Confirm = true,
            OffSession = payment.IsUnattended,
            ReturnUrl = payment.IsUnattended ? null : payment.ReturnUrl,
            Description = payment.Reference,
            Metadata = new() { [KeyName] = payment.Key },
            Expand = [LatestFee],
        };
        try
        {
            return ResultOf(await calls.AskAsync(client => new PaymentIntentService(client).CreateAsync(wanted, StripeCalls.Once(payment.Key), cancel), cancel));
        }
        catch (StripeException refused)
        {
            return RefusedBy(refused);
        }
    }

    public async Task<PaymentResult?> FindAsync(Payment payment, CancellationToken cancel) => await FindIntentAsync(payment, cancel) is { } intent ? ResultOf(intent) : null;

    public async Task<PaymentResult?> CancelAsync(Payment payment, CancellationToken cancel)
    {
        if (await FindIntentAsync(payment, cancel) is not { } intent)
        {
            return null;
        }

        await calls.FindAsync(client => new PaymentIntentService(client).CancelAsync(intent.Id, options: null, requestOptions: null, cancel), cancel);
        return await FindAsync(payment, cancel); // it may have been confirmed just before
    }

    public async Task<RefundResult> RefundAsync(WantedRefund refund, CancellationToken cancel)
    {
        var wanted = new RefundCreateOptions { PaymentIntent = refund.PaymentReference, Amount = MinorUnits.Count(refund.Amount), Metadata = new() { [KeyName] = refund.Key } };
        try
        {
            return RefundOf(await calls.AskAsync(client => new RefundService(client).CreateAsync(wanted, StripeCalls.Once(refund.Key), cancel), cancel));
        }
        catch (StripeException refused)
        {
            return new RefundResult(RefundState.Failed, Failure: refused.StripeError?.Message ?? refused.Message);
        }
    }

    public async Task<RefundResult?> FindRefundAsync(WantedRefund refund, CancellationToken cancel)
    {
        var wanted = new RefundListOptions { PaymentIntent = refund.PaymentReference, Limit = LongPage };
        var found = await calls.AskAsync(client => StripeCalls.ReadAsync(new RefundService(client).ListAutoPagingAsync(wanted, requestOptions: null, cancel), r => KeyOf(r.Metadata) == refund.Key, cancel), cancel);
        return found is [var one, ..] ? RefundOf(one) : null;
    }

    public ProviderMessage? ParseWebhook(ReadOnlySpan<byte> body, string? signature, DateTimeOffset now) =>
        options.WebhookSecret.Length > 0 && StripeSignature.Fits(body, signature, options.WebhookSecret, now) ? StripeMessages.Read(body) : null;

    private async Task<PaymentIntent?> FindIntentAsync(Payment payment, CancellationToken cancel)
    {
        if (payment.Method is not { } method)
        {
            return null; // nothing was asked without one
        }

        var wanted = new PaymentIntentListOptions
        {
            Customer = method.Customer,
            Created = new DateRangeOptions { GreaterThanOrEqual = (payment.CreatedAt - Skew).UtcDateTime },
            Limit = LongPage,
            Expand = [ListedFee],
        };
        var found = await calls.AskAsync(
            client => StripeCalls.ReadAsync(new PaymentIntentService(client).ListAutoPagingAsync(wanted, requestOptions: null, cancel), i => KeyOf(i.Metadata) == payment.Key, cancel), cancel);
        return found is [var one, ..] ? one : null;
    }

    private static PaymentResult ResultOf(PaymentIntent intent) => intent.Status switch
    {
        "succeeded" => new PaymentResult(TopUpState.Succeeded, intent.Id) { Fee = FeeOf(intent) },
        "requires_action" => new PaymentResult(TopUpState.RequiresAction, intent.Id) { ActionUrl = intent.NextAction?.RedirectToUrl?.Url },
        "requires_payment_method" => Declined(intent.Id, intent.LastPaymentError),
        "canceled" => new PaymentResult(TopUpState.Failed, intent.Id, "The payment was not confirmed in time. Nothing was taken; pay again.") { FailureCode = "canceled" },
        _ => new PaymentResult(TopUpState.Processing, intent.Id),
    };

    private static PaymentResult RefusedBy(StripeException refused) => refused.StripeError switch
    {
        { Type: "card_error" } error => Declined(error.PaymentIntent?.Id, error),
        { Type: "idempotency_error" } error => throw new ProviderSilentException(error.Message), // the first that was asked with the key decides
        var error => new PaymentResult(TopUpState.Failed, error?.PaymentIntent?.Id, "The payment provider refused the request. Nothing was taken; its operator must look at it.") { FailureCode = error?.Code ?? error?.Type ?? "refused" },
    };

    private static PaymentResult Declined(string? reference, StripeError? error)
    {
        var code = error?.DeclineCode ?? error?.Code ?? "card_declined";
        return new PaymentResult(TopUpState.Failed, reference, StripeDeclines.Text(code, error?.Message)) { FailureCode = code, IsHard = StripeDeclines.IsHard(code) || StripeDeclines.IsHard(error?.Code ?? "") };
    }

    private static Money? FeeOf(PaymentIntent intent) => intent.LatestCharge?.BalanceTransaction is { } booked && booked.Currency == intent.Currency ? StripeMoney.Read(booked.Fee, booked.Currency) : null;

    private static RefundResult RefundOf(Stripe.Refund refund) => refund.Status switch
    {
        "succeeded" => new RefundResult(RefundState.Succeeded, refund.Id),
        "failed" or "canceled" => new RefundResult(RefundState.Failed, refund.Id, refund.FailureReason ?? refund.Status),
        _ => new RefundResult(RefundState.Processing, refund.Id),
    };

    private static ProviderMethod MethodOf(string customer, Stripe.PaymentMethod method) =>
        new(customer, method.Id, method.Card?.Brand ?? method.Type, method.Card?.Last4 ?? "", method.Card?.ExpMonth, method.Card?.ExpYear);

    private static string? KeyOf(Dictionary<string, string>? metadata) => metadata?.GetValueOrDefault(KeyName);
}
