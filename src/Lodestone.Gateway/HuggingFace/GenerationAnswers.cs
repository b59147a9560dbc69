using System.Text;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>Events with a token each; the last one has the whole text and the details.</summary>
internal sealed class StreamedGeneration(HttpResponse response, GenerationRequest wanted) : PipedAnswer(response)
{
    private readonly StringBuilder _text = new(wanted.Prompt);
    private string _last = "";
    private string _finish = "stop";
    private int _index;

    protected override void WriteNews(EngineEvent made)
    {
        if (!made.Finish.IsEmpty)
        {
            _finish = JsonSerializer.Deserialize<string>(made.Finish)!; // a JSON string
        }

        if (made.Text.Length <= "\"\""u8.Length)
        {
            return;
        }

        var text = JsonSerializer.Deserialize<string>(made.Text)!; // a JSON string
        if (_last.Length > 0)
        {
            WriteToken(_last, isLast: false); // held back, because the last of them says more
        }

        _last = text;
        _text.Append(text);
    }

    protected override void WriteEnd() => WriteToken(_last, isLast: true);

    protected override void WriteFailure(Refusal refusal, string requestId) => Sse.Plain(Body, json =>
    {
        json.WriteString("error", refusal.Message);
        json.WriteString("error_type", "generation");
    });

    private void WriteToken(string text, bool isLast) => Sse.Plain(Body, json =>
    {
        json.WriteNumber("index", ++_index);
        json.WriteStartObject("token");
        json.WriteNumber("id", 0);
        json.WriteString("text", text);
        json.WriteNumber("logprob", 0);
        json.WriteBoolean("special", false);
        json.WriteEndObject();
        if (isLast)
        {
            json.WriteString("generated_text", _text.ToString());
            GenerationWords.WriteDetails(json, _finish, Made.OutputTokens);
        }
        else
        {
            json.WriteNull("generated_text");
            json.WriteNull("details");
        }
    });
}

/// <summary><c>{generated_text}</c>, in an array where the client insists on one.</summary>
internal sealed class WholeGeneration(HttpResponse response, GenerationRequest wanted, bool isList) : CollectedAnswer(response)
{
    protected override void WriteTo(Utf8JsonWriter json)
    {
        if (isList)
        {
            json.WriteStartArray();
        }

        json.WriteStartObject();
        json.WriteString("generated_text", wanted.Prompt + Only.Text);
        if (wanted.WantsDetails)
        {
            GenerationWords.WriteDetails(json, Only.Finish, Made.OutputTokens);
        }

        json.WriteEndObject();
        if (isList)
        {
            json.WriteEndArray();
        }
    }
}

internal static class GenerationWords
{
    public static void WriteDetails(Utf8JsonWriter json, string finish, long tokens)
    {
        json.WriteStartObject("details");
        json.WriteString("finish_reason", finish is "length" ? "length" : "eos_token");
        json.WriteNumber("generated_tokens", tokens);
        json.WriteNull("seed");
        json.WriteStartArray("prefill");
        json.WriteEndArray();
        json.WriteStartArray("tokens");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
