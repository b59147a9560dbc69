using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>OpenAI's POST /v1/responses. Nothing of it is kept.</summary>
internal static class ResponseRoutes
{
    public static void MapResponses(this IEndpointRouteBuilder routes) => routes.MapPost("/responses", AnswerAsync);

    private static async Task AnswerAsync(HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        using var request = ResponsesRequest.Read(document.RootElement);
        await core.ServeAsync(http, caller, request, head => request.IsStreamed ? new StreamedResponse(http.Response, head) : new WholeResponse(http.Response, head), cancel);
    }
}
