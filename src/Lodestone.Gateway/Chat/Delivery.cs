using Lodestone.Billing;
using Microsoft.Extensions.Logging;

namespace Lodestone.Gateway;

/// <summary>
/// The books of one reserved call: a journal of what was delivered, for the case that this server dies, and one settlement
/// at the end. The journal is written beside the stream and never two entries at once; a token never waits for it.
/// </summary>
internal sealed partial class Delivery(Metering metering, Hold hold, TimeProvider clock, ILogger log)
{
    private const long JournalTokens = 64;
    private static readonly TimeSpan JournalEvery = TimeSpan.FromSeconds(1);

    private Task _entry = Task.CompletedTask;
    private long _entered;
    private long _enteredAt = clock.GetTimestamp();

    /// <summary>The client has been sent this much.</summary>
    public void Reached(CallUsage delivered)
    {
        var fresh = delivered.OutputTokens - _entered;
        if (fresh == 0 || !_entry.IsCompleted || (fresh < JournalTokens && clock.GetElapsedTime(_enteredAt) < JournalEvery))
        {
            return;
        }

        _entered = delivered.OutputTokens;
        _enteredAt = clock.GetTimestamp();
        _entry = Task.Run(() => EnterAsync(delivered));
    }

    /// <summary>Charges for what was delivered, or lets the hold go when nothing was. Durable when this returns.</summary>
    /// <returns>Absent when the hold was let go.</returns>
    public async Task<Settlement?> CloseAsync(CallUsage delivered, CallOutcome outcome, Measurement measurement)
    {
        await _entry;
        if (delivered.OutputTokens == 0)
        {
            await metering.ReleaseAsync(hold.Id, CancellationToken.None);
            return null;
        }

        return await metering.SettleAsync(hold.Id, delivered, outcome, measurement, CancellationToken.None);
    }

    private async Task EnterAsync(CallUsage delivered)
    {
        try
        {
            await metering.DeliveredAsync(hold.Id, delivered, CancellationToken.None);
        }
        catch (Exception failure)
        {
            EntryFailed(log, hold.Id, failure); // the settlement will say if it is serious
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What call {HoldId} delivered could not be journalled")]
    private static partial void EntryFailed(ILogger log, Guid holdId, Exception failure);
}
