using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>What the whole server stores: <c>/api/v1/storage</c>, and its sweeps: <c>/api/v1/sweeps</c>. For its administrators.</summary>
internal static class SweepsApi
{
    private const int MostNamespaces = 100;
    private const int MostSweeps = 20;

    public static void MapSweeps(this IEndpointRouteBuilder routes)
    {
        var server = routes.MapGroup("/api/v1").WithErrorShape(ErrorShape.Problem).WithTags("Storage");
        server.MapGet("/storage", ShowServer);
        server.MapGet("/sweeps", ShowSweeps);
        server.MapPost("/sweeps", AskForSweep);
    }

    /// <exception cref="Refusal"><c>unauthenticated</c> or <c>forbidden</c>.</exception>
    public static void OperatesStorage(this Caller caller)
    {
        if (!caller.Authenticated().IsAdministrator || !caller.Scope.HasFlag(TokenScope.Write))
        {
            throw new Refusal(RefusalCode.Forbidden, "Only administrators of this server see and set this, with a token that may write.");
        }
    }

    private static async Task<Ok<ServerStorageView>> ShowServer(StorageFigures figures, Namespaces namespaces, Caller caller, CancellationToken cancel)
    {
        caller.OperatesStorage();
        var largest = await figures.LargestAsync(null, MostNamespaces, cancel);
        var names = await namespaces.ByIdAsync([.. largest.Select(c => c.Id)], cancel);
        return TypedResults.Ok(new ServerStorageView(
            StorageReport.Of(await figures.OfServerAsync(cancel)),
            [.. largest.Where(c => names.ContainsKey(c.Id)).Select(c => new NamespaceStorageView(names[c.Id].Name, StorageReport.Of(c)))]));
    }

    private static async Task<Ok<IReadOnlyList<SweepView>>> ShowSweeps(Sweeps sweeps, Caller caller, CancellationToken cancel)
    {
        caller.OperatesStorage();
        return TypedResults.Ok<IReadOnlyList<SweepView>>([.. (await sweeps.LastAsync(MostSweeps, cancel)).Select(SweepView.Of)]);
    }

    private static async Task<Accepted<SweepView>> AskForSweep(NewSweep wanted, Sweeps sweeps, Caller caller, CancellationToken cancel)
    {
        caller.OperatesStorage();
        return TypedResults.Accepted("/api/v1/sweeps", SweepView.Of(await sweeps.AskAsync(wanted.IsDryRun, cancel)));
    }
}
