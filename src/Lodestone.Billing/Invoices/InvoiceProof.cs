using System.Data.Common;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>
/// Reads the rated rows and the calls that an invoice is of, one after another, because there may be millions: hashes them line by line,
/// and finds out where their sums are not those of the roll-ups. Roll-ups of invoices do not change, so many may read them at a time.
/// </summary>
internal sealed class InvoiceProof(BillingSteps steps, Database database)
{
    private const long ManyRows = 50_000;

    /// <summary>The content with the provenance of its lines, and what does not fit together; null where all does.</summary>
    /// <param name="engine">In whose order rows are hashed, see <see cref="InvoiceMaking"/>.</param>
    public async Task<(InvoiceContent Content, string? Fault)> ReadAsync(BillingDb db, Invoice invoice, InvoiceContent content, string engine, CancellationToken cancel)
    {
        var proven = new LineProof?[content.Lines.Count];
        if (content.Rows < ManyRows)
        {
            for (var at = 0; at < proven.Length; at++)
            {
                proven[at] = await ReadAsync(db, invoice, content.Lines[at], engine, cancel);
            }
        }
        else
        {
            // Each line by a connection of its own.
            await Parallel.ForEachAsync(Enumerable.Range(0, proven.Length), new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount }, async (at, token) =>
                proven[at] = await steps.ReadAsync(own => ReadAsync(own, invoice, content.Lines[at], engine, token)));
        }

        var lines = content.Lines.Select((line, at) => line with { Provenance = proven[at]?.Provenance }).ToList();
        return (content with { Lines = lines }, Array.Find(proven, p => p?.Fault is not null)?.Fault ?? await DrawsFaultAsync(db, invoice, content, cancel));
    }

    private async Task<LineProof?> ReadAsync(BillingDb db, Invoice invoice, ContentLine line, string engine, CancellationToken cancel)
    {
        if (line.RolledUp is not { } rolledUp)
        {
            return null;
        }

        using var hash = new RowHash(line, invoice.Currency, engine != InvoiceMaking.FirstEngine);
        await db.Database.OpenConnectionAsync(cancel);
        await using var rows = Rows(db.Database.GetDbConnection(), invoice, line);
        var (from, to) = (rows.Parameters[^2], rows.Parameters[^1]);
        foreach (var (first, last) in engine == InvoiceMaking.FirstEngine ? [(rolledUp.First, rolledUp.Last)] : await MinutesAsync(db, invoice, line, cancel))
        {
            (from.Value, to.Value) = (database.Instant(first), database.Instant(last));
            var doubtful = await ReadAsync(rows, hash, cancel);
            foreach (var call in doubtful)
            {
                if (!await IsSharedAsync(db, call, rolledUp.Class, cancel))
                {
                    return new LineProof(null, $"Event {PublicId.Format("evt", call)} has another quantity of {rolledUp.Class} than its rated row.");
                }
            }
        }

        return new LineProof(hash.Finish(), hash.Quantity == line.Quantity && hash.Count == rolledUp.Rows && hash.Amount == line.Exact
            ? null
            : $"{line.Description}: the rated rows come to {hash.Amount} for {hash.Quantity}, but they were added up to {line.Exact} for {line.Quantity}.");
    }

    /// <returns>Calls that used another quantity than the row is of.</returns>
    private static async Task<List<Guid>> ReadAsync(DbCommand rows, RowHash hash, CancellationToken cancel)
    {
        var doubtful = new List<Guid>();
        await using var row = await rows.ExecuteReaderAsync(cancel);
        while (await row.ReadAsync(cancel))
        {
            if (!hash.Add(row))
            {
                doubtful.Add(row.GetGuid(0));
            }
        }

        return doubtful;
    }

    private static async Task<List<(DateTimeOffset First, DateTimeOffset Last)>> MinutesAsync(BillingDb db, Invoice invoice, ContentLine line, CancellationToken cancel)
    {
        var rolledUp = line.RolledUp!; // the caller has looked
        var minutes = await db.RollUps
            .Where(u => u.InvoiceId == invoice.Id && u.Minute >= rolledUp.First && u.Minute <= rolledUp.Last && u.ProductId == line.ProductId && u.PriceVersionId == line.PriceVersionId && u.Class == rolledUp.Class)
            .Select(u => u.Minute).Distinct().OrderBy(m => m).ToListAsync(cancel);
        return minutes.ConvertAll(m => (m, m));
    }

    // The plan is the same for a minute as for all: roll-ups of the invoice, their rows, and the call of each.
    private DbCommand Rows(DbConnection connection, Invoice invoice, ContentLine line) => connection.Command(
        $"""
        select r.event_id, r.quantity, r.list_units, r.list_remainder, r.free_units, r.free_remainder, r.discount_units, r.discount_remainder, r.amount_units, r.amount_remainder,
            e.input_tokens, e.output_tokens
        from billing_roll_up u
            join billing_rated_row r on r.roll_up_id = u.id and r.product_id = u.product_id and r.price_version_id = u.price_version_id and r.class = u.class and r.account_id = u.account_id
            left join billing_meter_event e on e.id = r.event_id
        where u.invoice_id = {invoice.Id} and u.product_id = {line.ProductId} and u.price_version_id = {line.PriceVersionId} and u.class = {line.RolledUp!.Class}
            and u.minute >= {database.Instant(line.RolledUp.First)} and u.minute <= {database.Instant(line.RolledUp.Last)}
        order by r.event_id
        """);

    // Where an allowance bore a part, or a bound was crossed, several rows share what a call has used of a class.
    private static async Task<bool> IsSharedAsync(BillingDb db, Guid callId, string rowClass, CancellationToken cancel)
    {
        var name = PriceLine.Parse(rowClass).Class;
        var call = await db.Events.AsNoTracking().SingleAsync(e => e.Id == callId, cancel);
        var rows = await db.RatedRows.AsNoTracking().Where(r => r.EventId == callId).Select(r => new { r.Class, r.Quantity }).ToListAsync(cancel);
        return rows.Where(r => PriceLine.Parse(r.Class).Class == name).Sum(r => r.Quantity) == (name == UsageClass.Input ? call.InputTokens : call.OutputTokens);
    }

    // What credit paid is also in the ledger, in the transactions of the same events.
    private static async Task<string?> DrawsFaultAsync(BillingDb db, Invoice invoice, InvoiceContent content, CancellationToken cancel)
    {
        var draws = content.Lines.Where(l => l.Kind is InvoiceLineKind.Draw).ToList();
        if (draws.Count == 0)
        {
            return null;
        }

        var booked = await InvoiceDraws.BookedAsync(db, invoice, cancel);
        var other = draws.Find(d => booked.GetValueOrDefault(d.Key["draw:".Length..], Money.Zero(invoice.Currency)) != -d.Exact);
        return other is null ? null : $"{other.Description}: the ledger has another sum than the {-other.Exact} that was added up.";
    }

    private sealed record LineProof(FormProvenance? Provenance, string? Fault);
}
