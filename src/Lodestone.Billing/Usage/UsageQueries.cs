using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Whose calls, on which side, of which days.</summary>
/// <param name="AccountId">The namespace that pays, or sells.</param>
/// <param name="Side">Which of the two it is.</param>
/// <param name="From">First day.</param>
/// <param name="To">The day after the last.</param>
/// <param name="Model">Only calls of this model, <c>owner/name</c>.</param>
internal sealed record UsageFilter(Guid AccountId, UsageSide Side, DateOnly From, DateOnly To, string? Model = null);

internal enum UsageSide
{
    Buyer,
    Seller,
}

internal static class UsageQueries
{
    /// <summary>Calls of accounts that the caller belongs to, on either side; all, for an administrator.</summary>
    public static IQueryable<MeterEvent> VisibleTo(this IQueryable<MeterEvent> events, Caller caller)
    {
        var readable = caller.ReadableFor(TokenScope.ReadBilling);
        return caller.IsAdministrator ? events : events.Where(e => readable.Contains(e.AccountId) || readable.Contains(e.SellerId));
    }

    public static IQueryable<RatedRow> VisibleTo(this IQueryable<RatedRow> rows, Caller caller)
    {
        var readable = caller.ReadableFor(TokenScope.ReadBilling);
        return caller.IsAdministrator ? rows : rows.Where(r => readable.Contains(r.AccountId) || readable.Contains(r.SellerId));
    }

    public static IQueryable<MeterEvent> Within(this IQueryable<MeterEvent> events, UsageFilter filter)
    {
        var days = events.Where(e => e.Day >= filter.From && e.Day < filter.To && (filter.Model == null || e.ProductName == filter.Model));
        return filter.Side is UsageSide.Buyer ? days.Where(e => e.AccountId == filter.AccountId) : days.Where(e => e.SellerId == filter.AccountId);
    }

    public static IQueryable<RatedRow> Within(this IQueryable<RatedRow> rows, UsageFilter filter)
    {
        var days = rows.Where(r => r.Day >= filter.From && r.Day < filter.To);
        return filter.Side is UsageSide.Buyer ? days.Where(r => r.AccountId == filter.AccountId) : days.Where(r => r.SellerId == filter.AccountId);
    }
}
