using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Other data for an event, or none at all. The event as it was sent stays, and so does every correction.</summary>
internal sealed class EventCorrections(EventLog log, EventReader reader, MeterBook meters)
{
    private const int LongestReason = 500;

    private static readonly RefusalCode Voided = new("event_voided", 409);

    /// <summary>Has the event have other data, at the same time and for the same subject.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>event_voided</c>, <c>conflict</c>, and what refuses new events.</exception>
    public Task<EventAnswer> AmendAsync(string key, JsonElement? data, string? reason, Caller caller, CancellationToken cancel) =>
        CorrectAsync(key, caller, async last => await AmendmentAsync(last, data, Checked(reason), cancel), cancel);

    /// <summary>Has the event not have happened.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>event_voided</c>, <c>conflict</c>.</exception>
    public Task<EventAnswer> VoidAsync(string key, string? reason, Caller caller, CancellationToken cancel) => CorrectAsync(
        key, caller, last => Task.FromResult(last with { Version = last.Version + 1, Kind = EntryKind.Void, Reason = Checked(reason), JobId = null }), cancel);

    /// <exception cref="Refusal"><c>unprocessable</c>.</exception>
    public static string Checked(string? reason) => reason is { Length: > 0 and <= LongestReason } && !reason.Contains('\0', StringComparison.Ordinal)
        ? reason
        : throw new Refusal(RefusalCode.Unprocessable, $"Give a reason of at most {LongestReason} characters: it is kept with the event.") { Param = "reason" };

    /// <exception cref="Refusal">What refuses new events.</exception>
    public async Task<LogEntry> AmendmentAsync(LogEntry last, JsonElement? data, string reason, CancellationToken cancel)
    {
        if (data is not { ValueKind: JsonValueKind.Object } given)
        {
            throw EventFault.Malformed("data must be a JSON object: the event's data as it should have been.").ToRefusal();
        }

        if ((await meters.CurrentAsync(cancel)).Check(last.Event.Type, given) is { } fault)
        {
            throw fault.ToRefusal();
        }

        using var canonical = new CanonicalJson();
        var text = canonical.Write(given, CloudEventReader.MostDataBytes) ?? throw new EventFault("data_too_large", $"data has more than {CloudEventReader.MostDataBytes} bytes.").ToRefusal();
        var e = last.Event with { Data = text };
        return last with { Version = last.Version + 1, Kind = EntryKind.Amend, Event = e, Hash = e.Hash(), Reason = reason, JobId = null };
    }

    private async Task<EventAnswer> CorrectAsync(string key, Caller caller, Func<LogEntry, Task<LogEntry>> correct, CancellationToken cancel)
    {
        var sender = Sender.Of(caller);
        var last = (await reader.HistoryAsync(key, caller, cancel))[^1].Entry;
        if (sender != Sender.Server && last.TenantId != sender.TenantId)
        {
            throw EventReader.Unknown(key); // sent by others
        }

        if (last.Kind is EntryKind.Void)
        {
            throw new Refusal(Voided, "The event was voided. What happened after all is sent as an event with another id.");
        }

        var entry = await correct(last);
        return (await log.AppendAsync([entry], cancel))[0].Arrival is Arrival.Accepted
            ? EventAnswer.Of(entry, Arrival.Accepted)
            : throw new Refusal(RefusalCode.Conflict, "The event has just been corrected by somebody else. Look at it, then correct it again if it is still wrong.");
    }
}

/// <summary>What an event should have been.</summary>
/// <param name="Data">In place of the event's; absent where it is voided.</param>
internal sealed record Correction(string? Reason, JsonElement? Data = null);
