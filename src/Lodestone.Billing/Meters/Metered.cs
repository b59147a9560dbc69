using System.Globalization;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What other modules of the server have measured. Billing asks nobody above it, so they tell it here.</summary>
public sealed class Metered
{
    private const string Source = "/server/storage";

    private readonly Ingestion _ingestion;
    private readonly TimeProvider _clock;

    internal Metered(Ingestion ingestion, TimeProvider clock) => (_ingestion, _clock) = (ingestion, clock);

    /// <summary>What was stored for each namespace today, in bytes. The first sample of a namespace's UTC day is the one that counts.</summary>
    public async Task StoredAsync(IReadOnlyDictionary<Guid, long> bytes, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        var day = Days.Of(now).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var samples = new List<Incoming>(bytes.Count);
        foreach (var (namespaceId, stored) in bytes)
        {
            var owner = PublicId.ToHub(namespaceId);
            using var data = JsonDocument.Parse(string.Create(CultureInfo.InvariantCulture, $$"""{"bytes":{{stored}},"namespace":"{{owner}}"}"""));
            using var canonical = new CanonicalJson();
            samples.Add(new CloudEvent($"{owner}/{day}", Source, BuiltInMeters.StorageSample, owner, Days.Start(Days.Of(now)), canonical.Write(data.RootElement, CloudEventReader.MostDataBytes)!)); // it is short
        }

        await _ingestion.TakeAsync(Sender.Server, samples, cancel);
    }
}
