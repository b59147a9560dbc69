using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What an invoice is of, computed from the rows and charges that it has gathered, before rounding and tax.</summary>
/// <param name="Lines">By key.</param>
/// <param name="Rows">How many rated rows were read.</param>
/// <param name="Fault">What does not fit together between events and rated rows; null where all does.</param>
internal sealed record InvoiceContent(IReadOnlyList<ContentLine> Lines, long Rows, string? Fault)
{
    private const string SumOfDraws =
        $"""
        select p.account as account, cast(sum(p.amount_units) as bigint) as units,
            cast(sum(p.amount_remainder / 1000000) as bigint) as high, cast(sum(p.amount_remainder % 1000000) as bigint) as low
        from billing_posting p join billing_ledger_transaction t on t.id = p.transaction_id
        where (p.account like '{LedgerAccounts.PrepaidPrefix}%' or p.account in ('{LedgerAccounts.PromoContra}', '{LedgerAccounts.SlaCredit}'))
        """;

    // The key of an event's transaction is made from its id as each database writes it.
    private const string DrawsOnSqlite =
        $"{SumOfDraws} and t.key in (select 'usage:' || lower(replace(event_id, '-', '')) from billing_invoiced_row where invoice_id = {{0}}) group by p.account";

    private const string DrawsOnPostgres =
        $"{SumOfDraws} and t.key in (select 'usage:' || replace(cast(event_id as text), '-', '') from billing_invoiced_row where invoice_id = {{0}}) group by p.account";

    public Money Exact(Currency currency) => Lines.Aggregate(Money.Zero(currency), (sum, line) => sum + line.Exact);

    /// <summary>Reads an invoice's rows in the order of event and class, one after another: there may be millions.</summary>
    public static async Task<InvoiceContent> ReadAsync(BillingDb db, Invoice invoice, Customer customer, CancellationToken cancel)
    {
        var prices = await PricesAsync(db, invoice, cancel);
        var usage = new Dictionary<string, UsageLine>(StringComparer.Ordinal);
        var (count, fault) = (0L, (string?)null);
        var rows = from claim in db.InvoicedRows
                   where claim.InvoiceId == invoice.Id
                   join row in db.RatedRows on new { claim.EventId, claim.Class } equals new { row.EventId, row.Class }
                   join call in db.Events on row.EventId equals call.Id into calls
                   from call in calls.DefaultIfEmpty()
                   orderby claim.EventId, claim.Class
                   select new { Row = row, Call = call };
        await foreach (var read in rows.AsNoTracking().AsAsyncEnumerable().WithCancellation(cancel))
        {
            var (row, call) = (read.Row, (MeterEvent?)read.Call);
            var month = call is not null && call.Time < invoice.PeriodStart ? customer.DayOf(call.Time).ToString("yyyy-MM", CultureInfo.InvariantCulture) : "";
            var key = $"{(month.Length > 0 ? "late:" : "usage:")}{month}:{row.ProductId:N}:{row.PriceVersionId:N}:{row.Class}";
            if (!usage.TryGetValue(key, out var line))
            {
                usage[key] = line = new UsageLine(key, month, call?.ProductName ?? "", row, prices.GetValueOrDefault(row.PriceVersionId));
            }

            line.Add(row);
            count++;
            fault ??= FaultOf(row, call);
        }

        var lines = usage.Values.Select(l => l.Finish()).Concat(await DrawsAsync(db, invoice, cancel)).Concat(await ChargesAsync(db, invoice, cancel));
        return new InvoiceContent([.. lines.OrderBy(l => l.Key, StringComparer.Ordinal)], count, fault);
    }

    private static string? FaultOf(RatedRow row, MeterEvent? call) =>
        call is null || row.Quantity == (row.Class == UsageClass.Input ? call.InputTokens : row.Class == UsageClass.Output ? call.OutputTokens : row.Quantity)
            ? null
            : $"Event {PublicId.Format("evt", row.EventId)} has another quantity of {row.Class} than its rated row.";

    private static async Task<Dictionary<Guid, PriceVersion>> PricesAsync(BillingDb db, Invoice invoice, CancellationToken cancel)
    {
        var ids = db.InvoicedRows.Where(c => c.InvoiceId == invoice.Id)
            .Join(db.RatedRows, c => new { c.EventId, c.Class }, r => new { r.EventId, r.Class }, (_, r) => r.PriceVersionId).Distinct();
        return await db.PriceVersions.AsNoTracking().Where(v => ids.Contains(v.Id)).ToDictionaryAsync(v => v.Id, cancel);
    }

    // What credit paid is in the ledger, in the transactions of the same events: the invoice asks for the rest.
    private static async Task<IEnumerable<ContentLine>> DrawsAsync(BillingDb db, Invoice invoice, CancellationToken cancel)
    {
        var sums = await db.Database.SqlQueryRaw<DrawSum>(db.Database.IsNpgsql() ? DrawsOnPostgres : DrawsOnSqlite, invoice.Id).ToListAsync(cancel);
        return sums.Select(sum => new ContentLine
        {
            Key = $"draw:{sum.Account}",
            Kind = InvoiceLineKind.Draw,
            TaxClass = TaxClasses.Usage,
            Description = sum.Account.StartsWith(LedgerAccounts.PrepaidPrefix, StringComparison.Ordinal) ? "Paid from prepaid credit" : sum.Account == LedgerAccounts.SlaCredit ? "Paid by service credit" : "Paid by promotional credit",
            Quantity = 1,
            Exact = -new MoneySum(sum.Units, sum.High, sum.Low).In(invoice.Currency),
        });
    }

    private static async Task<IEnumerable<ContentLine>> ChargesAsync(BillingDb db, Invoice invoice, CancellationToken cancel)
    {
        var charges = await db.InvoicedCharges.Where(c => c.InvoiceId == invoice.Id).Join(db.Charges, c => c.Id, c => c.Id, (_, charge) => charge).AsNoTracking().ToListAsync(cancel);
        return charges.Select(charge => new ContentLine
        {
            Key = $"charge:{charge.Kind.ToWire()}:{charge.Key}",
            Kind = InvoiceLineKind.Charge,
            TaxClass = charge.Kind is ChargeKind.CommitTrueUp or ChargeKind.PriceCorrection ? TaxClasses.Usage : charge.Kind is ChargeKind.Credit or ChargeKind.Chargeback ? TaxClasses.Credit : TaxClasses.Subscription,
            Description = charge.Description,
            Quantity = charge.Quantity,
            Exact = charge.Amount.In(charge.Currency),
            Charge = charge,
        });
    }

    private sealed record DrawSum(string Account, long Units, long High, long Low);

    private static string UnitPriceOf(RatedRow row, PriceVersion? version) => version?.ChargeOf(PriceLine.Parse(row.Class), Days.Month(row.Day)) switch
    {
        null => "",
        UnitCharge unit => $"{new Money(unit.Price.Picos, version.Currency)} {version.Currency} per {unit.Price.PerQuantity.ToString("N0", CultureInfo.InvariantCulture)}",
        _ => string.Create(CultureInfo.InvariantCulture, $"price version {version.Version}"),
    };

    /// <summary>A line of usage while its rows go by.</summary>
    private sealed class UsageLine(string key, string month, string product, RatedRow first, PriceVersion? price)
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly Guid _first = first.EventId;
        private Guid _last;
        private long _count;
        private long _quantity;
        private Money _exact = Money.Zero(first.Currency);

        public void Add(RatedRow row)
        {
            (_last, _count, _quantity) = (row.EventId, _count + 1, _quantity + row.Quantity);
            _exact += row.Amount.In(row.Currency);
            _hash.AppendData(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.EventId:N} {row.Class} {row.ProductId:N} {row.PriceVersionId:N} {row.Quantity} {row.List.In(row.Currency)} {row.Free.In(row.Currency)} {row.Amount.In(row.Currency)} {row.Currency}\n")));
        }

        public ContentLine Finish()
        {
            using var hash = _hash;
            var what = $"{(product.Length > 0 ? product : first.ProductId.ToString("N"))}, {first.Class.Replace('_', ' ')} tokens";
            return new ContentLine
            {
                Key = key,
                Kind = month.Length > 0 ? InvoiceLineKind.Late : InvoiceLineKind.Usage,
                TaxClass = TaxClasses.Usage,
                Description = month.Length > 0 ? $"{what}: usage of {month}, received late" : what,
                UnitPrice = UnitPriceOf(first, price),
                ProductId = first.ProductId,
                PriceVersionId = first.PriceVersionId,
                Quantity = _quantity,
                Exact = _exact,
                Provenance = new FormProvenance(_count, PublicId.Format("evt", _first), PublicId.Format("evt", _last), Convert.ToHexStringLower(hash.GetHashAndReset())),
            };
        }
    }
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

    public FormProvenance? Provenance { get; init; }
}
