using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>Closes accounting months, so that what was reported of them stays true.</summary>
internal sealed partial class MonthEnds(BillingSteps steps, LedgerChain chain, TimeProvider clock, ILogger<MonthEnds> log)
{
    // Calls and events of the month's last hours come in meanwhile.
    private static readonly TimeSpan Settling = TimeSpan.FromDays(1);

    /// <summary>Closes the month after the last one that is closed; of the first, that of the first transaction.</summary>
    /// <exception cref="Refusal"><c>conflict</c>: it is not over for a day, calls of it still run, or the chain does not fit.</exception>
    public async Task<ClosedMonth> CloseAsync(DateOnly month, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        var end = Days.Start(Days.Month(month).AddMonths(1));
        if (clock.GetUtcNow() < end + Settling)
        {
            throw new Refusal(RefusalCode.Conflict, $"The month can be closed from {Instants.ToWire(end + Settling)} on: until then its last calls may still be booked.");
        }

        await chain.ExtendAsync(cancel);
        var report = await chain.VerifyAsync(cancel);
        if (!report.IsWhole)
        {
            throw new Refusal(RefusalCode.Conflict, $"The ledger was changed behind link {report.Links} of its chain. Find out what changed it before any month is closed.");
        }

        var closed = await steps.WriteAsync((db, token) => CloseAsync(db, end, report.Hash, administrator, token), cancel);
        Closed(log, closed.EndsAt, administrator.Id);
        return closed;
    }

    private async Task<ClosedMonth> CloseAsync(BillingDb db, DateTimeOffset end, string hash, Caller administrator, CancellationToken cancel)
    {
        var last = await db.ClosedMonths.AsNoTracking().OrderByDescending(m => m.EndsAt).FirstOrDefaultAsync(cancel);
        if (last is not null && last.EndsAt.AddMonths(1) != end)
        {
            throw new Refusal(RefusalCode.Conflict, $"Months close in their order. The next is the one that begins at {Instants.ToWire(last.EndsAt)}.");
        }

        if (await db.Holds.AnyAsync(h => h.StartedAt < end, cancel))
        {
            throw new Refusal(RefusalCode.Conflict, "Calls that began in that month still run. Close it when they have ended.");
        }

        var now = clock.GetUtcNow();
        var month = new ClosedMonth { Id = Guid.CreateVersion7(now), EndsAt = end, ClosedAt = now, ClosedBy = administrator.Id, ChainHash = hash };
        db.ClosedMonths.Add(month);
        return await db.TrySaveAsync(cancel) ? month : throw new Refusal(RefusalCode.Conflict, "That month is closed already.");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The accounting month that ended at {End} was closed by {AdministratorId}")]
    private static partial void Closed(ILogger log, DateTimeOffset end, Guid administratorId);
}
