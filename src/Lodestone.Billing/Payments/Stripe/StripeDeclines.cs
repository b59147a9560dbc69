using System.Collections.Frozen;

namespace Lodestone.Billing;

/// <summary>Why cards are refused, in Stripe's words (https://docs.stripe.com/declines/codes).</summary>
internal static class StripeDeclines
{
    /// <summary>Trying the same card again cannot succeed: its owner must do something first.</summary>
    private static readonly FrozenSet<string> Hard = new[]
    {
        "authentication_required", "card_not_supported", "currency_not_supported", "do_not_try_again", "expired_card", "fraudulent", "incorrect_number", "invalid_account",
        "invalid_expiry_month", "invalid_expiry_year", "invalid_number", "lost_card", "merchant_blacklist", "new_account_information_available", "pickup_card",
        "restricted_card", "revocation_of_all_authorizations", "revocation_of_authorization", "security_violation", "service_not_allowed", "stolen_card",
        "stop_payment_order", "testmode_decline", "transaction_not_allowed",
    }.ToFrozenSet(StringComparer.Ordinal);

    // Their owners are not told by us that a card is thought lost, stolen or misused: the one who pays may be the thief.
    private static readonly FrozenSet<string> Discreet = new[] { "fraudulent", "lost_card", "merchant_blacklist", "pickup_card", "stolen_card" }.ToFrozenSet(StringComparer.Ordinal);

    public static bool IsHard(string code) => Hard.Contains(code);

    /// <summary>For the payer.</summary>
    public static string Text(string code, string? message) => code switch
    {
        "authentication_required" => "The bank wants its customer to confirm the payment. Pay the invoice yourself, and confirm it there.",
        _ when Discreet.Contains(code) => "The card was declined. Give another payment method, or ask your bank.",
        _ => string.IsNullOrEmpty(message) ? "The card was declined. Give another payment method, or ask your bank." : message,
    };
}
