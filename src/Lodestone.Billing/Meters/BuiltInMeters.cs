namespace Lodestone.Billing;

/// <summary>The meters that every server has.</summary>
internal static class BuiltInMeters
{
    public const string Completion = "inference.completion";
    public const string StorageSample = "storage.sample";
    public const string Egress = "egress";
    public const string SeatChange = "seat.change";

    // Disjoint, so that their sum is all that was used.
    private static readonly string[] Classes = ["input", "input_cached", "cache_write", "output", "reasoning", "image_in", "image_out", "audio_in_ms", "audio_out_ms"];

    public static IReadOnlyList<MeterVersion> All { get; } =
    [
        .. Classes.Select(c => Meter($"inference.{c}", Completion, Aggregation.Sum, $"quantities.{c}", c.EndsWith("_ms", StringComparison.Ordinal) ? "ms" : "tokens", "model", ["model"], c)),
        Meter("inference.requests", Completion, Aggregation.Count, null, "requests", null, ["model", "outcome"]),
        .. ((string[])["embedding", "rerank", "image", "audio", "batch"]).SelectMany(kind => Classes.Select(c =>
            Meter($"inference.{kind}.{c}", $"inference.{kind}", Aggregation.Sum, $"quantities.{c}", c.EndsWith("_ms", StringComparison.Ordinal) ? "ms" : "tokens", "model", ["model"], c))),
        Meter("compute.session_ms", "compute.session", Aggregation.Max, "cumulativeMs", "ms", null, ["flavour", "sessionId"]),
        Meter("finetune.tokens", "finetune.job", Aggregation.Sum, "trainedTokens", "tokens", null, ["flavour"]),
        Meter("storage.bytes", StorageSample, Aggregation.Max, "bytes", "bytes", null, ["visibility"]),
        Meter("storage.byte_days", StorageSample, Aggregation.Sum, "bytes", "byte-days", null, ["visibility"]),
        Meter("egress.bytes", Egress, Aggregation.Sum, "bytes", "bytes", null, []),
        Meter("seats.changes", SeatChange, Aggregation.Count, null, "changes", null, ["to"]),
        Meter("gate.purchases", "gate.purchase", Aggregation.Count, null, "purchases", null, []),
        Meter("marketplace.units", "marketplace.unit", Aggregation.Sum, "units", "units", null, []),
    ];

    private static MeterVersion Meter(string slug, string type, Aggregation aggregation, string? path, string unit, string? productPath, string[] groupBy, string? tokens = null) => new()
    {
        Id = Guid.Empty,
        Slug = slug,
        Version = 1,
        EventType = type,
        Aggregation = aggregation,
        ValuePath = path,
        GroupBy = System.Text.Json.JsonSerializer.Serialize([.. groupBy], BillingJson.Default.ListString),
        Filter = "{}",
        Unit = unit,
        ProductPath = productPath,
        Class = tokens ?? slug,
        StartsAt = DateTimeOffset.UnixEpoch,
        CreatedAt = DateTimeOffset.UnixEpoch,
        CreatedBy = Guid.Empty,
    };
}
