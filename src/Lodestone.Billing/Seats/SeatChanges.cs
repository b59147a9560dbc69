using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Writes down who joins and leaves organizations, and has that charged.</summary>
internal sealed class SeatChanges(BillingSteps steps, Tasks tasks, TimeProvider clock) : IEventHandler<MembershipChanged>
{
    public async Task HandleAsync(Guid eventId, MembershipChanged happened, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var change = new SeatChange { Id = eventId, AccountId = happened.OrganizationId, UserId = happened.UserId, IsHeld = happened.HoldsSeat, At = happened.At, RecordedAt = now };
        var isBilled = await steps.WriteAsync(
            async (db, token) =>
            {
                if (await db.SeatChanges.FindAsync([eventId], token) is null)
                {
                    db.SeatChanges.Add(change);
                    await db.SaveChangesAsync(token);
                }

                return await db.PlanSpans.AnyAsync(s => s.AccountId == change.AccountId, token);
            },
            cancel);
        if (isBilled)
        {
            await tasks.ScheduleAsync(SeatCare.Kind, change.AccountId.ToString("N"), now, new { }, cancel); // also when told again: the first time may have ended before this
        }
    }
}

/// <summary>Charges what changes of seats make a difference of, those of one account together.</summary>
internal sealed class SeatCare(Subscriptions subscriptions) : ITaskHandler
{
    public const string Kind = "billing.seats";

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await subscriptions.SettleSeatsAsync(Guid.ParseExact(task.Key, "N"), cancel);
        return null;
    }
}
