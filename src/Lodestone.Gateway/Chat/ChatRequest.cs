using System.Buffers;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Lodestone.Gateway;

/// <summary>A checked body of POST /v1/chat/completions. What a client may leave out may also be <c>null</c>; members we do not know are ignored.</summary>
internal sealed class ChatRequest : IDisposable
{
    private readonly JsonDocument _document;
    private readonly byte[] _messages;

    private ChatRequest(JsonDocument document)
    {
        var body = document.RootElement;
        _document = document;
        Model = ChatRules.RequiredText(body, "model");
        ChatRules.CheckMessages(body);
        ChatRules.CheckSampling(body);
        ChatRules.RefuseUnsupported(body);
        (MaxTokensName, MaxTokens) = ChatRules.MaxTokens(body);
        IsStreamed = ChatRules.Flag(body, "stream");
        WantsUsage = ChatRules.WantsUsage(body);
        _messages = Write(json => WriteMessages(json, body));
    }

    /// <summary>As the client wrote it.</summary>
    public string Model { get; }

    public bool IsStreamed { get; }

    /// <summary>One more chunk with the usage at the end of the stream.</summary>
    public bool WantsUsage { get; }

    /// <summary>At least 1 where given.</summary>
    public long? MaxTokens { get; }

    /// <summary>Which of its two names the client used.</summary>
    public string MaxTokensName { get; }

    /// <summary>Of the messages as JSON.</summary>
    public int MessageBytes => _messages.Length;

    /// <summary>Reads and checks the whole body before anything else is done for it.</summary>
    /// <exception cref="Refusal">The first thing wrong with it, by name or position.</exception>
    public static async Task<ChatRequest> ReadAsync(HttpContext http, long largestBody, CancellationToken cancel)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = largestBody;
        }

        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(http.Request.Body, default, cancel);
        }
        catch (JsonException broken)
        {
            throw GatewayRefusals.NotJson((broken.LineNumber ?? 0) + 1, (broken.BytePositionInLine ?? 0) + 1);
        }

        return Of(document);
    }

    /// <param name="document">The body; disposed with the request, or at once when something is wrong with it.</param>
    /// <exception cref="Refusal">The first thing wrong with it, by name.</exception>
    public static ChatRequest Of(JsonDocument document)
    {
        try
        {
            return document.RootElement.ValueKind is JsonValueKind.Object ? new ChatRequest(document) : throw GatewayRefusals.NotAnObject();
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <summary>The body that asks the engine how many tokens the messages have.</summary>
    public byte[] ForCounting() => Write(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("messages");
        json.WriteRawValue(_messages, skipInputValidation: true);
        json.WriteEndObject();
    });

    /// <summary>The body that asks the engine for the answer: always streamed, with the usage in every chunk.</summary>
    /// <param name="maxPrompt">Tokens of the messages above which the engine refuses.</param>
    /// <param name="maxTokens">Tokens of the answer at most.</param>
    public byte[] ForAnswer(long maxPrompt, long maxTokens) => Write(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("messages");
        json.WriteRawValue(_messages, skipInputValidation: true);
        foreach (var member in ChatRules.SamplingOf(_document.RootElement))
        {
            member.WriteTo(json);
        }

        json.WriteNumber("lodestone_max_prompt", maxPrompt);
        json.WriteNumber("max_tokens", maxTokens);
        json.WriteBoolean("stream", true);
        json.WriteBoolean("lodestone_usage", true);
        json.WriteEndObject();
    });

    public void Dispose() => _document.Dispose();

    private static void WriteMessages(Utf8JsonWriter json, JsonElement body)
    {
        json.WriteStartArray();
        foreach (var message in body.GetProperty("messages").EnumerateArray())
        {
            json.WriteStartObject();
            foreach (var member in message.EnumerateObject())
            {
                if (member.Name is "role" or "content" or "name")
                {
                    member.WriteTo(json);
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }
}
