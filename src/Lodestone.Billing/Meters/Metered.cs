using System.Globalization;
using System.Text.Json;
using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Billing;

/// <summary>
/// What other modules of the server have measured. Billing asks nobody above it, so they tell it here. What is of a day is one event,
/// amended while the day's figure grows, so that telling the same again, or by two servers, counts once.
/// </summary>
public sealed class Metered
{
    private const string Storage = "/server/storage";
    private const string Traffic = "/server/traffic";
    private const string Members = "/server/members";

    private readonly Ingestion _ingestion;
    private readonly EventLog _log;
    private readonly EventReader _reader;
    private readonly TimeProvider _clock;

    internal Metered(Ingestion ingestion, EventLog log, EventReader reader, TimeProvider clock) => (_ingestion, _log, _reader, _clock) = (ingestion, log, reader, clock);

    /// <summary>What is stored for each namespace now, in bytes. The most of a UTC day is what counts.</summary>
    public Task StoredAsync(IReadOnlyDictionary<Guid, long> bytes, CancellationToken cancel) =>
        RaiseAsync(Storage, BuiltInMeters.StorageSample, Days.Of(_clock.GetUtcNow()), bytes, cancel);

    /// <summary>What was sent of each namespace's repositories on a UTC day so far, in bytes.</summary>
    public Task SentAsync(DateOnly day, IReadOnlyDictionary<Guid, long> bytes, CancellationToken cancel) => RaiseAsync(Traffic, BuiltInMeters.Egress, day, bytes, cancel);

    internal async Task SeatChangedAsync(Guid eventId, MembershipChanged happened, CancellationToken cancel)
    {
        var organization = PublicId.ToHub(happened.OrganizationId);
        using var data = JsonDocument.Parse($$"""{"from":"{{Role(happened.From)}}","organisation":"{{organization}}","to":"{{Role(happened.To)}}","user":"{{PublicId.ToHub(happened.UserId)}}"}""");
        using var canonical = new CanonicalJson();
        var e = new CloudEvent(eventId.ToString("N"), Members, BuiltInMeters.SeatChange, organization, happened.At, canonical.Write(data.RootElement, CloudEventReader.MostDataBytes)!); // it is short
        await _ingestion.TakeAsync(Sender.Server, [e], cancel);
    }

    private static string Role(NamespaceRole? role) => role?.ToWire() ?? "none";

    private async Task RaiseAsync(string source, string type, DateOnly day, IReadOnlyDictionary<Guid, long> figures, CancellationToken cancel)
    {
        var (first, more) = (new List<Incoming>(), new List<LogEntry>());
        foreach (var (namespaceId, bytes) in figures)
        {
            var owner = PublicId.ToHub(namespaceId);
            using var data = JsonDocument.Parse(string.Create(CultureInfo.InvariantCulture, $$"""{"bytes":{{bytes}},"namespace":"{{owner}}"}"""));
            using var canonical = new CanonicalJson();
            var id = string.Create(CultureInfo.InvariantCulture, $"{owner}/{day:yyyy-MM-dd}");
            var e = new CloudEvent(id, source, type, owner, Days.Start(day), canonical.Write(data.RootElement, CloudEventReader.MostDataBytes)!); // it is short
            if (await _reader.HistoryAsync(e.Key(Guid.Empty), cancel) is not [.., var last])
            {
                first.Add(e);
            }
            else if (last.Entry.Kind is not EntryKind.Void && bytes > BytesOf(last.Entry.Event))
            {
                more.Add(last.Entry with { Version = last.Entry.Version + 1, Kind = EntryKind.Amend, Event = e, Hash = e.Hash(), Reason = "The day's figure has grown.", JobId = null });
            }
        }

        await _ingestion.TakeAsync(Sender.Server, first, cancel);
        await _log.AppendAsync(more, cancel); // where another server was faster, its figure is the newer
    }

    private static long BytesOf(CloudEvent e)
    {
        using var data = JsonDocument.Parse(e.Data);
        return data.RootElement.GetProperty("bytes").GetInt64();
    }
}
