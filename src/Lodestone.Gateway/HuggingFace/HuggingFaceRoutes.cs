using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>
/// Hugging Face's inference routes: a tree for each model at <c>/models/{owner}/{name}</c>, also below <c>/hf-inference</c>. The address
/// says which model; what the body says of it is ignored, because clients put the address there.
/// </summary>
internal static class HuggingFaceRoutes
{
    public static void MapHuggingFace(this IEndpointRouteBuilder routes)
    {
        foreach (var prefix in (ReadOnlySpan<string>)["/models/{owner}/{name}", "/hf-inference/models/{owner}/{name}"])
        {
            var model = routes.MapGroup(prefix).WithErrorShape(ErrorShape.Hub).Traced();
            model.MapPost("", GenerateAsync);
            model.MapPost("/generate", GenerateAsync);
            model.MapPost("/pipeline/{task}", RunAsync);
            model.MapPost("/v1/chat/completions", ChatAsync).WithErrorShape(ErrorShape.OpenAi);
            model.MapPost("/v1/completions", (string owner, string name, HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, CancellationToken cancel) =>
                CompletionRoutes.ServeAsync(http, caller, core, options, $"{owner}/{name}", cancel)).WithErrorShape(ErrorShape.OpenAi);
            model.MapPost("/v1/embeddings", (string owner, string name, HttpContext http, Caller caller, Embeddings embeddings, CancellationToken cancel) =>
                embeddings.ServeAsync(http, caller, $"{owner}/{name}", cancel)).WithErrorShape(ErrorShape.OpenAi);
            model.MapGet("/info", InfoAsync);
            model.MapGet("/health", async (string owner, string name, Caller caller, CallableModels models, CancellationToken cancel) =>
                await models.FindAsync(caller, $"{owner}/{name}", cancel) is null ? throw GatewayRefusals.NoModel($"{owner}/{name}") : Results.Ok());
        }
    }

    private static async Task ChatAsync(string owner, string name, HttpContext http, Caller caller, ChatCompletions core, GatewayOptions options, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        var body = JsonObject.Create(document.RootElement)!; // an object
        body["model"] = $"{owner}/{name}";
        using var request = ChatRequest.Of(JsonSerializer.SerializeToDocument(body));
        await core.ServeAsync(http, caller, request, head => request.IsStreamed ? new StreamedAnswer(http.Response, head, request.UsagePlace) : new WholeAnswer(http.Response, head), cancel);
    }

    private static async Task GenerateAsync(string owner, string name, HttpContext http, Caller caller, ChatCompletions core, KnownModels known, GatewayOptions options, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        var wanted = GenerationRequest.Read(document.RootElement, $"{owner}/{name}");
        using var request = wanted.Request;
        if (wanted.Adapter is { } adapter && await known.FindAsync(caller, adapter, cancel) is { } found && !string.Equals(found.Weights?.Adapter?.Base, $"{owner}/{name}", StringComparison.OrdinalIgnoreCase))
        {
            throw GatewayRefusals.Invalid("parameters.adapter_id", $"is {adapter}, which is no adapter of {owner}/{name}.");
        }

        await core.ServeAsync(http, caller, request, InForm, cancel);

        Answer InForm(AnswerHead head) => request.IsStreamed
            ? new StreamedGeneration(http.Response, wanted)
            : new WholeGeneration(http.Response, wanted, isList: !http.Request.Path.Value!.EndsWith("/generate", StringComparison.Ordinal));
    }

    private static async Task RunAsync(
        string owner, string name, string task, HttpContext http, Caller caller, ChatCompletions core, Embeddings embeddings, KnownModels known, GatewayOptions options, CancellationToken cancel)
    {
        switch (task)
        {
            case "text-generation":
                await GenerateAsync(owner, name, http, caller, core, known, options, cancel);
                return;
            case "feature-extraction" or "sentence-similarity":
                await EmbedAsync($"{owner}/{name}", isSimilarity: task is "sentence-similarity", http, caller, embeddings, options, cancel);
                return;
            default:
                throw GatewayRefusals.UnsupportedTask(task);
        }
    }

    private static async Task EmbedAsync(string model, bool isSimilarity, HttpContext http, Caller caller, Embeddings embeddings, GatewayOptions options, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        using var document = await BodyRules.ReadAsync(http, options.LargestBody, cancel);
        var (texts, isOne) = isSimilarity ? (Sentences(document.RootElement), false) : Inputs(document.RootElement);
        using var request = EmbeddingRequest.Of(JsonSerializer.SerializeToDocument(new JsonObject { ["model"] = model, ["input"] = texts }));
        var (vectors, _) = await embeddings.EmbedAsync(http, caller, request, cancel);
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        if (isOne)
        {
            Vectors.WriteNumbers(json, vectors.All[0]);
            return;
        }

        json.WriteStartArray();
        foreach (var vector in isSimilarity ? vectors.All.Skip(1) : vectors.All)
        {
            if (isSimilarity)
            {
                json.WriteNumberValue(Cosine(vectors.All[0], vector));
            }
            else
            {
                Vectors.WriteNumbers(json, vector);
            }
        }

        json.WriteEndArray();
    }

    private static (JsonNode Texts, bool IsOne) Inputs(JsonElement body)
    {
        var inputs = BodyRules.TryGet(body, "inputs", out var value) ? value : throw GatewayRefusals.Missing("inputs");
        return inputs.ValueKind is JsonValueKind.String or JsonValueKind.Array
            ? (JsonNode.Parse(inputs.GetRawText())!, inputs.ValueKind is JsonValueKind.String)
            : throw GatewayRefusals.Invalid("inputs", "must be a string or an array of strings.");
    }

    private static JsonArray Sentences(JsonElement body)
    {
        var inputs = BodyRules.RequiredObject(body, "inputs");
        var all = new JsonArray(BodyRules.RequiredText(inputs, "source_sentence", "inputs.source_sentence"));
        if (!BodyRules.TryGet(inputs, "sentences", out var sentences) || sentences.ValueKind is not JsonValueKind.Array || sentences.GetArrayLength() == 0)
        {
            throw GatewayRefusals.Invalid("inputs.sentences", "must be an array with at least one sentence.");
        }

        foreach (var (sentence, param) in BodyRules.Items(sentences, "inputs.sentences"))
        {
            all.Add(sentence.ValueKind is JsonValueKind.String ? BodyRules.Text(sentence, param) : throw GatewayRefusals.Invalid(param, "must be a string."));
        }

        return all;
    }

    private static double Cosine(float[] one, float[] other)
    {
        double dot = 0, left = 0, right = 0;
        for (var i = 0; i < Math.Min(one.Length, other.Length); i++)
        {
            dot += one[i] * other[i];
            left += one[i] * one[i];
            right += other[i] * other[i];
        }

        return left > 0 && right > 0 ? dot / Math.Sqrt(left * right) : 0;
    }

    private static async Task<IResult> InfoAsync(string owner, string name, Caller caller, CallableModels models, CancellationToken cancel)
    {
        var model = await models.FindAsync(caller, $"{owner}/{name}", cancel) ?? throw GatewayRefusals.NoModel($"{owner}/{name}");
        var info = new JsonObject { ["model_id"] = model.Id, ["model_sha"] = model.Revision, ["model_pipeline_tag"] = "text-generation", ["router"] = "lodestone" };
        if (model.Entry is { ContextLength: > 0 } entry)
        {
            info["max_input_tokens"] = entry.ContextLength;
            info["max_total_tokens"] = entry.ContextLength;
        }

        return Results.Json(info);
    }
}
