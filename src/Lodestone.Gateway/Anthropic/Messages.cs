using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>Anthropic's dialect: POST /v1/messages, and how many tokens one would have.</summary>
internal static class Messages
{
    public static void MapMessages(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/messages", AnswerAsync).WithErrorShape(ErrorShape.Anthropic);
        routes.MapPost("/messages/count_tokens", CountAsync).WithErrorShape(ErrorShape.Anthropic);
    }

    private static async Task AnswerAsync(HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, CancellationToken cancel)
    {
        http.Response.Headers["request-id"] = http.TraceIdentifier;
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        using var request = MessagesRequest.Read(document.RootElement);
        await core.ServeAsync(http, caller, request, head => request.IsStreamed ? new StreamedMessage(http.Response, head) : new WholeMessage(http.Response, head), cancel);
    }

    private static async Task CountAsync(HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, CancellationToken cancel)
    {
        http.Response.Headers["request-id"] = http.TraceIdentifier;
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        using var request = MessagesRequest.Read(document.RootElement, isCounting: true);
        var size = await core.CountAsync(caller, request, cancel);
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteNumber("input_tokens", size.Prompt);
        json.WriteEndObject();
    }
}
