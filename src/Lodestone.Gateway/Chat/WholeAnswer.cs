using System.Buffers;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>One JSON object when everything is there. Until then nothing is delivered, so a call that ends early costs nothing.</summary>
internal sealed class WholeAnswer(HttpResponse response, AnswerHead head) : Answer
{
    // The inside of a JSON string: pieces of escaped text joined are escaped text.
    private readonly ArrayBufferWriter<byte> _text = new(1024);
    private byte[] _finish = [];

    /// <summary>The answer as text, for pages.</summary>
    public string Text => JsonSerializer.Deserialize<string>(Quoted)!; // a JSON string

    private byte[] Quoted => [(byte)'"', .. _text.WrittenSpan, (byte)'"'];

    public override Task FlushAsync(CancellationToken cancel) => Task.CompletedTask;

    public override void Restart()
    {
        base.Restart();
        _text.ResetWrittenCount();
    }

    public override async Task EndAsync(CancellationToken cancel)
    {
        response.ContentType = "application/json";
        await using (var json = new Utf8JsonWriter(response.BodyWriter))
        {
            WriteTo(json);
        }

        await response.BodyWriter.FlushAsync(cancel);
    }

    /// <summary>Never needed: nothing is sent before the end, so errors go out with a status of their own.</summary>
    public override Task FailAsync(Refusal refusal, CancellationToken cancel) => throw refusal;

    protected override void Write(EngineEvent made)
    {
        if (!made.Text.IsEmpty)
        {
            _text.Write(made.Text[1..^1]);
        }

        if (!made.Finish.IsEmpty)
        {
            _finish = made.Finish.ToArray();
        }
    }

    private void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        head.WriteTo(json, "chat.completion");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WritePropertyName("content");
        json.WriteRawValue(Quoted, skipInputValidation: true);
        json.WriteNull("refusal");
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WritePropertyName("finish_reason");
        json.WriteRawValue(_finish, skipInputValidation: true);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", Made.InputTokens);
        json.WriteNumber("completion_tokens", Made.OutputTokens);
        json.WriteNumber("total_tokens", Made.InputTokens + Made.OutputTokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
