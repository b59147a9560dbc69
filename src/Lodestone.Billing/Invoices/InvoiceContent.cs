using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What an invoice is of, computed from the roll-ups and charges that it has gathered, before rounding and tax.</summary>
/// <param name="Lines">By key. Lines of usage have their provenance once <see cref="InvoiceProof"/> has read their rows.</param>
/// <param name="Rows">How many rated rows were added up.</param>
internal sealed record InvoiceContent(IReadOnlyList<ContentLine> Lines, long Rows)
{
    public Money Exact(Currency currency) => Lines.Aggregate(Money.Zero(currency), (sum, line) => sum + line.Exact);

    public static async Task<InvoiceContent> ReadAsync(BillingDb db, Invoice invoice, Customer customer, CancellationToken cancel)
    {
        var sums = await SumsAsync(db, invoice, cancel);
        var ids = sums.Select(s => s.PriceVersionId).Distinct().ToList();
        var prices = await db.PriceVersions.AsNoTracking().Where(v => ids.Contains(v.Id)).ToDictionaryAsync(v => v.Id, cancel);
        var usage = sums.GroupBy(s => KeyOf(s, invoice, customer), StringComparer.Ordinal).Select(g => LineOf(g.Key, [.. g], invoice, customer, prices));
        var lines = usage.Concat(Draws(sums, invoice)).Concat(await ChargesAsync(db, invoice, cancel));
        return new InvoiceContent([.. lines.OrderBy(l => l.Key, StringComparer.Ordinal)], sums.Sum(s => s.Rows));
    }

    // Late minutes stay apart, because their months are those of the customer's calendar.
    private static Task<List<UsageSum>> SumsAsync(BillingDb db, Invoice invoice, CancellationToken cancel)
    {
        var start = invoice.PeriodStart;
        return db.RollUps.Where(u => u.InvoiceId == invoice.Id)
            .GroupBy(u => new { u.ProductId, u.PriceVersionId, u.Class, u.Currency, Late = u.Minute < start ? (DateTimeOffset?)u.Minute : null })
            .Select(g => new UsageSum(
                g.Key.ProductId, g.Key.PriceVersionId, g.Key.Class, g.Key.Late != null, g.Min(u => u.ProductName)!, g.Min(u => u.Day), g.Min(u => u.Minute), g.Max(u => u.Minute),
                g.Sum(u => u.RowCount), g.Sum(u => u.Quantity),
                new MoneySum(g.Sum(u => u.Amount.Units), g.Sum(u => u.Amount.Remainder / MoneySum.Split), g.Sum(u => u.Amount.Remainder % MoneySum.Split)),
                new MoneySum(g.Sum(u => u.Prepaid.Units), g.Sum(u => u.Prepaid.Remainder / MoneySum.Split), g.Sum(u => u.Prepaid.Remainder % MoneySum.Split)),
                new MoneySum(g.Sum(u => u.Promo.Units), g.Sum(u => u.Promo.Remainder / MoneySum.Split), g.Sum(u => u.Promo.Remainder % MoneySum.Split)),
                new MoneySum(g.Sum(u => u.Sla.Units), g.Sum(u => u.Sla.Remainder / MoneySum.Split), g.Sum(u => u.Sla.Remainder % MoneySum.Split))))
            .ToListAsync(cancel);
    }

    private static string MonthOf(UsageSum sum, Customer customer) => sum.IsLate ? customer.DayOf(sum.First).ToString("yyyy-MM", CultureInfo.InvariantCulture) : "";

    private static string KeyOf(UsageSum sum, Invoice invoice, Customer customer) =>
        $"{(sum.IsLate ? "late:" : "usage:")}{MonthOf(sum, customer)}:{sum.ProductId:N}:{sum.PriceVersionId:N}:{sum.Class}";

    private static ContentLine LineOf(string key, List<UsageSum> sums, Invoice invoice, Customer customer, Dictionary<Guid, PriceVersion> prices)
    {
        var (first, name) = (sums[0], sums.Min(s => s.ProductName)!); // one sum at least
        var what = $"{name}, {first.Class.Replace('_', ' ')} tokens";
        return new ContentLine
        {
            Key = key,
            Kind = first.IsLate ? InvoiceLineKind.Late : InvoiceLineKind.Usage,
            TaxClass = TaxClasses.Usage,
            Description = first.IsLate ? $"{what}: usage of {MonthOf(first, customer)}, received late" : what,
            UnitPrice = UnitPriceOf(first.Class, sums.Min(s => s.Day), prices.GetValueOrDefault(first.PriceVersionId)),
            ProductId = first.ProductId,
            PriceVersionId = first.PriceVersionId,
            Quantity = sums.Sum(s => s.Quantity),
            Exact = Total(sums.Select(s => s.Amount), invoice.Currency),
            RolledUp = new RolledUpLine(first.Class, sums.Min(s => s.First), sums.Max(s => s.Last), sums.Sum(s => s.Rows)),
        };
    }

    // What credit has paid: the invoice asks for the rest.
    private static IEnumerable<ContentLine> Draws(List<UsageSum> sums, Invoice invoice) => new (string Account, string Text, Func<UsageSum, MoneySum> Part)[]
        {
            (LedgerAccounts.Prepaid(invoice.AccountId), "Paid from prepaid credit", s => s.Prepaid),
            (LedgerAccounts.PromoContra, "Paid by promotional credit", s => s.Promo),
            (LedgerAccounts.SlaCredit, "Paid by service credit", s => s.Sla),
        }
        .Select(draw => (draw.Account, draw.Text, Sum: Total(sums.Select(draw.Part), invoice.Currency)))
        .Where(draw => !draw.Sum.IsZero)
        .Select(draw => new ContentLine
        {
            Key = $"draw:{draw.Account}",
            Kind = InvoiceLineKind.Draw,
            TaxClass = TaxClasses.Usage,
            Description = draw.Text,
            Quantity = 1,
            Exact = -draw.Sum,
        });

    private static async Task<IEnumerable<ContentLine>> ChargesAsync(BillingDb db, Invoice invoice, CancellationToken cancel)
    {
        var charges = await db.InvoicedCharges.Where(c => c.InvoiceId == invoice.Id).Join(db.Charges, c => c.Id, c => c.Id, (_, charge) => charge).AsNoTracking().ToListAsync(cancel);
        return charges.Select(charge => new ContentLine
        {
            Key = $"charge:{charge.Kind.ToWire()}:{charge.Key}",
            Kind = InvoiceLineKind.Charge,
            TaxClass = charge.Kind is ChargeKind.CommitTrueUp or ChargeKind.PriceCorrection ? TaxClasses.Usage : charge.Kind is ChargeKind.Credit ? TaxClasses.Credit : TaxClasses.Subscription,
            Description = charge.Description,
            Quantity = charge.Quantity,
            Exact = charge.Amount.In(charge.Currency),
            Charge = charge,
        });
    }

    private static string UnitPriceOf(string rowClass, DateOnly day, PriceVersion? version) => version?.ChargeOf(PriceLine.Parse(rowClass), Days.Month(day)) switch
    {
        null => "",
        UnitCharge unit => $"{new Money(unit.Price.Picos, version.Currency)} {version.Currency} per {unit.Price.PerQuantity.ToString("N0", CultureInfo.InvariantCulture)}",
        _ => string.Create(CultureInfo.InvariantCulture, $"price version {version.Version}"),
    };

    private static Money Total(IEnumerable<MoneySum> sums, Currency currency) => sums.Aggregate(Money.Zero(currency), (total, sum) => total + sum.In(currency));

    /// <param name="First">The first minute of it; <paramref name="Last"/> the last.</param>
    private sealed record UsageSum(
        Guid ProductId, Guid PriceVersionId, string Class, bool IsLate, string ProductName, DateOnly Day, DateTimeOffset First, DateTimeOffset Last,
        long Rows, long Quantity, MoneySum Amount, MoneySum Prepaid, MoneySum Promo, MoneySum Sla);
}

/// <summary>A line before rounding and tax.</summary>
internal sealed record ContentLine
{
    public required string Key { get; init; }

    public required InvoiceLineKind Kind { get; init; }

    public required string TaxClass { get; init; }

    public required string Description { get; init; }

    public string UnitPrice { get; init; } = "";

    public Guid? ProductId { get; init; }

    public Guid? PriceVersionId { get; init; }

    public Charge? Charge { get; init; }

    public required long Quantity { get; init; }

    public required Money Exact { get; init; }

    /// <summary>Of usage: the roll-ups that it is the sum of.</summary>
    public RolledUpLine? RolledUp { get; init; }

    public FormProvenance? Provenance { get; init; }
}

/// <summary>Which of an invoice's roll-ups a line is the sum of: those of its product and price with this class, within these minutes.</summary>
/// <param name="Rows">How many rated rows.</param>
internal sealed record RolledUpLine(string Class, DateTimeOffset First, DateTimeOffset Last, long Rows);
