using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>POST /v1/completions, and Mistral's /v1/fim/completions: the same question, answered as a chat.</summary>
internal static class CompletionRoutes
{
    public static void MapCompletions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/completions", (HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, CancellationToken cancel) =>
            ServeAsync(http, caller, core, options, model: null, cancel));
        routes.MapPost("/fim/completions", FillAsync);
    }

    /// <param name="model">Where the address says which.</param>
    public static async Task ServeAsync(HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, string? model, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        using var request = CompletionRequest.Of(await BodyRules.ReadAsync(http, options.LargestBody, cancel), model);
        await core.ServeAsync(http, caller, request, head => request.IsStreamed ? new StreamedCompletion(http.Response, head, request.WantsUsage) : new WholeCompletion(http.Response, head), cancel);
    }

    private static async Task FillAsync(HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        var body = JsonObject.Create(document.RootElement)!; // an object
        if (body["random_seed"] is { } seed)
        {
            body["seed"] = seed.DeepClone();
        }

        body["max_tokens"] ??= 256;
        using var request = CompletionRequest.Of(JsonSerializer.SerializeToDocument(body));
        await core.ServeAsync(http, caller, request, head => request.IsStreamed ? new StreamedAnswer(http.Response, head, UsagePlace.LastChunk) : new WholeAnswer(http.Response, head), cancel);
    }
}
