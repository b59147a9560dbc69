using System.Diagnostics.Metrics;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Takes events in: finds the account and the meter of each, and has the log write them.</summary>
internal sealed class Ingestion(EventLog log, EventSubjects subjects, MeterBook meters)
{
    private static readonly Meter Meter = Telemetry.Meter("Billing");
    private static readonly Counter<long> Arrived = Meter.CreateCounter<long>("lodestone.billing.events", description: "Events that came in, by what became of them");

    /// <summary>Returns when all that are well-formed are durable.</summary>
    /// <returns>One for each, in order.</returns>
    public async Task<IReadOnlyList<EventAnswer>> TakeAsync(Sender sender, IReadOnlyList<Incoming> incoming, CancellationToken cancel)
    {
        var known = await meters.CurrentAsync(cancel);
        var accounts = await subjects.ResolveAsync(sender, incoming.Where(i => i.Event is not null).Select(i => i.Event!.Subject), cancel); // it has an event
        var entries = new List<LogEntry>(incoming.Count);
        foreach (var arrived in incoming)
        {
            if (arrived.Event is { } e)
            {
                var reason = !known.Knows(e.Type) ? QuarantineReason.UnknownType : accounts.ContainsKey(e.Subject) ? null : QuarantineReason.UnknownSubject;
                entries.Add(new LogEntry(e.Key(sender.TenantId), 0, EntryKind.Event, sender.TenantId, reason is null ? accounts[e.Subject] : null, e, e.Hash(), reason));
            }
        }

        var taken = await log.AppendAsync(entries, cancel);
        var (answers, at) = (new EventAnswer[incoming.Count], 0);
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = incoming[i].Fault is { } fault ? EventAnswer.Rejected(fault) : EventAnswer.Of(entries[at], taken[at++].Arrival);
        }

        foreach (var group in answers.GroupBy(a => a.Result, StringComparer.Ordinal))
        {
            Arrived.Add(group.Count(), new KeyValuePair<string, object?>("result", group.Key));
        }

        return answers;
    }
}

internal static class QuarantineReason
{
    public const string UnknownType = "unknown_type";
    public const string UnknownSubject = "unknown_subject";
}

/// <summary>What became of one event.</summary>
/// <param name="Result"><c>accepted</c>, <c>duplicate</c>, <c>quarantined</c>, <c>conflict</c> or <c>rejected</c>.</param>
/// <param name="Key">Names the event from now on; null where it was rejected.</param>
/// <param name="Code">Why it is in quarantine, conflicts or was rejected.</param>
internal sealed record EventAnswer(string Result, string? Key, string? Code, string? Message)
{
    public static EventAnswer Rejected(EventFault fault) => new("rejected", null, fault.Code, fault.Message);

    public static EventAnswer Of(LogEntry entry, Arrival arrival)
    {
        var key = Convert.ToHexStringLower(entry.Key);
        return arrival switch
        {
            Arrival.Duplicate => new EventAnswer("duplicate", key, null, null),
            Arrival.Conflict => new EventAnswer("conflict", key, "event_conflict", "An event with this source and id was sent before with other content. That one stands; this one was set aside."),
            _ when entry.AccountId is null => new EventAnswer("quarantined", key, entry.Reason, entry.Reason switch
            {
                QuarantineReason.UnknownType => $"No meter counts events of the type {entry.Event.Type}. The event is kept, and counted at its own time once one does.",
                _ => $"No account is known as {entry.Event.Subject}. The event is kept, and counted at its own time once one is.",
            }),
            _ => new EventAnswer("accepted", key, null, null),
        };
    }
}

/// <param name="Results">One for each event, in order.</param>
internal sealed record BatchAnswer(IReadOnlyList<EventAnswer> Results);
