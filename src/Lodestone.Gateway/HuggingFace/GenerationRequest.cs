using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>A text generation as <c>huggingface_hub</c> asks for it: <c>{inputs, parameters, stream}</c>, said as a completion.</summary>
/// <param name="Request">The completion.</param>
/// <param name="Prompt">To be put before the answer, where that is wanted.</param>
/// <param name="WantsDetails">Why it ended, and how many tokens it has.</param>
/// <param name="Adapter">A repository with an adapter of the model, by which the model is to be changed; null for none.</param>
internal sealed record GenerationRequest(CompletionRequest Request, string Prompt, bool WantsDetails, string? Adapter)
{
    private const long DefaultTokens = 100;

    private static readonly (string Theirs, string Ours)[] Parameters =
    [
        ("max_new_tokens", "max_tokens"), ("temperature", "temperature"), ("top_k", "top_k"), ("top_p", "top_p"), ("typical_p", "typical_p"),
        ("repetition_penalty", "repetition_penalty"), ("frequency_penalty", "frequency_penalty"), ("seed", "seed"), ("stop", "stop"),
    ];

    private static readonly string[] NotYet = ["grammar", "watermark", "decoder_input_details"];

    /// <exception cref="Refusal">The first thing wrong with it, by name.</exception>
    public static GenerationRequest Read(JsonElement body, string model)
    {
        var prompt = BodyRules.RequiredText(body, "inputs");
        var completion = new JsonObject { ["model"] = model, ["prompt"] = prompt, ["stream"] = BodyRules.Flag(body, "stream"), ["max_tokens"] = DefaultTokens };
        var wantsDetails = false;
        var wantsPrompt = false;
        string? adapter = null;
        if (BodyRules.OptionalObject(body, "parameters") is { } parameters)
        {
            foreach (var (theirs, ours) in Parameters)
            {
                if (BodyRules.TryGet(parameters, theirs, out var value))
                {
                    completion[ours] = JsonNode.Parse(value.GetRawText());
                }
            }

            if (!BodyRules.Flag(parameters, "do_sample", otherwise: true))
            {
                completion["temperature"] = 0;
            }

            foreach (var name in NotYet)
            {
                if (BodyRules.TryGet(parameters, name, out var value) && value.ValueKind is not JsonValueKind.False)
                {
                    throw GatewayRefusals.Unsupported($"parameters.{name}");
                }
            }

            adapter = BodyRules.TryGet(parameters, "adapter_id", out _) ? BodyRules.RequiredText(parameters, "adapter_id", "parameters.adapter_id") : null;
            completion["model"] = adapter ?? model;
            wantsDetails = BodyRules.Flag(parameters, "details");
            wantsPrompt = BodyRules.Flag(parameters, "return_full_text");
        }

        return new GenerationRequest(CompletionRequest.Of(JsonSerializer.SerializeToDocument(completion)), wantsPrompt ? prompt : "", wantsDetails, adapter);
    }
}
