using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Why a call is refused before it starts, in words that say what to do.</summary>
internal static class SpendRefusals
{
    private const string TopUpPath = "/billing";

    private static readonly RefusalCode UnpricedCode = new("unpriced", 503);
    private static readonly RefusalCode SpendLimit = new("spend_limit", 402);
    private static readonly RefusalCode FreeQuotaExhausted = new("free_quota_exhausted", 402);
    private static readonly RefusalCode AccountSuspended = new("account_suspended", 402);
    private static readonly RefusalCode DuplicateRequest = new("duplicate_request_id", 409);

    public static Refusal Unpriced(string productName) =>
        new(UnpricedCode, $"{productName} has no price yet, so calls to it are refused. An administrator of this server sets one; a price of 0 makes it free.") { Headers = NoRetry };

    public static Refusal Duplicate(string requestId) =>
        new(DuplicateRequest, $"A call with the request id {requestId} was made before. Send another X-Request-Id, or none.") { Headers = NoRetry };

    /// <summary>The account owes, and for too long.</summary>
    public static Refusal Suspended() =>
        new(AccountSuspended, "Invoices of this account are long overdue, so calls that cost something are refused. Pay what is open and they go on at once; all that is stored stays readable.")
        {
            HelpPath = "/billing/invoices",
            Headers = NoRetry,
        };

    /// <summary>An allowance that blocks does not cover all that the call may use.</summary>
    public static Refusal Exhausted(string productName, DateTimeOffset now) =>
        new(FreeQuotaExhausted, $"What is left of the allowance for {productName} does not cover this call. Ask for fewer tokens, wait until it is whole again, or upgrade.")
        {
            HelpPath = TopUpPath,
            RetryAfter = Days.Next(now) - now,
            Headers = NoRetry,
        };

    /// <summary>The account has neither allowance nor balance for the most that the call may cost.</summary>
    public static Refusal NotEnough(Wallet wallet, Money needed, Money freePerDay, DateTimeOffset now)
    {
        var resetsAt = Days.Next(now);
        var freeLeft = wallet.FreeLeft(freePerDay, Days.Of(now));
        var hasPaid = wallet.Balance.In(wallet.Currency).Picos > 0;
        var reset = resetsAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
        var currency = wallet.Currency;
        var free = $"{freeLeft} of today's free {freePerDay} {currency} is left until {reset}";
        var message = hasPaid
            ? $"The balance is too low: {wallet.Available} of {wallet.Balance.In(currency)} {currency} is available, and {free}, but this call may cost up to {needed} {currency}. Top up, or ask for fewer tokens."
            : $"The free allowance is used up: {free}, and this call may cost up to {needed} {currency}. Top up to go on now, wait for the reset, or ask for fewer tokens.";
        return new Refusal(hasPaid ? SpendLimit : FreeQuotaExhausted, message)
        {
            HelpPath = TopUpPath,
            RetryAfter = resetsAt - now,
            Headers = NoRetry,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["limit"] = (hasPaid ? wallet.Balance.In(currency) : freePerDay).ToString(),
                ["used"] = (hasPaid ? wallet.Held.In(currency) : freePerDay - freeLeft).ToString(),
                ["required"] = needed.ToString(),
                ["currency"] = currency.Code,
                ["resets_at"] = Instants.ToWire(resetsAt),
                ["topup_url"] = TopUpPath,
            },
        };
    }

    // Read by the OpenAI client libraries, which would otherwise call again at once.
    private static Dictionary<string, string> NoRetry => new(StringComparer.Ordinal) { ["x-should-retry"] = "false" };
}
