using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>A reclaim that somebody asked for, or that came by itself, and what became of it.</summary>
internal sealed class Sweep
{
    public required Guid Id { get; init; }

    public required bool IsDryRun { get; init; }

    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>Null while it waits or runs.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>JSON of a <see cref="ReclaimReport"/>; null while it waits or runs.</summary>
    public string? Report { get; private set; }

    public ReclaimReport? Found => Report is null ? null : JsonSerializer.Deserialize(Report, HubJson.Default.ReclaimReport);

    public void End(ReclaimReport report, DateTimeOffset now)
    {
        Report = JsonSerializer.Serialize(report, HubJson.Default.ReclaimReport);
        EndedAt = now;
    }
}
