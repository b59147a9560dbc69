using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>A transaction that an administrator books by hand. Above the threshold it waits until a second one agrees.</summary>
internal sealed class Adjustment
{
    public required Guid Id { get; init; }

    public required string Key { get; init; }

    public required string Reason { get; init; }

    /// <summary>JSON: an array of <see cref="AdjustmentLine"/>.</summary>
    public required string Lines { get; init; }

    public required Currency Currency { get; init; }

    public required DateTimeOffset EffectiveAt { get; init; }

    /// <summary>The transaction that it takes back.</summary>
    public Guid? CorrectsId { get; init; }

    public AdjustmentState State { get; private set; } = AdjustmentState.Waiting;

    public required Guid RequestedBy { get; init; }

    public required string RequesterName { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public Guid? DecidedBy { get; private set; }

    public string? DeciderName { get; private set; }

    public DateTimeOffset? DecidedAt { get; private set; }

    public IReadOnlyList<AdjustmentLine> ReadLines() => JsonSerializer.Deserialize(Lines, BillingJson.Default.IReadOnlyListAdjustmentLine) ?? [];

    /// <summary>What it moves: the sum of its debits.</summary>
    public Money Size => Amounts().Where(l => l.Amount.Picos > 0).Aggregate(Money.Zero(Currency), (sum, line) => sum + line.Amount);

    public NewTransaction ToTransaction() => new(Key, CorrectsId is null ? LedgerKind.Adjustment : LedgerKind.Correction, EffectiveAt, Amounts()) { CorrectsId = CorrectsId, Note = Reason };

    public void Decide(AdjustmentState state, Caller administrator, DateTimeOffset now) =>
        (State, DecidedBy, DeciderName, DecidedAt) = (state, administrator.Id, administrator.Name, now);

    private IReadOnlyList<(string Account, Money Amount)> Amounts() => [.. ReadLines().Select(l => (l.Account, Billing.Amounts.Read(l.Amount, "lines")))];
}

internal enum AdjustmentState
{
    Waiting,
    Booked,
    Declined,
}

/// <param name="Account">See <see cref="LedgerAccounts"/>.</param>
/// <param name="Amount">A decimal: positive for a debit, negative for a credit.</param>
internal sealed record AdjustmentLine(string Account, string Amount);
