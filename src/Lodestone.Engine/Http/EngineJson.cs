using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lodestone.Engine.Http;

/// <param name="Messages">Rendered with the chat template and an opening for the answer.</param>
/// <param name="Content">Or plain text.</param>
/// <param name="Tools">As in a chat request: the template writes them.</param>
/// <param name="ToolChoice">As in a chat request.</param>
internal sealed record TokenizeRequest(IReadOnlyList<ChatMessage>? Messages, string? Content, JsonElement? Tools, JsonElement? ToolChoice);

/// <param name="Count">Tokens.</param>
/// <param name="Tokens">In order.</param>
internal sealed record TokenizeAnswer(int Count, IReadOnlyList<int> Tokens);

/// <param name="Id">What requests call it by.</param>
/// <param name="Weights">A GGUF file of an adapter, or PEFT's safetensors.</param>
/// <param name="Config">PEFT's <c>adapter_config.json</c>; absent for a GGUF file.</param>
internal sealed record AdapterRequest(string? Id, string? Weights, JsonElement? Config);

/// <param name="Status"><c>loading</c> or <c>ok</c>.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Context">Tokens of prompt and answer together.</param>
/// <param name="Slots">Answers written at once.</param>
/// <param name="Active">Answers being written.</param>
/// <param name="Waiting">Requests that wait for a slot.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="Parameters">Numbers the model has learnt.</param>
/// <param name="Chat">Whether the model has a chat template.</param>
/// <param name="Adapters">Adapters in memory.</param>
internal sealed record Health(string Status, string Model, int? Context, int? Slots, int? Active, int? Waiting, int? Threads, ulong? Parameters, bool? Chat, int? Adapters);

internal sealed record ModelList(string Object, IReadOnlyList<ModelCard> Data);

internal sealed record ModelCard(string Id, string Object, long Created, string OwnedBy, int MaxContextLength);

internal sealed record ErrorAnswer(ErrorBody Error);

internal sealed record ErrorBody(string Message, string Type, string? Param, string? Code);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(TokenizeRequest))]
[JsonSerializable(typeof(TokenizeAnswer))]
[JsonSerializable(typeof(AdapterRequest))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class EngineJson : JsonSerializerContext;
