using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// Decides and computes an invoice's taxes: once for each jurisdiction and rate, on the sum of the rounded lines, and then spread over
/// these lines so that they add up.
/// </summary>
internal static class Taxation
{
    /// <param name="lines">What each line is taxed as, and its rounded amount.</param>
    /// <param name="rules">Of the buyer's place, the best first.</param>
    public static Taxes Of(IReadOnlyList<(string TaxClass, Money Amount)> lines, FormParty buyer, IReadOnlyList<TaxRule> rules, bool allowsUnverifiedIds, Currency currency)
    {
        var decisions = lines.Select(line => Decide(line.TaxClass, buyer, rules, allowsUnverifiedIds)).ToList();
        var taxes = Enumerable.Repeat(Money.Zero(currency), lines.Count).ToArray();
        var totals = new List<FormTax>();
        var (charged, included) = (Money.Zero(currency), Money.Zero(currency));
        var groups = decisions.Index().Where(d => d.Item.Outcome is Charged or Included).GroupBy(d => (d.Item.Jurisdiction, d.Item.Rate, d.Item.Outcome));
        foreach (var group in groups.OrderBy(g => g.Key.Jurisdiction, StringComparer.Ordinal).ThenBy(g => g.Key.Rate).ThenBy(g => g.Key.Outcome, StringComparer.Ordinal))
        {
            var places = group.Select(d => d.Index).ToList();
            var taxed = places.Aggregate(Money.Zero(currency), (sum, at) => sum + lines[at].Amount);
            var divisor = TaxRule.Whole + (group.Key.Outcome is Included ? group.Key.Rate : 0);
            var total = MinorUnits.HalfUp(new Money(taxed.Picos * group.Key.Rate / divisor, currency));
            var shares = InvoiceRounding.Allocate([.. places.Select(at => Share(lines[at].Amount, group.Key.Rate, divisor))], total);
            foreach (var (share, at) in shares.Zip(places))
            {
                taxes[at] = share;
            }

            totals.Add(new FormTax(group.Key.Jurisdiction, group.Key.Rate, group.Key.Outcome is Included, MinorUnits.Text(taxed), MinorUnits.Text(total)));
            (charged, included) = group.Key.Outcome is Included ? (charged, included + total) : (charged + total, included);
        }

        var used = decisions.Select(d => d.RuleId).ToHashSet(StringComparer.Ordinal);
        var notes = rules.Where(r => used.Contains(PublicId.Format(RulePrefix, r.Id)) && r.TextBlock.Length > 0).Select(r => r.TextBlock).Distinct(StringComparer.Ordinal);
        return new Taxes(decisions, taxes, totals, [.. notes], charged, included);
    }

    public const string RulePrefix = "tax";

    private const string Untaxed = "untaxed";
    private const string Charged = "charged";
    private const string Included = "included";
    private const string ReverseCharge = "reverse_charge";

    private static Money Share(Money amount, long rate, long divisor)
    {
        var (whole, rest) = Int128.DivRem(amount.Picos * rate, divisor);
        return new Money(rest < 0 ? whole - 1 : whole, amount.Currency);
    }

    private static FormDecision Decide(string taxClass, FormParty buyer, IReadOnlyList<TaxRule> rules, bool allowsUnverifiedIds)
    {
        string[] evidence = buyer.Country.Length == 0 ? [] : [$"billing_address:{buyer.Country}{(buyer.Region.Length > 0 ? "-" + buyer.Region : "")}"];
        if (rules.FirstOrDefault(r => r.Fits(taxClass)) is not { } rule)
        {
            return new FormDecision(Untaxed, taxClass, "", 0, "", evidence);
        }

        var isReversed = rule.ReverseCharge && buyer.IsBusiness
            && (buyer.TaxIdCheck == TaxIdCheck.Verified.ToWire() || (allowsUnverifiedIds && buyer.TaxIdCheck == TaxIdCheck.Unverified.ToWire()));
        return new FormDecision(
            isReversed ? ReverseCharge : rule.RateMillionths == 0 ? Untaxed : rule.IsInclusive ? Included : Charged,
            taxClass,
            rule.Jurisdiction,
            isReversed ? 0 : rule.RateMillionths,
            PublicId.Format(RulePrefix, rule.Id),
            evidence);
    }
}

/// <param name="Decisions">One for each line.</param>
/// <param name="Lines">Each line's share, in whole minor units.</param>
/// <param name="Notes">What the invoice must say.</param>
/// <param name="Charged">On top of the lines.</param>
/// <param name="Included">Within them.</param>
internal sealed record Taxes(IReadOnlyList<FormDecision> Decisions, IReadOnlyList<Money> Lines, IReadOnlyList<FormTax> Totals, IReadOnlyList<string> Notes, Money Charged, Money Included);
