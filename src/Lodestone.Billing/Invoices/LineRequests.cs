using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The requests that a line of usage is the sum of.</summary>
internal static class LineRequests
{
    private const int ProductPart = 2;
    private const int VersionPart = 3;
    private const int ClassPart = 4;

    /// <returns>In the order of their ids; null where the line is none of usage.</returns>
    public static async Task<List<LineRequest>?> ReadAsync(BillingDb db, Invoice invoice, long number, Guid? after, int limit, CancellationToken cancel)
    {
        var line = await db.InvoiceLines.AsNoTracking().SingleOrDefaultAsync(l => l.InvoiceId == invoice.Id && l.Line == number, cancel);
        if (line is not { Kind: InvoiceLineKind.Usage or InvoiceLineKind.Late })
        {
            return null;
        }

        var key = line.Key.Split(':', ClassPart + 1);
        var (product, version) = (Guid.ParseExact(key[ProductPart], "N"), Guid.ParseExact(key[VersionPart], "N"));
        var tokens = key[ClassPart];
        var rows = from claim in db.InvoicedRows
                   where claim.InvoiceId == invoice.Id && (after == null || claim.EventId > after)
                   join row in db.RatedRows on new { claim.EventId, claim.Class } equals new { row.EventId, row.Class }
                   where row.ProductId == product && row.PriceVersionId == version && row.Class == tokens
                   join call in db.Events on row.EventId equals call.Id into calls
                   from call in calls.DefaultIfEmpty()
                   select new { Row = row, Call = call };
        if (line.Kind is InvoiceLineKind.Late)
        {
            var customer = await db.CustomerAsync(invoice.AccountId, invoice.CreatedAt, cancel);
            var month = DateOnly.ParseExact(key[1], "yyyy-MM", CultureInfo.InvariantCulture);
            var (from, to) = (customer.StartOf(month), customer.StartOf(month.AddMonths(1)));
            rows = rows.Where(r => r.Call.Time >= from && r.Call.Time < to && r.Call.Time < invoice.PeriodStart);
        }
        else
        {
            rows = rows.Where(r => r.Call == null || r.Call.Time >= invoice.PeriodStart);
        }

        var read = await rows.OrderBy(r => r.Row.EventId).Take(limit).AsNoTracking().ToListAsync(cancel);
        return read.ConvertAll(r => new LineRequest(
            r.Row.EventId,
            ((MeterEvent?)r.Call)?.RequestId ?? PublicId.Format("evt", r.Row.EventId),
            r.Call is null ? "" : Instants.ToWire(r.Call.Time),
            r.Row.Class,
            r.Row.Quantity,
            r.Row.List.In(r.Row.Currency).ToString(),
            r.Row.Amount.In(r.Row.Currency).ToString()));
    }
}

/// <param name="RequestId">Leads to the call.</param>
/// <param name="ListValue">What it would have cost without allowances.</param>
/// <param name="Amount">What of it is on the invoice, exactly.</param>
internal sealed record LineRequest(
    [property: System.Text.Json.Serialization.JsonIgnore] Guid EventId, string RequestId, string Time, string Class, long Quantity, string ListValue, string Amount);
