using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>What is sold by API besides the hub's models: <c>/api/v1/catalogue</c>.</summary>
internal static class CatalogueApi
{
    public static void MapCatalogue(this IEndpointRouteBuilder routes)
    {
        var catalogue = routes.MapGroup("/api/v1/catalogue").WithErrorShape(ErrorShape.Problem).WithTags("Catalogue");
        catalogue.MapGet("", List);
        catalogue.MapGet("/{owner}/{name}", Find);
        catalogue.MapPut("/{owner}/{name}", Put);
        catalogue.MapDelete("/{owner}/{name}", Delete);
    }

    private static async Task<Ok<EntryList>> List(CatalogueEditing editing, Circuits circuits, CancellationToken cancel) =>
        TypedResults.Ok(new EntryList([.. (await editing.ListAsync(cancel)).Select(e => EntryView.Of(e, circuits))]));

    private static async Task<Ok<EntryView>> Find(string owner, string name, CatalogueEditing editing, Circuits circuits, CancellationToken cancel) =>
        TypedResults.Ok(EntryView.Of(await editing.FindAsync($"{owner}/{name}", cancel), circuits));

    private static async Task<Ok<EntryView>> Put(string owner, string name, WantedEntry wanted, CatalogueEditing editing, Circuits circuits, CancellationToken cancel) =>
        TypedResults.Ok(EntryView.Of(await editing.PutAsync($"{owner}/{name}", wanted, cancel), circuits));

    private static async Task<NoContent> Delete(string owner, string name, CatalogueEditing editing, CancellationToken cancel)
    {
        await editing.DeleteAsync($"{owner}/{name}", cancel);
        return TypedResults.NoContent();
    }
}

/// <summary>An entry as somebody wants it. What is left out stays as it is, except <see cref="RetiresAt"/>.</summary>
/// <param name="Kind"><c>closed</c> or <c>remote</c>; never changes.</param>
/// <param name="Repo">Of a closed model, the private repository with its weights.</param>
/// <param name="Features">Of a remote model: <c>chat</c>, <c>tools</c> and so on.</param>
/// <param name="ContextLength">Of a remote model, in tokens.</param>
/// <param name="MaxOutput">Of a remote model, in tokens; half the context unless given.</param>
/// <param name="RetiresAt">From then on calls are refused; absent for never.</param>
internal sealed record WantedEntry(
    string? Kind = null, string? Repo = null, bool? IsPublic = null, string? Description = null, long? ContextLength = null, long? MaxOutput = null,
    IReadOnlyList<string>? Features = null, string? DataPolicy = null, DateTimeOffset? RetiresAt = null, IReadOnlyList<WantedBackend>? Backends = null);

/// <param name="Id">Of one that is there already.</param>
/// <param name="Url">Up to and including <c>/v1</c>.</param>
/// <param name="Key">Absent leaves it as it is; empty takes it away. It is never shown.</param>
/// <param name="Weight">Its share of calls; 0: only when no other can answer.</param>
/// <param name="Seats">Calls that it answers at once; 0 for as many as come.</param>
internal sealed record WantedBackend(string? Id = null, string? Url = null, string? Model = null, string? Key = null, long? Weight = null, bool? IsEnabled = null, long? Seats = null);

internal sealed record EntryList(IReadOnlyList<EntryView> Models);

/// <param name="Backends">Null for those who may not change them.</param>
internal sealed record EntryView(
    string Model, string Kind, bool IsPublic, string Description, long? ContextLength, long? MaxOutput, IReadOnlyList<string> Features, string DataPolicy,
    string? RetiresAt, string CreatedAt, string ChangedAt, IReadOnlyList<BackendView>? Backends)
{
    public static EntryView Of(ShownEntry shown, Circuits circuits) => new(
        shown.Entry.Name,
        shown.Entry.Kind.ToString().ToLowerInvariant(),
        shown.Entry.IsPublic,
        shown.Entry.Description,
        shown.Entry.ContextLength > 0 ? shown.Entry.ContextLength : null,
        shown.Entry.MaxOutput > 0 ? shown.Entry.MaxOutput : null,
        (shown.Entry.Kind is EntryKind.Closed ? WorkerBackend.Features : shown.Entry.Features).ToWire(),
        shown.Entry.DataPolicy,
        shown.Entry.RetiresAt is { } end ? Instants.ToWire(end) : null,
        Instants.ToWire(shown.Entry.CreatedAt),
        Instants.ToWire(shown.Entry.ChangedAt),
        shown.MayEdit ? [.. shown.Backends.Select(b => BackendView.Of(b, circuits.Of(b.Id).State))] : null);
}

/// <param name="State"><c>well</c>, <c>resting</c> after failures, or <c>ontrial</c>, as this server has seen it.</param>
internal sealed record BackendView(string Id, string Url, string Model, bool HasKey, long Weight, long? Seats, bool IsEnabled, string State)
{
    public static BackendView Of(RemoteBackend backend, CircuitState state) => new(
        PublicId.Format("bak", backend.Id), backend.Url, backend.Model, backend.SealedKey is not null, backend.Weight, backend.Seats, backend.IsEnabled, state.ToString().ToLowerInvariant());
}
