using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>Ollama's dialect, for the desktop tools that speak nothing else: <c>/api/chat</c> and what goes with it. Nothing can be pulled or deleted by it.</summary>
internal static class Ollama
{
    private const string Version = "0.12.0"; // what clients take it for

    public static void MapOllama(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithErrorShape(ErrorShape.Hub).Traced();
        api.MapPost("/chat", (HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, TimeProvider clock, CancellationToken cancel) =>
            AnswerAsync(http, caller, core, options, clock, isChat: true, cancel));
        api.MapPost("/generate", (HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, TimeProvider clock, CancellationToken cancel) =>
            AnswerAsync(http, caller, core, options, clock, isChat: false, cancel));
        api.MapPost("/embed", EmbedAsync);
        api.MapGet("/tags", ListAsync);
        api.MapPost("/show", ShowAsync);
        api.MapGet("/ps", () => Results.Json(new JsonObject { ["models"] = new JsonArray() }));
        api.MapGet("/version", () => Results.Json(new JsonObject { ["version"] = Version }));
    }

    private static async Task AnswerAsync(HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, TimeProvider clock, bool isChat, CancellationToken cancel)
    {
        var startedAt = clock.GetTimestamp();
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        using var request = isChat ? OllamaRequest.Chat(document.RootElement) : OllamaRequest.Generate(document.RootElement);
        await core.ServeAsync(http, caller, request, InForm, cancel);

        Answer InForm(AnswerHead head)
        {
            var words = new OllamaWords(head, isChat, clock, startedAt);
            return request.IsStreamed ? new StreamedLines(http.Response, words) : new WholeLine(http.Response, words);
        }
    }

    private static async Task EmbedAsync(HttpContext http, Caller caller, Embeddings embeddings, GatewayOptions options, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        var name = OllamaNames.Model(BodyRules.RequiredText(document.RootElement, "model"));
        using var request = EmbeddingRequest.Of(JsonDocument.Parse(document.RootElement.GetRawText()), name);
        var (vectors, tokens) = await embeddings.EmbedAsync(http, caller, request, cancel);
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("model", request.Model);
        json.WriteStartArray("embeddings");
        foreach (var vector in vectors.All)
        {
            Vectors.WriteNumbers(json, vector);
        }

        json.WriteEndArray();
        json.WriteNumber("prompt_eval_count", tokens);
        json.WriteEndObject();
    }

    private static async Task<IResult> ListAsync(Caller caller, CallableModels models, CancellationToken cancel) => Results.Json(new JsonObject
    {
        ["models"] = new JsonArray([.. (await models.ListAsync(caller, cancel)).Select(model => new JsonObject
        {
            ["name"] = model.Id,
            ["model"] = model.Id,
            ["modified_at"] = Instants.ToWire(model.CreatedAt),
            ["size"] = model.Entry is null ? model.Weights?.Size ?? 0 : 0,
            ["digest"] = model.Entry is null ? model.Weights?.Digest.ToString() : "",
            ["details"] = Details(model),
        })]),
    });

    private static async Task<IResult> ShowAsync(HttpContext http, Caller caller, CallableModels models, GatewayOptions options, CancellationToken cancel)
    {
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        var body = document.RootElement;
        var name = OllamaNames.Model(BodyRules.OptionalText(body, "model") ?? BodyRules.RequiredText(body, "name", "model"));
        var model = await models.FindAsync(caller, name, cancel) ?? throw GatewayRefusals.NoModel(name);
        return Results.Json(new JsonObject
        {
            ["modelfile"] = "",
            ["parameters"] = "",
            ["template"] = "",
            ["details"] = Details(model),
            ["model_info"] = new JsonObject { ["general.name"] = model.Id },
            ["capabilities"] = Capabilities(model.Features),
            ["modified_at"] = Instants.ToWire(model.CreatedAt),
        });
    }

    private static JsonObject Details(CalledModel model) => new()
    {
        ["parent_model"] = "",
        ["format"] = model.Weights is null ? "" : "gguf",
        ["family"] = "",
        ["families"] = new JsonArray(),
        ["parameter_size"] = "",
        ["quantization_level"] = "",
    };

    private static JsonArray Capabilities(ModelFeatures features)
    {
        (ModelFeatures Feature, string Name)[] names =
        [
            (ModelFeatures.Chat, "completion"), (ModelFeatures.Tools, "tools"), (ModelFeatures.Images, "vision"), (ModelFeatures.Embeddings, "embedding"), (ModelFeatures.Reasoning, "thinking"),
        ];
        return new JsonArray([.. names.Where(n => features.HasFlag(n.Feature)).Select(n => (JsonNode)n.Name)]);
    }
}
