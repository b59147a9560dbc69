using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Compute;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>POST /v1/rerank, in the shape of Cohere's, Jina's and vLLM's clients: texts in the order in which they answer a question.</summary>
internal sealed class Reranking(CountedCalls calls, Workers workers, GatewayOptions options)
{
    private static readonly Need Need = new(ModelFeatures.Rerank, "model", "Ranking texts");

    public async Task ServeAsync(HttpContext http, Caller caller, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        var request = RerankRequest.Read(document.RootElement);
        var (ranking, tokens) = await calls.RunAsync(
            http,
            caller,
            request.Model,
            Need,
            request.MostTokens,
            async (model, inTime) =>
            {
                if (model.Weights is { } weights)
                {
                    await using var lease = await workers.AcquireAsync(weights, inTime);
                    using var answer = await EngineEvents.AskAsync(lease.Http, "rerank", request.ForBackend(model: null, request.MostTokens), inTime);
                    var ranked = Ranking.Read(answer.RootElement, request.Documents.Count);
                    return (ranked, ranked.Tokens, Measurement.Engine);
                }

                var found = await calls.AskRemoteAsync(model, "rerank", backend => request.ForBackend(backend.Model, maxPrompt: null), answer => Ranking.Read(answer, request.Documents.Count), inTime);
                return (found, found.Tokens, Measurement.Backend);
            },
            cancel);
        http.Response.ContentType = "application/json";
        await using (var json = new Utf8JsonWriter(http.Response.BodyWriter))
        {
            WriteTo(json, http.TraceIdentifier, request, ranking, tokens);
        }

        await http.Response.BodyWriter.FlushAsync(cancel);
    }

    private static void WriteTo(Utf8JsonWriter json, string id, RerankRequest request, Ranking ranking, long tokens)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("model", request.Model);
        json.WriteStartArray("results");
        foreach (var (index, score) in ranking.Scores.Take(request.Top))
        {
            json.WriteStartObject();
            json.WriteNumber("index", index);
            json.WriteNumber("relevance_score", score);
            if (request.WantsDocuments)
            {
                json.WriteStartObject("document");
                json.WriteString("text", request.Documents[index]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", tokens);
        json.WriteNumber("total_tokens", tokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

internal static class RerankRoutes
{
    public static void MapReranking(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/rerank", (HttpContext http, Caller caller, Reranking reranking, CancellationToken cancel) => reranking.ServeAsync(http, caller, cancel));
}
