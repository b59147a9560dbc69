using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>A checked body of POST /v1/chat/completions. What a client may leave out may also be <c>null</c>; members we do not know are ignored.</summary>
internal sealed class ChatRequest : EngineRequest
{
    private static readonly string[] MessageMembers = ["role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content"];

    private readonly JsonDocument _document;
    private readonly byte[] _messages;

    [SetsRequiredMembers]
    private ChatRequest(JsonDocument document)
    {
        var body = document.RootElement;
        _document = document;
        Model = BodyRules.RequiredText(body, "model");
        var needs = new List<Need>();
        ChatRules.CheckMessages(body, needs);
        SamplingRules.Check(body, needs);
        ToolRules.Check(body, needs);
        FormatRules.Check(body, needs);
        ChatRules.RefuseUnknown(body);
        Needs = needs;
        (MaxTokensName, MaxTokens) = SamplingRules.MaxTokens(body);
        Choices = SamplingRules.Choices(body);
        IsStreamed = BodyRules.Flag(body, "stream");
        UsagePlace = ChatRules.WantsUsage(body) ? UsagePlace.OwnChunk : UsagePlace.Nowhere;
        _messages = Write(json => WriteMessages(json, body));
    }

    /// <summary>As the stream's options say.</summary>
    public UsagePlace UsagePlace { get; }

    /// <inheritdoc/>
    public override int PromptBytes => _messages.Length + ToolBytes;

    /// <inheritdoc/>
    public override string Path => "chat/completions";

    /// <inheritdoc/>
    public override IEnumerable<(string Name, object Value)> Sampling => SamplingRules.Told(_document.RootElement);

    // Tools become part of the prompt.
    private int ToolBytes => BodyRules.TryGet(_document.RootElement, "tools", out var tools) ? tools.GetRawText().Length : 0;

    /// <param name="document">The body, an object; disposed with the request, or at once when something is wrong with it.</param>
    /// <exception cref="Refusal">The first thing wrong with it, by name.</exception>
    public static ChatRequest Of(JsonDocument document)
    {
        try
        {
            return new ChatRequest(document);
        }
        catch (InvalidOperationException)
        {
            document.Dispose();
            throw GatewayRefusals.NotUnicode(); // of a member's name; texts are looked at one by one
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override byte[] ForCounting() => Write(json =>
    {
        json.WriteStartObject();
        WritePrompt(json);
        json.WriteEndObject();
    });

    /// <inheritdoc/>
    public override byte[] ForEngine(CallSize size) => Write(json =>
    {
        json.WriteStartObject();
        WritePrompt(json);
        WriteOthers(json);
        WriteEngineMembers(json, size);
        json.WriteEndObject();
    });

    /// <inheritdoc/>
    public override byte[] ForRemote(string model, CallSize size) => Write(json =>
    {
        json.WriteStartObject();
        WriteRemoteMembers(json, model, size);
        WritePrompt(json);
        WriteOthers(json);
        json.WriteEndObject();
    });

    /// <inheritdoc/>
    public override void Dispose() => _document.Dispose();

    private void WritePrompt(Utf8JsonWriter json)
    {
        json.WritePropertyName("messages");
        json.WriteRawValue(_messages, skipInputValidation: true);
        if (BodyRules.TryGet(_document.RootElement, "tools", out var tools) && !BodyRules.IsEmpty(tools))
        {
            json.WritePropertyName("tools");
            tools.WriteTo(json);
        }

        if (BodyRules.TryGet(_document.RootElement, "tool_choice", out var choice))
        {
            json.WritePropertyName("tool_choice");
            choice.WriteTo(json);
        }
    }

    private void WriteOthers(Utf8JsonWriter json)
    {
        foreach (var member in _document.RootElement.EnumerateObject())
        {
            if (member.Value.ValueKind is not JsonValueKind.Null && (SamplingRules.IsPassedOn(member.Name) || ToolRules.IsPassedOn(member.Name) || FormatRules.IsPassedOn(member.Name)))
            {
                member.WriteTo(json);
            }
        }
    }

    private static void WriteMessages(Utf8JsonWriter json, JsonElement body)
    {
        json.WriteStartArray();
        foreach (var message in body.GetProperty("messages").EnumerateArray())
        {
            json.WriteStartObject();
            foreach (var member in message.EnumerateObject())
            {
                if (MessageMembers.Contains(member.Name))
                {
                    member.WriteTo(json);
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
