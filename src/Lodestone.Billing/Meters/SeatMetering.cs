using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Billing;

/// <summary>Meters every change of a member's role, as one event with the announcement's own id.</summary>
internal sealed class SeatMetering(Metered metered) : IEventHandler<MembershipChanged>
{
    public Task HandleAsync(Guid eventId, MembershipChanged happened, CancellationToken cancel) => metered.SeatChangedAsync(eventId, happened, cancel);
}
