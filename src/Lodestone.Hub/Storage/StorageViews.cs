namespace Lodestone.Hub;

/// <param name="Limit">Bytes; null: no limit.</param>
internal sealed record NewStorageLimit(long? Limit);

/// <param name="Name">Of the namespace.</param>
/// <param name="Used">Bytes: every large file once for each repository that holds it.</param>
/// <param name="Limit">Bytes; null: no limit.</param>
internal sealed record StorageView(string Name, long Used, long? Limit)
{
    /// <summary>Null where it was not counted yet.</summary>
    public StorageReport? Report { get; init; }

    public static StorageView Of(Identity.Namespace one, StorageUse use) => new(one.Name, use.Used, use.Limit);
}

/// <param name="Name"><c>owner/name</c>.</param>
/// <param name="Report">Null where it was not counted yet.</param>
internal sealed record RepoStorageView(string Name, StorageReport? Report);

/// <param name="Report">Null where it was not counted yet.</param>
/// <param name="Namespaces">Those that need most, at most 100.</param>
internal sealed record ServerStorageView(StorageReport? Report, IReadOnlyList<NamespaceStorageView> Namespaces);

internal sealed record NamespaceStorageView(string Name, StorageReport? Report);

/// <inheritdoc cref="StorageCount"/>
internal sealed record StorageReport(long Files, long Logical, long Stored, long Shared, long Waiting, long Due, DateTimeOffset CountedAt)
{
    public static StorageReport? Of(StorageCount? count) =>
        count is null ? null : new(count.Files, count.Logical, count.Stored, count.Shared, count.Waiting, count.Due, count.CountedAt);
}

/// <param name="IsDryRun">Changes nothing and says what would be.</param>
internal sealed record NewSweep(bool IsDryRun);

/// <param name="EndedAt">Null while it waits or runs, as is the report.</param>
internal sealed record SweepView(string Id, bool IsDryRun, DateTimeOffset AskedAt, DateTimeOffset? EndedAt, ReclaimReport? Report)
{
    public static SweepView Of(Sweep sweep) => new(sweep.Id.ToString(), sweep.IsDryRun, sweep.AskedAt, sweep.EndedAt, sweep.Found);
}
