using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>OpenAI's <c>chat.completion</c>.</summary>
internal sealed class WholeAnswer(HttpResponse response, AnswerHead head) : CollectedAnswer(response)
{
    /// <summary>The answer as text, for pages.</summary>
    public string Text => Only.Text;

    protected override void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        head.WriteTo(json, "chatcmpl-", "chat.completion");
        json.WriteStartArray("choices");
        foreach (var choice in Choices)
        {
            WriteChoice(json, choice);
        }

        json.WriteEndArray();
        json.WritePropertyName("usage");
        json.WriteRawValue(OpenAiUsage.Of(Made), skipInputValidation: true);
        json.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter json, CollectedChoice choice)
    {
        json.WriteStartObject();
        json.WriteNumber("index", choice.Index);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        if (choice.HasText || choice.Calls.Count == 0)
        {
            json.WritePropertyName("content");
            json.WriteRawValue(choice.QuotedText, skipInputValidation: true);
        }
        else
        {
            json.WriteNull("content");
        }

        json.WriteNull("refusal");
        if (choice.HasReasoning)
        {
            json.WritePropertyName("reasoning_content");
            json.WriteRawValue(choice.QuotedReasoning, skipInputValidation: true);
        }

        WriteCalls(json, choice.Calls);
        json.WriteEndObject();
        WriteLogprobs(json, choice.Logprobs);
        json.WriteString("finish_reason", choice.Finish);
        json.WriteEndObject();
    }

    private static void WriteCalls(Utf8JsonWriter json, IList<CollectedCall> calls)
    {
        if (calls.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            json.WriteString("id", call.Id);
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", call.Name);
            json.WriteString("arguments", call.Arguments);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteLogprobs(Utf8JsonWriter json, List<byte[]> pieces)
    {
        if (pieces.Count == 0)
        {
            json.WriteNull("logprobs");
            return;
        }

        json.WriteStartObject("logprobs");
        json.WriteStartArray("content");
        foreach (var piece in pieces)
        {
            using var document = JsonDocument.Parse(piece);
            if (BodyRules.TryGet(document.RootElement, "content", out var tokens) && tokens.ValueKind is JsonValueKind.Array)
            {
                foreach (var token in tokens.EnumerateArray())
                {
                    token.WriteTo(json);
                }
            }
        }

        json.WriteEndArray();
        json.WriteNull("refusal");
        json.WriteEndObject();
    }
}
