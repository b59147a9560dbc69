using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>A correction of many events at once.</summary>
internal sealed record Backfill(Guid Id, Guid TenantId, string Request, string Reason, long Events, Guid? RevertsId, DateTimeOffset CreatedAt, Guid CreatedBy);

/// <param name="JobId">Null: it was only looked at, or there was nothing to correct.</param>
internal sealed record BackfillResult(Guid? JobId, long Events, IReadOnlyList<BackfillChange> Changes);

/// <summary>What becomes more, or less, on one invoice.</summary>
/// <param name="Invoice">Null: of what is not on an invoice yet.</param>
internal sealed record BackfillChange(Guid AccountId, string? Invoice, string? InvoiceState, string Product, string Class, long Quantity, Money Amount);

/// <summary>An event as it counts, and as it will.</summary>
internal sealed record Corrected(LoggedEvent Before, LogEntry After);
