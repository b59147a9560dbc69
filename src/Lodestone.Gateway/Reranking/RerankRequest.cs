using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>A checked body of POST /v1/rerank.</summary>
internal sealed record RerankRequest(string Model, string Query, IReadOnlyList<string> Documents, int Top, bool WantsDocuments)
{
    private const int MostDocuments = 1000;
    private const int MarkTokens = 8; // around a question and a text

    private static readonly NumberRule TopRule = new("top_n", 1, int.MaxValue, IsWhole: true);

    /// <summary>Tokens at most: the question is read with each of the texts, and a token has a byte or more.</summary>
    public long MostTokens => Documents.Sum(text => (long)Encoding.UTF8.GetByteCount(text) + Encoding.UTF8.GetByteCount(Query) + MarkTokens);

    /// <exception cref="Core.Refusal">The first thing wrong with it, by name.</exception>
    public static RerankRequest Read(JsonElement body)
    {
        var model = BodyRules.RequiredText(body, "model");
        var query = BodyRules.RequiredText(body, "query");
        if (!BodyRules.TryGet(body, "documents", out var documents))
        {
            throw GatewayRefusals.Missing("documents");
        }

        if (documents.ValueKind is not JsonValueKind.Array || documents.GetArrayLength() is 0 or > MostDocuments)
        {
            throw GatewayRefusals.Invalid("documents", string.Create(CultureInfo.InvariantCulture, $"must be an array of 1 to {MostDocuments} texts."));
        }

        string[] texts = [.. BodyRules.Items(documents, "documents").Select(item => Text(item.Item, item.Param))];
        return new RerankRequest(model, query, texts, (int)(TopRule.OptionalWhole(body) ?? texts.Length), BodyRules.Flag(body, "return_documents"));
    }

    /// <param name="model">Its name there; null: our engine has one.</param>
    /// <param name="maxPrompt">What was reserved for, for our engine to mind.</param>
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

            if (maxPrompt is { } most)
            {
                json.WriteNumber("lodestone_max_prompt", most);
            }

            json.WriteString("query", Query);
            json.WriteStartArray("documents");
            foreach (var text in Documents)
            {
                json.WriteStringValue(text);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static string Text(JsonElement item, string param) => item.ValueKind switch
    {
        JsonValueKind.String => BodyRules.Text(item, param),
        JsonValueKind.Object => BodyRules.RequiredText(item, "text", $"{param}.text"),
        _ => throw GatewayRefusals.Invalid(param, "must be a string, or an object with a text."),
    };
}

/// <summary>How well texts answer, as a back-end says it.</summary>
/// <param name="Scores">Best first; a text that the back-end left out is absent.</param>
/// <param name="Tokens">As counted there; absent when it was not.</param>
internal sealed record Ranking(IReadOnlyList<(int Index, double Score)> Scores, long? Tokens)
{
    /// <exception cref="BackendFault">It is no ranking of so many texts.</exception>
    public static Ranking Read(JsonElement answer, int count)
    {
        try
        {
            var scores = answer.GetProperty("results").EnumerateArray().Select(r => (Index: r.GetProperty("index").GetInt32(), Score: r.GetProperty("relevance_score").GetDouble())).ToList();
            if (scores.Count == 0 || scores.Exists(s => s.Index < 0 || s.Index >= count || !double.IsFinite(s.Score)) || scores.DistinctBy(s => s.Index).Count() != scores.Count)
            {
                throw new BackendFault("The back-end ranked texts that it was not given.");
            }

            var tokens = BodyRules.TryGet(answer, "usage", out var usage) && BodyRules.TryGet(usage, "total_tokens", out var counted) && counted.TryGetInt64(out var number) && number > 0 ? number : (long?)null;
            return new Ranking([.. scores.OrderByDescending(s => s.Score).ThenBy(s => s.Index)], tokens);
        }
        catch (Exception garbage) when (garbage is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new BackendFault("The back-end sent what is no ranking.");
        }
    }
}
