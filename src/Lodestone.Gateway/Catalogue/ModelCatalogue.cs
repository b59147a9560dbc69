using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>The models that one may call, as OpenAI's and Mistral's clients list them.</summary>
internal static class ModelCatalogue
{
    public static void MapModelCatalogue(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/models", List);
        routes.MapGet("/models/{**id}", Find);
    }

    private static async Task<JsonHttpResult<ModelCards>> List(Caller caller, CallableModels models, KeyLimits keys, CancellationToken cancel)
    {
        var limit = await keys.FindAsync(caller, cancel);
        var servable = (await models.ListAsync(caller, cancel)).Where(m => limit?.Allows(m.Id) is not false);
        return TypedResults.Json(new ModelCards("list", [.. servable.Select(ModelCard.Of)]), GatewayJson.Default.ModelCards);
    }

    // The route keeps %2F as it is, which is how clients send the slash.
    private static async Task<JsonHttpResult<ModelCard>> Find(string id, Caller caller, CallableModels models, CancellationToken cancel)
    {
        var name = Uri.UnescapeDataString(id);
        var model = await models.FindAsync(caller, name, cancel) ?? throw GatewayRefusals.NoModel(name);
        return TypedResults.Json(ModelCard.Of(model), GatewayJson.Default.ModelCard);
    }
}

/// <param name="Object">Always <c>list</c>.</param>
/// <param name="Data">Newest first.</param>
internal sealed record ModelCards(
    [property: JsonPropertyName("object")] string Object,
    [property: JsonPropertyName("data")] IReadOnlyList<ModelCard> Data);

/// <summary>OpenAI's fields, and those that Mistral's client insists on.</summary>
internal sealed record ModelCard
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("object")]
    public string Object { get; } = "model";

    /// <summary>Seconds since 1970.</summary>
    [JsonPropertyName("created")]
    public required long Created { get; init; }

    [JsonPropertyName("owned_by")]
    public required string OwnedBy { get; init; }

    [JsonPropertyName("type")]
    public string Type { get; init; } = "base";

    /// <summary>Of an adapter: its base model.</summary>
    [JsonPropertyName("parent")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Parent { get; init; }

    [JsonPropertyName("description")]
    public string? Description { get; init; }

    [JsonPropertyName("capabilities")]
    public required ModelCapabilities Capabilities { get; init; }

    /// <summary>Tokens of prompt and answer; known of remote models, and of others once they are loaded.</summary>
    [JsonPropertyName("max_context_length")]
    public long? MaxContextLength { get; init; }

    [JsonPropertyName("aliases")]
    public IReadOnlyList<string> Aliases { get; } = [];

    /// <summary>When calls will be refused.</summary>
    [JsonPropertyName("deprecation")]
    public string? Deprecation { get; init; }

    public static ModelCard Of(CalledModel model) => new()
    {
        Id = model.Id,
        Created = model.CreatedAt.ToUnixTimeSeconds(),
        OwnedBy = model.Id[..model.Id.IndexOf('/', StringComparison.Ordinal)],
        Description = model.Entry is { Description.Length: > 0 } entry ? entry.Description : null,
        Type = model.Weights?.Adapter is null ? "base" : "fine-tuned",
        Parent = model.Weights?.Adapter?.Base,
        Capabilities = new ModelCapabilities(model.Features),
        MaxContextLength = model.Entry is { ContextLength: > 0 } sized ? sized.ContextLength : null,
        Deprecation = model.Entry?.RetiresAt is { } end ? Instants.ToWire(end) : null,
    };
}

/// <summary>What can be asked of a model here.</summary>
internal sealed class ModelCapabilities(ModelFeatures features)
{
    [JsonPropertyName("completion_chat")]
    public bool CompletionChat => features.HasFlag(ModelFeatures.Chat);

    [JsonPropertyName("completion_fim")]
    public bool CompletionFim => features.HasFlag(ModelFeatures.Completions);

    [JsonPropertyName("function_calling")]
    public bool FunctionCalling => features.HasFlag(ModelFeatures.Tools);

    [JsonPropertyName("fine_tuning")]
    public bool FineTuning => false;

    [JsonPropertyName("vision")]
    public bool Vision => features.HasFlag(ModelFeatures.Images);

    [JsonPropertyName("classification")]
    public bool Classification => false;

    [JsonPropertyName("structured_output")]
    public bool StructuredOutput => features.HasFlag(ModelFeatures.Schema);

    [JsonPropertyName("embeddings")]
    public bool Embeddings => features.HasFlag(ModelFeatures.Embeddings);
}

[JsonSerializable(typeof(ModelCards))]
[JsonSerializable(typeof(EntryList))]
[JsonSerializable(typeof(WantedEntry))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(KeyList))]
[JsonSerializable(typeof(MadeKey))]
[JsonSerializable(typeof(Rotation))]
[JsonSerializable(typeof(BodyState))]
[JsonSerializable(typeof(WantedBodies))]
[JsonSerializable(typeof(SaidInCall))]
[JsonSerializable(typeof(LogList))]
[JsonSerializable(typeof(TraceView))]
[JsonSerializable(typeof(LatencyReport))]
[JsonSerializable(typeof(IReadOnlyList<TraceStep>))]
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
internal sealed partial class GatewayJson : JsonSerializerContext;
