using System.Buffers;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>OpenAI's older chunks, <c>text_completion</c>: texts, the finish reason, the usage where asked for, <c>[DONE]</c>.</summary>
internal sealed class StreamedCompletion(HttpResponse response, AnswerHead head, bool wantsUsage) : PipedAnswer(response)
{
    protected override void WriteNews(EngineEvent made)
    {
        var (text, finish, logprobs, choice) = (made.Text.ToArray(), made.Finish.ToArray(), made.Logprobs.ToArray(), made.Choice);
        Sse.Plain(Body, json =>
        {
            head.WriteTo(json, "cmpl-", "text_completion");
            json.WriteStartArray("choices");
            json.WriteStartObject();
            json.WriteNumber("index", choice);
            Raw(json, "text", text, "\"\""u8);
            Raw(json, "logprobs", logprobs, "null"u8);
            Raw(json, "finish_reason", finish, "null"u8);
            json.WriteEndObject();
            json.WriteEndArray();
            if (wantsUsage)
            {
                json.WriteNull("usage");
            }
        });
    }

    protected override void WriteEnd()
    {
        if (wantsUsage)
        {
            Sse.Plain(Body, json =>
            {
                head.WriteTo(json, "cmpl-", "text_completion");
                json.WriteStartArray("choices");
                json.WriteEndArray();
                json.WritePropertyName("usage");
                json.WriteRawValue(OpenAiUsage.Of(Made), skipInputValidation: true);
            });
        }

        Body.Write("data: [DONE]\n\n"u8);
    }

    protected override void WriteFailure(Refusal refusal, string requestId) => OpenAiError.WriteEvent(Body, refusal, requestId);

    private static void Raw(Utf8JsonWriter json, string name, byte[] value, ReadOnlySpan<byte> otherwise)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value.Length > 0 ? value : otherwise, skipInputValidation: true);
    }
}

/// <summary>OpenAI's older answer, <c>text_completion</c>.</summary>
internal sealed class WholeCompletion(HttpResponse response, AnswerHead head) : CollectedAnswer(response)
{
    private static readonly string[] Lists = ["tokens", "token_logprobs", "top_logprobs", "text_offset"];

    protected override void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        head.WriteTo(json, "cmpl-", "text_completion");
        json.WriteStartArray("choices");
        foreach (var choice in Choices)
        {
            json.WriteStartObject();
            json.WriteNumber("index", choice.Index);
            json.WritePropertyName("text");
            json.WriteRawValue(choice.QuotedText, skipInputValidation: true);
            WriteLogprobs(json, choice.Logprobs);
            json.WriteString("finish_reason", choice.Finish);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WritePropertyName("usage");
        json.WriteRawValue(OpenAiUsage.Of(Made), skipInputValidation: true);
        json.WriteEndObject();
    }

    private static void WriteLogprobs(Utf8JsonWriter json, List<byte[]> pieces)
    {
        if (pieces.Count == 0)
        {
            json.WriteNull("logprobs");
            return;
        }

        var documents = pieces.ConvertAll(piece => JsonDocument.Parse(piece));
        json.WriteStartObject("logprobs");
        foreach (var name in Lists)
        {
            json.WriteStartArray(name);
            foreach (var item in documents.SelectMany(d => BodyRules.TryGet(d.RootElement, name, out var list) && list.ValueKind is JsonValueKind.Array ? list.EnumerateArray().ToArray() : []))
            {
                item.WriteTo(json);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        documents.ForEach(document => document.Dispose());
    }
}
