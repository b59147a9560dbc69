using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The operator's table of rates. A rule is never changed: it ends, and another begins.</summary>
internal sealed class TaxRules(BillingSteps steps, TimeProvider clock)
{
    private const int LongestText = 500;
    private const int RatePlaces = 4;

    public Task<List<TaxRule>> AllAsync(Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync(db => db.TaxRules.AsNoTracking().OrderBy(r => r.Jurisdiction).ThenBy(r => r.ProductClass).ThenByDescending(r => r.ValidFrom).ToListAsync(cancel));
    }

    /// <exception cref="Refusal"><c>forbidden</c>, <c>unprocessable</c>.</exception>
    public Task<TaxRule> AddAsync(TaxRuleRequest wanted, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        var now = clock.GetUtcNow();
        var place = (wanted.Jurisdiction ?? "").Trim().ToUpperInvariant();
        if (place.Length is not (2 or (>= 4 and <= 8)) || !place[..2].All(char.IsAsciiLetterUpper) || (place.Length > 2 && (place[2] != '-' || !place[3..].All(char.IsAsciiLetterOrDigit))))
        {
            throw Wrong("jurisdiction", "Give a country such as DE, or a part of one such as US-NY.");
        }

        if (!TaxClasses.Every.Contains(wanted.ProductClass ?? "", StringComparer.Ordinal))
        {
            throw Wrong("productClass", $"\"productClass\" must be one of [{string.Join(", ", TaxClasses.Every)}].");
        }

        var rule = new TaxRule
        {
            Id = Guid.CreateVersion7(now),
            Jurisdiction = place,
            ProductClass = wanted.ProductClass!, // it is one of those
            RateMillionths = ReadRate(wanted.RatePercent),
            IsInclusive = wanted.IsInclusive,
            ReverseCharge = wanted.ReverseCharge,
            TextBlock = wanted.TextBlock is { Length: > LongestText } ? throw Wrong("textBlock", $"The text has at most {LongestText} characters.") : wanted.TextBlock?.Trim() ?? "",
            ValidFrom = wanted.ValidFrom ?? now,
            ValidTo = wanted.ValidTo,
            CreatedAt = now,
            CreatedBy = administrator.Id,
        };
        if (rule.ValidTo <= rule.ValidFrom)
        {
            throw Wrong("validTo", "The rule would end before it begins.");
        }

        return steps.WriteAsync(
            async (db, token) =>
            {
                db.TaxRules.Add(rule);
                await db.SaveChangesAsync(token);
                return rule;
            },
            cancel);
    }

    /// <param name="at">The first instant at which it no longer holds; now unless given, and not before: what was issued stays right.</param>
    public Task<TaxRule> EndAsync(Guid ruleId, DateTimeOffset? at, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.WriteAsync(
            async (db, token) =>
            {
                var now = clock.GetUtcNow();
                var rule = await db.TaxRules.SingleOrDefaultAsync(r => r.Id == ruleId, token) ?? throw new Refusal(RefusalCode.NotFound, "There is no such tax rule.");
                rule.ValidTo = at >= now ? at : now + TimeSpan.FromMilliseconds(1);
                await db.SaveChangesAsync(token);
                return rule;
            },
            cancel);
    }

    private static long ReadRate(string? percent)
    {
        var parts = (percent ?? "").Trim().Split('.');
        var fraction = parts.Length == 2 ? parts[1] : "";
        return parts.Length <= 2 && parts[0].Length is > 0 and <= 3 && fraction.Length <= RatePlaces && parts.All(p => p.Length > 0 && p.All(char.IsAsciiDigit))
            ? (long.Parse(parts[0], CultureInfo.InvariantCulture) * (TaxRule.Whole / 100)) + long.Parse(fraction.PadRight(RatePlaces, '0'), CultureInfo.InvariantCulture)
            : throw Wrong("ratePercent", "Give the rate in percent as a decimal string, such as \"19\" or \"8.875\".");
    }

    private static Refusal Wrong(string param, string message) => new(RefusalCode.Unprocessable, message) { Param = param };
}
