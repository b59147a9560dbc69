using System.Globalization;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Writes transactions down: each once, and none into a month that is closed.</summary>
internal static class Booking
{
    /// <summary>
    /// Adds the transaction to what the context will save. Lines of nothing are left out. What happened in a closed month is booked in
    /// the month that is open, and its note names the old one.
    /// </summary>
    /// <returns>Its id; that of the first, where the key was booked before.</returns>
    public static async Task<Guid> BookAsync(this BillingDb db, NewTransaction wanted, DateTimeOffset now, CancellationToken cancel)
    {
        if (await db.LedgerTransactions.AsNoTracking().Where(t => t.Key == wanted.Key).Select(t => (Guid?)t.Id).SingleOrDefaultAsync(cancel) is { } first)
        {
            return first;
        }

        var open = await db.ClosedMonths.MaxAsync(m => (DateTimeOffset?)m.EndsAt, cancel);
        var shifted = open is { } until && wanted.EffectiveAt < until
            ? wanted with { EffectiveAt = until, Note = Belonging(wanted) }
            : wanted;
        var (transaction, postings) = LedgerTransaction.Of(shifted with { Lines = [.. shifted.Lines.Where(l => !l.Amount.IsZero)] }, now);
        if (postings.Length > 0)
        {
            db.LedgerTransactions.Add(transaction);
            db.Postings.AddRange(postings);
        }

        return transaction.Id;
    }

    private static string Belonging(NewTransaction wanted)
    {
        var month = wanted.EffectiveAt.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);
        return wanted.Note is null ? $"of {month}" : $"of {month}: {wanted.Note}";
    }
}

/// <summary>An accounting month (UTC) that takes no more transactions. Months close in their order.</summary>
internal sealed class ClosedMonth
{
    /// <summary>The month's end: its first instant after it.</summary>
    public required Guid Id { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    public required DateTimeOffset ClosedAt { get; init; }

    public required Guid ClosedBy { get; init; }

    /// <summary>Hash of the ledger's last link when the month was closed.</summary>
    public required string ChainHash { get; init; }
}
