using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Compute;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>Vectors for texts.</summary>
internal sealed class Embeddings(CountedCalls calls, Workers workers, GatewayOptions options)
{
    private static readonly Need Need = new(ModelFeatures.Embeddings, "model", "Embedding texts");

    public async Task ServeAsync(HttpContext http, Caller caller, string? model, CancellationToken cancel)
    {
        using var request = EmbeddingRequest.Of(await BodyRules.ReadAsync(http, options.LargestBody, cancel), model);
        var embedded = await EmbedAsync(http, caller, request, cancel);
        http.Response.ContentType = "application/json";
        await using (var json = new Utf8JsonWriter(http.Response.BodyWriter))
        {
            embedded.Vectors.WriteTo(json, http.TraceIdentifier, request.Model, request.IsBase64, embedded.Tokens);
        }

        await http.Response.BodyWriter.FlushAsync(cancel);
    }

    /// <exception cref="Refusal">Whatever a client would be told; then nothing is charged.</exception>
    public async Task<(Vectors Vectors, long Tokens)> EmbedAsync(HttpContext http, Caller caller, EmbeddingRequest request, CancellationToken cancel)
    {
        var most = request.MostTokens;
        return await calls.RunAsync(
            http,
            caller,
            request.Model,
            Need,
            most,
            async (model, inTime) =>
            {
                var (vectors, by) = await ComputeAsync(model, request, most, inTime);
                return (vectors, vectors.PromptTokens, by);
            },
            cancel);
    }

    private async Task<(Vectors Vectors, Measurement By)> ComputeAsync(CalledModel model, EmbeddingRequest request, long most, CancellationToken cancel)
    {
        if (model.Weights is not { } weights)
        {
            var remote = await calls.AskRemoteAsync(model, "embeddings", backend => request.ForBackend(backend.Model, maxPrompt: null), answer => Vectors.Read(answer, request.Input.Count), cancel);
            return (remote, Measurement.Backend);
        }

        await using var lease = await workers.AcquireAsync(weights, cancel);
        using var answer = await EngineEvents.AskAsync(lease.Http, "embeddings", request.ForBackend(model: null, most), cancel);
        return (Vectors.Read(answer.RootElement, request.Input.Count), Measurement.Engine);
    }
}

internal static class EmbeddingRoutes
{
    public static void MapEmbeddings(this IEndpointRouteBuilder routes) => routes.MapPost("/embeddings",
        (HttpContext http, Caller caller, Embeddings embeddings, CancellationToken cancel) => embeddings.ServeAsync(http, caller, model: null, cancel));
}
