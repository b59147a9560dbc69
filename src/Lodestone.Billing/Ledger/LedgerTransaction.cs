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

    /// <summary>The transaction that this one takes back.</summary>
    public Guid? CorrectsId { get; init; }

    /// <summary>Why somebody booked it by hand; the month that it is of, where that was closed.</summary>
    public string? Note { get; init; }

    public static string UsageKey(Guid eventId) => $"usage:{eventId:N}";

    /// <summary>Debits one account and credits another.</summary>
    public static (LedgerTransaction Transaction, Posting[] Postings) Of(LedgerEntry entry, DateTimeOffset now) =>
        Of(entry.Key, entry.Kind, entry.EffectiveAt, [(entry.Debit, entry.Amount), (entry.Credit, -entry.Amount)], now);

    /// <param name="lines">Accounts and what they grow by; together zero in each currency.</param>
    public static (LedgerTransaction Transaction, Posting[] Postings) Of(string key, LedgerKind kind, DateTimeOffset effectiveAt, IReadOnlyList<(string Account, Money Amount)> lines, DateTimeOffset now) =>
        Of(new NewTransaction(key, kind, effectiveAt, lines), now);

    public static (LedgerTransaction Transaction, Posting[] Postings) Of(NewTransaction wanted, DateTimeOffset now)
    {
        var (key, lines) = (wanted.Key, wanted.Lines);
        if (lines.GroupBy(l => l.Amount.Currency).FirstOrDefault(g => g.Aggregate(Money.Zero(g.Key), (sum, line) => sum + line.Amount) is { IsZero: false }) is { } unbalanced)
        {
            throw new InvalidOperationException($"The transaction {key} does not balance in {unbalanced.Key}.");
        }

        var id = Guid.CreateVersion7(now);
        return (
            new LedgerTransaction { Id = id, Key = key, Kind = wanted.Kind, EffectiveAt = wanted.EffectiveAt, BookedAt = now, CorrectsId = wanted.CorrectsId, Note = wanted.Note },
            [.. lines.Select((line, at) => new Posting { TransactionId = id, Line = at + 1, Account = line.Account, Currency = line.Amount.Currency, Amount = line.Amount })]);
    }
}

/// <summary>A transaction to book.</summary>
/// <param name="Key">What is booked: the same thing cannot be booked twice.</param>
/// <param name="EffectiveAt">When it happened.</param>
/// <param name="Lines">Accounts and what they grow by; together zero in each currency.</param>
internal sealed record NewTransaction(string Key, LedgerKind Kind, DateTimeOffset EffectiveAt, IReadOnlyList<(string Account, Money Amount)> Lines)
{
    /// <summary>The transaction that this one takes back.</summary>
    public Guid? CorrectsId { get; init; }

    public string? Note { get; init; }
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
