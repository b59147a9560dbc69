using Lodestone.Hub;

namespace Lodestone.Gateway;

/// <summary>A model that somebody may call: what is charged for, and what answers.</summary>
internal sealed record CalledModel
{
    /// <summary>The repository, or the catalogue's entry: what prices are for.</summary>
    public required Guid ProductId { get; init; }

    public required Guid SellerId { get; init; }

    /// <summary><c>owner/name</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The commit served; <c>remote</c> where nobody here knows it, and <c>closed</c> where nobody is to know it.</summary>
    public required string Revision { get; init; }

    /// <summary>What our own engine loads; absent for a remote model.</summary>
    public ServableModel? Weights { get; init; }

    /// <summary>Absent for an open model.</summary>
    public CatalogueEntry? Entry { get; init; }

    /// <summary>Of a remote model, those in use.</summary>
    public IReadOnlyList<RemoteBackend> Backends { get; init; } = [];

    public required ModelFeatures Features { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static CalledModel Open(ServableModel model) => new()
    {
        ProductId = model.RepoId,
        SellerId = model.OwnerId,
        Id = model.Id,
        Revision = model.Revision,
        Weights = model,
        Features = model.Adapter is null ? WorkerBackend.Features : WorkerBackend.Features & ~ModelFeatures.Embeddings, // adapters are trained to write
        CreatedAt = model.CreatedAt,
    };

    public static CalledModel Closed(CatalogueEntry entry, ServableModel weights) => Of(entry, "closed") with { Weights = weights, Features = WorkerBackend.Features };

    public static CalledModel Remote(CatalogueEntry entry, IReadOnlyList<RemoteBackend> backends) => Of(entry, "remote") with { Backends = backends };

    private static CalledModel Of(CatalogueEntry entry, string revision) => new()
    {
        ProductId = entry.Id,
        SellerId = entry.OwnerId,
        Id = entry.Name,
        Revision = revision,
        Entry = entry,
        Features = entry.Features,
        CreatedAt = entry.CreatedAt,
    };
}
