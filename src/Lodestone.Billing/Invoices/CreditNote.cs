using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Takes back a part of an issued invoice, line by line. Never changed.</summary>
internal sealed class CreditNote
{
    public required Guid Id { get; init; }

    public required Guid InvoiceId { get; init; }

    public required Guid AccountId { get; init; }

    /// <summary>Such as <c>LS-CN-2026-000003</c>, without gaps.</summary>
    public required string Number { get; init; }

    public required string Reason { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Net { get; init; }

    public required StoredMoney Tax { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required Guid IssuedBy { get; init; }

    /// <summary>Canonical JSON, see <see cref="CreditNoteForm"/>.</summary>
    public required string Form { get; init; }

    public required string FormHash { get; init; }

    public Money Total => Net.In(Currency) + Tax.In(Currency);
}

/// <summary>What a credit note takes back of one invoice line.</summary>
internal sealed class CreditNoteLine
{
    public required Guid CreditNoteId { get; init; }

    public required long Line { get; init; }

    public required Guid InvoiceId { get; init; }

    public required long InvoiceLine { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>Of the line's printed amount.</summary>
    public required StoredMoney Amount { get; init; }

    /// <summary>The line's tax in the same proportion; together they come to all of it once the line is credited whole.</summary>
    public required StoredMoney Tax { get; init; }
}

/// <summary>A credit note, whole.</summary>
internal sealed record CreditNoteForm(
    string Format, string Number, string Invoice, string IssuedAt, string Currency, string Reason, FormParty Seller, FormParty Buyer,
    IReadOnlyList<CreditNoteFormLine> Lines, string Net, string Tax, string Total)
{
    public const string Present = "lodestone-credit-note/1";

    public string ToCanonical() => JsonSerializer.Serialize(this, BillingJson.Default.CreditNoteForm);

    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToCanonical())));
}

internal sealed record CreditNoteFormLine(int Line, int InvoiceLine, string Description, string Amount, string Tax);
