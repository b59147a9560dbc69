using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>A checked body of POST /v1/completions: texts that are continued as they are.</summary>
internal sealed class CompletionRequest : EngineRequest
{
    private const int MostPrompts = 2048;
    private const long DefaultMaxTokens = 16; // OpenAI's rule, which old clients rely on
    private const int MarkTokens = 16; // of a prompt's beginning, and around what a gap is between

    private static readonly NumberRule Logprobs = new("logprobs", 0, 5, IsWhole: true);
    private static readonly NumberRule Token = new("prompt", 0, int.MaxValue, IsWhole: true);

    private readonly JsonDocument _document;
    private readonly long _tokens;
    private readonly string _text;

    [SetsRequiredMembers]
    private CompletionRequest(JsonDocument document, string? model)
    {
        var body = document.RootElement;
        _document = document;
        Model = model ?? BodyRules.RequiredText(body, "model");
        var needs = new List<Need> { new(ModelFeatures.Completions, "prompt", "Completing a text") };
        var texts = new StringBuilder();
        (Prompts, _tokens) = ReadPrompts(body, texts);
        if (BodyRules.OptionalText(body, "suffix") is { Length: > 0 } suffix)
        {
            texts.Append(suffix);
        }

        _text = texts.ToString();
        SamplingRules.Check(body, needs);
        if (Logprobs.OptionalWhole(body) is not null)
        {
            needs.Add(new Need(ModelFeatures.Logprobs, "logprobs"));
        }

        BodyRules.Flag(body, "echo");
        Choices = SamplingRules.Choices(body) * Prompts;
        if (new NumberRule("best_of", 1, 128, IsWhole: true).OptionalWhole(body) is { } best && best != SamplingRules.Choices(body))
        {
            throw GatewayRefusals.Unsupported("best_of", "A 'best_of' other than 'n'");
        }

        Needs = needs;
        (MaxTokensName, var max) = SamplingRules.MaxTokens(body);
        MaxTokens = max ?? DefaultMaxTokens;
        IsStreamed = BodyRules.Flag(body, "stream");
        WantsUsage = ChatRules.WantsUsage(body);
    }

    public bool WantsUsage { get; }

    /// <summary>How many texts are continued.</summary>
    public int Prompts { get; }

    /// <inheritdoc/>
    public override int PromptBytes => Encoding.UTF8.GetByteCount(_text) + (int)_tokens + (int)CountSlack;

    /// <inheritdoc/>
    public override long CountSlack => _tokens + (MarkTokens * Prompts);

    /// <inheritdoc/>
    public override string Path => "completions";

    /// <inheritdoc/>
    public override IEnumerable<(string Name, object Value)> Sampling => SamplingRules.Told(_document.RootElement);

    /// <param name="document">The body, an object; disposed with the request, or at once when something is wrong with it.</param>
    /// <param name="model">The model, where the address says which; whatever the body says.</param>
    /// <exception cref="Refusal">The first thing wrong with it, by name.</exception>
    public static CompletionRequest Of(JsonDocument document, string? model = null)
    {
        try
        {
            return new CompletionRequest(document, model);
        }
        catch (InvalidOperationException)
        {
            document.Dispose();
            throw GatewayRefusals.NotUnicode();
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
        json.WriteString("content", _text);
        json.WriteEndObject();
    });

    /// <inheritdoc/>
    public override byte[] ForEngine(CallSize size) => Write(json =>
    {
        json.WriteStartObject();
        WriteOthers(json);
        WriteEngineMembers(json, size);
        json.WriteEndObject();
    });

    /// <inheritdoc/>
    public override byte[] ForRemote(string model, CallSize size) => Write(json =>
    {
        json.WriteStartObject();
        WriteRemoteMembers(json, model, size);
        WriteOthers(json);
        json.WriteEndObject();
    });

    /// <inheritdoc/>
    public override void Dispose() => _document.Dispose();

    private void WriteOthers(Utf8JsonWriter json)
    {
        foreach (var member in _document.RootElement.EnumerateObject())
        {
            if (member.Value.ValueKind is not JsonValueKind.Null && (member.Name is "prompt" or "suffix" or "echo" || SamplingRules.IsPassedOn(member.Name)))
            {
                member.WriteTo(json);
            }
        }
    }

    private static (int Prompts, long Tokens) ReadPrompts(JsonElement body, StringBuilder texts)
    {
        if (!BodyRules.TryGet(body, "prompt", out var prompt))
        {
            throw GatewayRefusals.Missing("prompt");
        }

        if (prompt.ValueKind is JsonValueKind.String)
        {
            texts.Append(BodyRules.Text(prompt, "prompt"));
            return (1, 0);
        }

        var length = prompt.ValueKind is JsonValueKind.Array ? prompt.GetArrayLength() : 0;
        if (length is 0)
        {
            throw GatewayRefusals.Invalid("prompt", "must be a string, an array of strings, an array of tokens, or an array of such arrays, and not empty.");
        }

        if (prompt[0].ValueKind is JsonValueKind.Number)
        {
            return (1, Tokens(prompt, "prompt"));
        }

        if (length > MostPrompts)
        {
            throw GatewayRefusals.Invalid("prompt", $"may hold at most {MostPrompts} texts.");
        }

        long tokens = 0;
        foreach (var (item, param) in BodyRules.Items(prompt, "prompt"))
        {
            tokens += item.ValueKind switch
            {
                JsonValueKind.String when texts.Append(BodyRules.Text(item, param)) is not null => 0,
                JsonValueKind.Array when item.GetArrayLength() > 0 => Tokens(item, param),
                _ => throw GatewayRefusals.Invalid(param, "must be a string or an array of tokens."),
            };
        }

        return (length, tokens);
    }

    private static long Tokens(JsonElement array, string param)
    {
        foreach (var (token, name) in BodyRules.Items(array, param))
        {
            Token.Whole(token, name);
        }

        return array.GetArrayLength();
    }
}
