using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The requests that a line of usage is the sum of.</summary>
internal static class LineRequests
{
    /// <param name="after">The last one of the page before.</param>
    /// <returns>By minute, then in the order of their ids; null where the line is none of usage.</returns>
    public static async Task<List<LineRequest>?> ReadAsync(BillingDb db, Invoice invoice, long number, RequestPlace? after, int limit, CancellationToken cancel)
    {
        var line = await db.InvoiceLines.AsNoTracking().SingleOrDefaultAsync(l => l.InvoiceId == invoice.Id && l.Line == number, cancel);
        if (line is not { Kind: InvoiceLineKind.Usage or InvoiceLineKind.Late })
        {
            return null;
        }

        var customer = await db.CustomerAsync(invoice.AccountId, invoice.CreatedAt, cancel);
        customer.TimeZone = invoice.Form is { } form ? InvoiceForm.Parse(form).Period.TimeZone : customer.TimeZone;
        var content = await InvoiceContent.ReadAsync(db, invoice, customer, cancel);
        if (content.Lines.SingleOrDefault(l => l.Key == line.Key) is not { RolledUp: { } rolledUp } usage)
        {
            return [];
        }

        var (since, last) = (after?.Minute ?? rolledUp.First, after?.EventId ?? Guid.Empty);
        var rows = from part in db.RollUps
                   where part.InvoiceId == invoice.Id && part.Minute >= since && part.Minute <= rolledUp.Last
                       && part.ProductId == usage.ProductId && part.PriceVersionId == usage.PriceVersionId && part.Class == rolledUp.Class
                   join row in db.RatedRows on part.Id equals row.RollUpId
                   where part.Minute > since || row.EventId > last
                   join call in db.Events on row.EventId equals call.Id into calls
                   from call in calls.DefaultIfEmpty()
                   orderby part.Minute, row.EventId
                   select new { part.Minute, Row = row, Call = call };
        var read = await rows.Take(limit).AsNoTracking().ToListAsync(cancel);
        return read.ConvertAll(r => new LineRequest(
            new RequestPlace(r.Minute, r.Row.EventId),
            ((MeterEvent?)r.Call)?.RequestId ?? PublicId.Format("evt", r.Row.EventId),
            r.Call is not null,
            Instants.ToWire(((MeterEvent?)r.Call)?.Time ?? r.Minute),
            r.Row.Class,
            r.Row.Quantity,
            r.Row.List.In(r.Row.Currency).ToString(),
            r.Row.Amount.In(r.Row.Currency).ToString()));
    }
}

/// <summary>Where a request stands among those of its line.</summary>
internal sealed record RequestPlace(DateTimeOffset Minute, Guid EventId)
{
    public string ToCursor() => FormattableString.Invariant($"{Instants.ToMicroseconds(Minute)}:{EventId:N}");

    /// <exception cref="Refusal"><c>invalid_request</c>: it is none that was given out.</exception>
    public static RequestPlace? Read(string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        var parts = (Cursor.Decode(cursor) ?? "").Split(':');
        return parts.Length == 2 && Instants.TryParseMicroseconds(parts[0], out var minute) && Guid.TryParseExact(parts[1], "N", out var eventId)
            ? new RequestPlace(minute, eventId)
            : throw new Refusal(RefusalCode.Invalid, "The cursor is none of this list. Begin at its first page.") { Param = "cursor" };
    }
}

/// <param name="RequestId">Leads to the call.</param>
/// <param name="IsCall">It is a call of a model, which has a page of its own.</param>
/// <param name="Time">Of an event that is no call: its minute.</param>
/// <param name="ListValue">What it would have cost without allowances.</param>
/// <param name="Amount">What of it is on the invoice, exactly.</param>
internal sealed record LineRequest(
    [property: System.Text.Json.Serialization.JsonIgnore] RequestPlace Place, string RequestId, [property: System.Text.Json.Serialization.JsonIgnore] bool IsCall, string Time, string Class, long Quantity, string ListValue, string Amount);
