using System.Text.Json.Serialization;
using Lodestone.Core;
using Lodestone.Hub;
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

    private static async Task<JsonHttpResult<ModelCards>> List(Caller caller, Models models, CancellationToken cancel)
    {
        var servable = await models.ListAsync(caller, cancel);
        return TypedResults.Json(new ModelCards("list", [.. servable.Select(ModelCard.Of)]), GatewayJson.Default.ModelCards);
    }

    // The route keeps %2F as it is, which is how clients send the slash.
    private static async Task<JsonHttpResult<ModelCard>> Find(string id, Caller caller, Models models, CancellationToken cancel)
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
    public string Type { get; } = "base";

    [JsonPropertyName("capabilities")]
    public ModelCapabilities Capabilities { get; } = new();

    [JsonPropertyName("aliases")]
    public IReadOnlyList<string> Aliases { get; } = [];

    public static ModelCard Of(ServableModel model) => new()
    {
        Id = model.Id,
        Created = model.CreatedAt.ToUnixTimeSeconds(),
        OwnedBy = model.Id[..model.Id.IndexOf('/', StringComparison.Ordinal)],
    };
}

/// <summary>What can be asked of a model here.</summary>
internal sealed record ModelCapabilities
{
    [JsonPropertyName("completion_chat")]
    public bool CompletionChat { get; } = true;

    [JsonPropertyName("completion_fim")]
    public bool CompletionFim { get; }

    [JsonPropertyName("function_calling")]
    public bool FunctionCalling { get; }

    [JsonPropertyName("fine_tuning")]
    public bool FineTuning { get; }

    [JsonPropertyName("vision")]
    public bool Vision { get; }

    [JsonPropertyName("classification")]
    public bool Classification { get; }
}

[JsonSerializable(typeof(ModelCards))]
internal sealed partial class GatewayJson : JsonSerializerContext;
