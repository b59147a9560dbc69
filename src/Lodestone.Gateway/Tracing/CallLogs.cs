using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Gateway;

/// <summary>The calls that one may see: one's own, and all for an administrator who has a request id.</summary>
internal sealed class CallLogs(GatewayDb db)
{
    /// <summary>Newest first.</summary>
    /// <param name="before">Where the page before ended.</param>
    public Task<List<LoggedCall>> ListAsync(Caller caller, LogFilter filter, Guid? before, int most, CancellationToken cancel)
    {
        var calls = db.LoggedCalls.AsNoTracking().OwnOf(caller).Where(c => before == null || c.Id < before);
        calls = filter.Model is { } model ? calls.Where(c => c.Model == model) : calls;
        calls = filter.KeyId is { } key ? calls.Where(c => c.KeyId == key) : calls;
        calls = filter.Outcome is { } outcome ? calls.Where(c => c.Outcome == outcome) : calls;
        calls = filter.From is { } from ? calls.Where(c => c.StartedAt >= from) : calls;
        calls = filter.To is { } to ? calls.Where(c => c.StartedAt < to) : calls;
        return calls.OrderByDescending(c => c.Id).Take(most).ToListAsync(cancel);
    }

    public Task<LoggedCall?> FindAsync(Caller caller, string requestId, CancellationToken cancel) =>
        db.LoggedCalls.AsNoTracking().VisibleTo(caller).Where(c => c.RequestId == requestId).OrderByDescending(c => c.Id).FirstOrDefaultAsync(cancel);

    /// <summary>The models and keys that the caller's calls had lately, for choosing.</summary>
    public async Task<IReadOnlyList<string>> ModelsAsync(Caller caller, CancellationToken cancel) =>
        await db.LoggedCalls.AsNoTracking().OwnOf(caller).Where(c => c.Model != "").Select(c => c.Model).Distinct().OrderBy(m => m).Take(200).ToListAsync(cancel);
}

/// <summary>Which calls; what is absent does not matter.</summary>
internal sealed record LogFilter(string? Model, Guid? KeyId, LoggedOutcome? Outcome, DateTimeOffset? From, DateTimeOffset? To);

internal static class LogQueries
{
    public static IQueryable<LoggedCall> VisibleTo(this IQueryable<LoggedCall> calls, Caller caller) => caller.IsAdministrator ? calls : calls.OwnOf(caller);

    /// <summary>Calls of the accounts that the caller belongs to.</summary>
    public static IQueryable<LoggedCall> OwnOf(this IQueryable<LoggedCall> calls, Caller caller)
    {
        var readable = caller.ReadableFor(TokenScope.ReadBilling);
        return calls.Where(c => readable.Contains(c.AccountId));
    }
}
