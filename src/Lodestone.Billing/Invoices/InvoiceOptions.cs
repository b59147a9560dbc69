using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Settings under <c>Billing:Invoices</c>.</summary>
public sealed record InvoiceOptions
{
    /// <summary>The legal entity that sells, as invoices name it.</summary>
    public string SellerName { get; init; } = "";

    public string SellerAddress { get; init; } = "";

    /// <summary>ISO 3166-1, two capital letters.</summary>
    public string SellerCountry { get; init; } = "";

    public string SellerTaxId { get; init; } = "";

    /// <summary>What numbers begin with: the legal entity's own series; <c>LS</c> unless given.</summary>
    public string Series { get; init; } = "LS";

    /// <summary>How long after a period's end late events are waited for: 0 to 72 hours, 12 unless given.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromHours(12);

    /// <summary>How long a customer has to pay; 14 days unless given.</summary>
    public TimeSpan DueAfter { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Smaller amounts wait for the next period, three months at most; a decimal amount, <c>1.00</c> unless given.</summary>
    public string MinAmount { get; init; } = "1.00";

    /// <summary>What an account may use unbilled before a partial invoice is cut; a decimal amount, <c>1000</c> unless given.</summary>
    public string ProgressAmount { get; init; } = "1000";

    /// <summary>Businesses with a tax id that no registry was asked about pay no tax where the rule says reverse charge.</summary>
    public bool AllowUnverifiedTaxIds { get; init; }

    internal bool IsValid => Grace >= TimeSpan.Zero && Grace <= TimeSpan.FromHours(72) && DueAfter >= TimeSpan.Zero
        && Series.Length is > 0 and <= 12 && Series.All(char.IsAsciiLetterOrDigit) && SellerCountry.Length is 0 or 2
        && Money.TryParse(MinAmount, BillingOptions.Currency, out _) && Money.TryParse(ProgressAmount, BillingOptions.Currency, out _);

    internal Money Min => Read(MinAmount);

    internal Money Progress => Read(ProgressAmount);

    internal FormParty Seller => new(SellerName, SellerAddress, SellerCountry, "", IsBusiness: true, SellerTaxId, TaxIdCheck.None.ToWire());

    private static Money Read(string text) => Money.TryParse(text, BillingOptions.Currency, out var amount) ? amount : throw new InvalidOperationException($"'{text}' under Billing:Invoices is no amount.");
}
