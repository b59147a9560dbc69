using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>What is kept of what is said, for programs: <c>/api/v1/inference/bodies</c>.</summary>
internal static class BodiesApi
{
    public static void MapBodies(this IEndpointRouteBuilder routes)
    {
        var bodies = routes.MapGroup("/api/v1/inference/bodies").WithErrorShape(ErrorShape.Problem).WithTags("Inference");
        bodies.MapGet("", async (Bodies all, CancellationToken cancel) => TypedResults.Ok(await all.StateAsync(cancel)));
        bodies.MapPut("", Choose);
        bodies.MapDelete("", async (Bodies all, CancellationToken cancel) =>
        {
            await all.DeleteAllAsync(cancel);
            return TypedResults.NoContent();
        });
        bodies.MapGet("/{requestId}", Find);
        bodies.MapDelete("/{requestId}", Delete);
    }

    private static async Task<Ok<BodyState>> Choose(WantedBodies wanted, Bodies bodies, CancellationToken cancel)
    {
        await bodies.ChooseAsync(wanted.KeepDays, cancel);
        return TypedResults.Ok(await bodies.StateAsync(cancel));
    }

    private static async Task<Ok<SaidInCall>> Find(string requestId, Bodies bodies, CancellationToken cancel) =>
        TypedResults.Ok(await bodies.FindAsync(requestId, cancel) ?? throw NotKept(requestId));

    private static async Task<NoContent> Delete(string requestId, Bodies bodies, CancellationToken cancel) =>
        await bodies.DeleteAsync(requestId, cancel) ? TypedResults.NoContent() : throw NotKept(requestId);

    private static Refusal NotKept(string requestId) => new(RefusalCode.NotFound, $"Nothing is kept of what was said in a call of yours with the request id {requestId}.");
}

/// <param name="KeepDays">0 to 90; 0 deletes what is kept.</param>
internal sealed record WantedBodies(long KeepDays);
