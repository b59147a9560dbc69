using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Amounts as Stripe writes them: whole minor units, and currencies in small letters.</summary>
internal static class StripeMoney
{
    public static string Currency(Currency currency) => currency.Code.ToLowerInvariant();

    public static Money Read(long amount, string currency) => MinorUnits.FromCount(amount, new Currency(currency.ToUpperInvariant()));

    public static DateTimeOffset Instant(DateTime created) => new(DateTime.SpecifyKind(created, DateTimeKind.Utc));
}
