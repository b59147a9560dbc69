using System.Text.Json;
using Lodestone.Billing;

namespace Lodestone.Gateway;

/// <summary>OpenAI's <c>response</c>, at any time of its making.</summary>
internal sealed class ResponseObject(AnswerHead head)
{
    public string TextId { get; } = head.Id("msg_");

    public string CallId(int index) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{head.Id("fc_")}_{index}");

    /// <param name="choice">What there is of it; absent while there is nothing.</param>
    /// <param name="usage">Once it is over.</param>
    public void WriteTo(Utf8JsonWriter json, string status, CollectedChoice? choice, CallUsage? usage)
    {
        json.WriteStartObject();
        json.WriteString("id", head.Id("resp_"));
        json.WriteString("object", "response");
        json.WriteNumber("created_at", head.Created.ToUnixTimeSeconds());
        json.WriteString("status", status);
        json.WriteString("model", head.Model);
        json.WriteNull("error");
        if (status is "incomplete")
        {
            json.WriteStartObject("incomplete_details");
            json.WriteString("reason", choice?.Finish is "content_filter" ? "content_filter" : "max_output_tokens");
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("incomplete_details");
        }

        json.WriteStartArray("output");
        if (choice is not null)
        {
            WriteItems(json, choice, status);
        }

        json.WriteEndArray();
        WriteRest(json, usage);
        json.WriteEndObject();
    }

    public static void WriteText(Utf8JsonWriter json, string id, string status, ReadOnlySpan<byte> quoted)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("type", "message");
        json.WriteString("status", status);
        json.WriteString("role", "assistant");
        json.WriteStartArray("content");
        if (!quoted.IsEmpty)
        {
            WritePart(json, quoted);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WritePart(Utf8JsonWriter json, ReadOnlySpan<byte> quoted)
    {
        json.WriteStartObject();
        json.WriteString("type", "output_text");
        json.WritePropertyName("text");
        json.WriteRawValue(quoted, skipInputValidation: true);
        json.WriteStartArray("annotations");
        json.WriteEndArray();
        json.WriteStartArray("logprobs");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WriteCall(Utf8JsonWriter json, string id, string status, CollectedCall call)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("type", "function_call");
        json.WriteString("status", status);
        json.WriteString("call_id", call.Id);
        json.WriteString("name", call.Name);
        json.WriteString("arguments", call.Arguments);
        json.WriteEndObject();
    }

    private void WriteItems(Utf8JsonWriter json, CollectedChoice choice, string status)
    {
        if (choice.HasText || choice.Calls.Count == 0)
        {
            WriteText(json, TextId, status, choice.QuotedText);
        }

        for (var i = 0; i < choice.Calls.Count; i++)
        {
            WriteCall(json, CallId(i), status, choice.Calls[i]);
        }
    }

    private static void WriteRest(Utf8JsonWriter json, CallUsage? usage)
    {
        json.WriteBoolean("parallel_tool_calls", true);
        json.WriteNull("previous_response_id");
        json.WriteBoolean("store", false);
        json.WriteString("tool_choice", "auto");
        json.WriteStartArray("tools");
        json.WriteEndArray();
        json.WriteStartObject("metadata");
        json.WriteEndObject();
        if (usage is null)
        {
            json.WriteNull("usage");
            return;
        }

        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", usage.InputTokens);
        json.WriteStartObject("input_tokens_details");
        json.WriteNumber("cached_tokens", 0);
        json.WriteEndObject();
        json.WriteNumber("output_tokens", usage.OutputTokens);
        json.WriteStartObject("output_tokens_details");
        json.WriteNumber("reasoning_tokens", 0);
        json.WriteEndObject();
        json.WriteNumber("total_tokens", usage.InputTokens + usage.OutputTokens);
        json.WriteEndObject();
    }
}
