using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Comparisons with payment providers, for administrators: <c>/api/v1/reconciliation</c>.</summary>
internal static class ReconciliationApi
{
    private const int Shown = 100;

    public static void MapReconciliation(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/v1/reconciliation").WithErrorShape(ErrorShape.Problem).WithTags("Reconciliation");
        runs.MapGet("", List);
        runs.MapPost("", Run);
        runs.MapGet("/{run}", View);
    }

    private static async Task<Ok<ReconciliationList>> List(Reconciling reconciling, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        return TypedResults.Ok(new ReconciliationList([.. (await reconciling.ListAsync(Shown, cancel)).Select(r => ReconciliationView.Of(r, []))]));
    }

    private static async Task<Ok<ReconciliationList>> Run(Reconciling reconciling, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        try
        {
            return TypedResults.Ok(new ReconciliationList([.. (await reconciling.RunAsync(cancel)).Select(r => ReconciliationView.Of(r, []))]));
        }
        catch (ProviderSilentException)
        {
            throw new Refusal(RefusalCode.Unavailable, "A payment provider does not answer just now. Try again in a minute.");
        }
    }

    private static async Task<Ok<ReconciliationView>> View(string run, Reconciling reconciling, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        return PublicId.TryParse(ReconciliationView.IdPrefix, run, out var runId) && await reconciling.FindAsync(runId, cancel) is { } found
            ? TypedResults.Ok(ReconciliationView.Of(found.Run, found.Differences))
            : throw new Refusal(RefusalCode.NotFound, "There is no such comparison.");
    }
}

/// <param name="Runs">Newest first, without their differences.</param>
internal sealed record ReconciliationList(IReadOnlyList<ReconciliationView> Runs);

/// <param name="Id"><c>rec_…</c></param>
internal sealed record ReconciliationView(string Id, string Provider, string Since, string Until, long Compared, long Differing, IReadOnlyList<DifferenceView> Differences)
{
    public const string IdPrefix = "rec";

    public static ReconciliationView Of(Reconciliation run, IReadOnlyList<ReconciliationDifference> differences) => new(
        PublicId.Format(IdPrefix, run.Id), run.Provider, Instants.ToWire(run.Since), Instants.ToWire(run.Until), run.Compared, run.Differing,
        [.. differences.Select(d => new DifferenceView(d.Kind.ToWire(), d.What, d.Reference, d.Ours, d.Theirs))]);
}

/// <param name="Kind"><c>missing_here</c>, <c>missing_there</c>, <c>amount</c>, <c>currency</c> or <c>state</c>.</param>
internal sealed record DifferenceView(string Kind, string What, string Reference, string Ours, string Theirs);
