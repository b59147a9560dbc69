using System.Text;
using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>A checked body of POST /v1/embeddings.</summary>
internal sealed class EmbeddingRequest : IDisposable
{
    private const int MostTexts = 2048;
    private const int MarkTokens = 8; // around each text

    private static readonly NumberRule Dimension = new("dimensions", 1, 65_536, IsWhole: true);
    private static readonly NumberRule Token = new("input", 0, int.MaxValue, IsWhole: true);

    private readonly JsonDocument _document;

    private EmbeddingRequest(JsonDocument document, string? model)
    {
        var body = document.RootElement;
        _document = document;
        Model = model ?? BodyRules.RequiredText(body, "model");
        Input = Read(body);
        Dimensions = Dimension.OptionalWhole(body);
        IsBase64 = BodyRules.OptionalText(body, "encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            _ => throw GatewayRefusals.Invalid("encoding_format", "must be float or base64."),
        };
    }

    public string Model { get; }

    /// <summary>One JSON value for each text: a string, or an array of tokens.</summary>
    public IReadOnlyList<JsonElement> Input { get; }

    public long? Dimensions { get; }

    public bool IsBase64 { get; }

    /// <summary>Tokens at most: a token has a byte or more.</summary>
    public long MostTokens => Input.Sum(text => MarkTokens + (text.ValueKind is JsonValueKind.Array ? text.GetArrayLength() : (long)Encoding.UTF8.GetByteCount(text.GetString()!))); // strings or arrays

    /// <inheritdoc cref="CompletionRequest.Of"/>
    public static EmbeddingRequest Of(JsonDocument document, string? model = null)
    {
        try
        {
            return new EmbeddingRequest(document, model);
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <summary>The body for whoever computes them: always floats, which we write as they are wanted.</summary>
    /// <param name="model">Its name there; absent for our engine.</param>
    /// <param name="maxPrompt">Tokens above which our engine refuses; absent for others.</param>
    public byte[] ForBackend(string? model, long? maxPrompt)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (model is not null)
            {
                json.WriteString("model", model);
            }

            json.WriteStartArray("input");
            foreach (var text in Input)
            {
                text.WriteTo(json);
            }

            json.WriteEndArray();
            json.WriteString("encoding_format", "float");
            if (Dimensions is { } dimensions)
            {
                json.WriteNumber("dimensions", dimensions);
            }

            if (maxPrompt is { } most)
            {
                json.WriteNumber("lodestone_max_prompt", most);
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    public void Dispose() => _document.Dispose();

    private static IReadOnlyList<JsonElement> Read(JsonElement body)
    {
        if (!BodyRules.TryGet(body, "input", out var input))
        {
            throw GatewayRefusals.Missing("input");
        }

        if (input.ValueKind is JsonValueKind.String)
        {
            return [Checked(input, "input")];
        }

        if (input.ValueKind is not JsonValueKind.Array || input.GetArrayLength() == 0)
        {
            throw GatewayRefusals.Invalid("input", "must be a string, an array of strings, an array of tokens, or an array of such arrays, and not empty.");
        }

        if (input[0].ValueKind is JsonValueKind.Number)
        {
            return [Checked(input, "input")];
        }

        return input.GetArrayLength() <= MostTexts
            ? [.. BodyRules.Items(input, "input").Select(item => Checked(item.Item, item.Param))]
            : throw GatewayRefusals.Invalid("input", $"may hold at most {MostTexts} texts.");
    }

    private static JsonElement Checked(JsonElement text, string param)
    {
        if (text.ValueKind is JsonValueKind.String)
        {
            return BodyRules.Text(text, param).Length > 0 ? text : throw GatewayRefusals.Invalid(param, "must not be empty.");
        }

        if (text.ValueKind is not JsonValueKind.Array || text.GetArrayLength() == 0)
        {
            throw GatewayRefusals.Invalid(param, "must be a string or an array of tokens, and not empty.");
        }

        foreach (var (token, name) in BodyRules.Items(text, param))
        {
            Token.Whole(token, name);
        }

        return text;
    }
}
