using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Billing;

/// <summary>Writes down who joins and leaves organizations, and has added seats charged.</summary>
internal sealed class SeatChanges(BillingSteps steps, Subscriptions subscriptions) : IEventHandler<MembershipChanged>
{
    public async Task HandleAsync(Guid eventId, MembershipChanged happened, CancellationToken cancel)
    {
        var change = new SeatChange { Id = eventId, AccountId = happened.OrganizationId, UserId = happened.UserId, IsHeld = happened.HoldsSeat, At = happened.At };
        await steps.WriteAsync(
            async (db, token) =>
            {
                if (await db.SeatChanges.FindAsync([eventId], token) is not null)
                {
                    return false;
                }

                db.SeatChanges.Add(change);
                return await db.SaveChangesAsync(token) > 0;
            },
            cancel);
        if (change.IsHeld)
        {
            await subscriptions.SeatsChangedAsync(change, cancel); // also when told again: the first time may have ended before this
        }
    }
}
