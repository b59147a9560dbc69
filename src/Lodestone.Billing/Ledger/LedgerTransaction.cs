using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>A balanced set of postings. Never changed: a correction is another transaction.</summary>
internal sealed class LedgerTransaction
{
    public required Guid Id { get; init; }

    /// <summary>What was booked, such as <c>usage:…</c>: the same thing cannot be booked twice.</summary>
    public required string Key { get; init; }

    public required LedgerKind Kind { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset EffectiveAt { get; init; }

    public required DateTimeOffset BookedAt { get; init; }

    public static string UsageKey(Guid eventId) => $"usage:{eventId:N}";

    /// <summary>Debits one account and credits another.</summary>
    public static (LedgerTransaction Transaction, Posting[] Postings) Of(LedgerEntry entry, DateTimeOffset now)
    {
        var id = Guid.CreateVersion7(now);
        return (
            new LedgerTransaction { Id = id, Key = entry.Key, Kind = entry.Kind, EffectiveAt = entry.EffectiveAt, BookedAt = now },
            [
                new Posting { TransactionId = id, Line = 1, Account = entry.Debit, Currency = entry.Amount.Currency, Amount = entry.Amount },
                new Posting { TransactionId = id, Line = 2, Account = entry.Credit, Currency = entry.Amount.Currency, Amount = -entry.Amount },
            ]);
    }
}

internal enum LedgerKind
{
    Usage,
    TopUp,
}

/// <param name="Debit">The account that grows by the amount.</param>
/// <param name="Credit">The account that shrinks by it.</param>
internal sealed record LedgerEntry(string Key, LedgerKind Kind, DateTimeOffset EffectiveAt, string Debit, string Credit, Money Amount);

/// <summary>One line of a transaction.</summary>
internal sealed class Posting
{
    public required Guid TransactionId { get; init; }

    public required long Line { get; init; }

    /// <summary>See <see cref="LedgerAccounts"/>.</summary>
    public required string Account { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>Positive for a debit, negative for a credit.</summary>
    public required StoredMoney Amount { get; init; }
}
