using Lodestone.Core;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>Asks providers for payments, and knows what it means when one does not answer.</summary>
internal sealed partial class Charging(BillingSteps steps, IEnumerable<IPaymentProvider> providers, TimeProvider clock, ILogger<Charging> log)
{
    // A request may be on its way for so long before its provider knows of it.
    private static readonly TimeSpan OnItsWay = TimeSpan.FromMinutes(1);

    private static readonly RefusalCode UnknownProvider = new("unknown_provider", 422);
    private static readonly RefusalCode NoMethod = new("no_payment_method", 409);

    private readonly Dictionary<string, IPaymentProvider> _providers = providers.ToDictionary(p => p.Name, StringComparer.Ordinal);

    /// <summary>Those that new payments may be made with.</summary>
    public IReadOnlyList<string> Offered => [.. _providers.Values.Where(p => p.IsOffered).Select(p => p.Name)];

    /// <summary>A provider that new payments may be made with, and the method that the account is charged with there.</summary>
    /// <exception cref="Refusal"><c>unknown_provider</c>; <c>no_payment_method</c> where the provider needs one and the account has none.</exception>
    public async Task<(IPaymentProvider Provider, Guid? MethodId)> ChooseAsync(string? name, Guid accountId, CancellationToken cancel)
    {
        if (!_providers.TryGetValue(name ?? "", out var provider) || !provider.IsOffered)
        {
            throw new Refusal(UnknownProvider, $"'{name}' is no way to pay here. There is: {string.Join(", ", Offered)}.") { Param = "provider" };
        }

        var methodId = provider is IMethodProvider ? await steps.ReadAsync(db => db.ChargedAsync(accountId, provider.Name, cancel)) : null;
        return provider is IMethodProvider { NeedsMethod: true } && methodId is null
            ? throw new Refusal(NoMethod, $"The account has nothing to pay with by {provider.Name} yet. Add a payment method first.") { HelpPath = "/billing" }
            : (provider, methodId);
    }

    public bool Knows(string provider) => _providers.ContainsKey(provider);

    public IPaymentProvider this[string provider] => _providers[provider];

    /// <summary>Asks for a payment whose row is committed. No answer is an answer too: <see cref="TopUpState.Unknown"/>.</summary>
    public async Task<PaymentResult> ChargeAsync(string provider, Payment payment, Guid? methodId, CancellationToken cancel)
    {
        try
        {
            var method = await steps.ReadAsync(db => db.ProviderMethodAsync(methodId, cancel));
            return await _providers[provider].ChargeAsync(payment with { Method = method }, cancel);
        }
        catch (Exception silence) when (silence is ProviderSilentException or HttpRequestException)
        {
            ProviderSilent(log, provider, payment.Key, silence);
            return new PaymentResult(TopUpState.Unknown);
        }
    }

    /// <summary>How a payment stands that was asked for; <see langword="null"/> when that cannot be told yet.</summary>
    public async Task<PaymentResult?> FindAsync(string provider, Payment payment, Guid? methodId, CancellationToken cancel)
    {
        try
        {
            var method = await steps.ReadAsync(db => db.ProviderMethodAsync(methodId, cancel));
            if (await _providers[provider].FindAsync(payment with { Method = method }, cancel) is { } known)
            {
                return known;
            }

            return clock.GetUtcNow() - payment.CreatedAt < OnItsWay
                ? null
                : new PaymentResult(TopUpState.Failed, Failure: "The payment never reached its provider. Nothing was taken; pay again.") { FailureCode = "not_reached" };
        }
        catch (Exception silence) when (silence is ProviderSilentException or HttpRequestException)
        {
            ProviderSilent(log, provider, payment.Key, silence);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Payment provider {Provider} did not answer for payment {Key}; it will be asked how the payment stands")]
    private static partial void ProviderSilent(ILogger log, string provider, string key, Exception failure);
}
