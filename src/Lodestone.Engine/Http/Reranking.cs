using Lodestone.Engine.Inference;
using Lodestone.Engine.Templates;

namespace Lodestone.Engine.Http;

/// <summary>POST /v1/rerank: how well texts answer a question, best first, by a model that was trained to judge it.</summary>
internal static class Reranking
{
    public static async Task Answer(HttpContext http, ServedModel served)
    {
        if (!served.Model.Ranks)
        {
            throw new ApiFault(StatusCodes.Status400BadRequest, "This model was not trained to judge how well texts answer a question.", "model", "unsupported_model");
        }

        var request = await RequestBody.Read(http.Request, EngineJson.Default.RerankRequest, http.RequestAborted);
        var query = request.Query is { Length: > 0 } question ? question : throw ApiFault.Invalid("query", "'query' must be a text.");
        if (request.Documents is not { Count: > 0 and <= Prompts.Most } documents || documents.Contains(null))
        {
            throw ApiFault.Invalid("documents", $"'documents' must be a list of 1 to {Prompts.Most} texts.");
        }

        var template = served.Model.RankTemplate;
        var texts = documents.Select(text => Tokens(served.Model, template, query, text!)).ToList(); // none is null, above
        var tokens = texts.Sum(text => text.Length);
        GenerationTerms.CheckBound(tokens, new Asked("documents", request.LodestoneMaxPrompt, Salt: null, http.RequestAborted));
        CheckLengths(texts, served.Loop.EmbeddingContext);
        using var unwanted = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var scores = await served.Loop.Embed(texts, unwanted.Token)
            ?? throw new ApiFault(StatusCodes.Status503ServiceUnavailable, "Too many requests wait for this model. Try again later.", code: "overloaded");
        var ranked = scores.Select((score, index) => new RankedText(index, score[0])).OrderByDescending(text => text.RelevanceScore).ThenBy(text => text.Index);
        await http.Response.WriteAsJsonAsync(new RerankAnswer(served.Name, [.. ranked], new RerankUsage(tokens, tokens)), EngineJson.Default.RerankAnswer, cancellationToken: http.RequestAborted);
    }

    // What callers write is never read as the template's control tokens.
    private static int[] Tokens(LoadedModel model, string? template, string query, string text)
    {
        if (template is null)
        {
            return [.. model.Vocabulary.TokenizePair(query, text)];
        }

        var parts = Between(template, "{query}", MarkedText.FromCaller(query), rest => Between(rest, "{document}", MarkedText.FromCaller(text), end => [MarkedText.Trusted(end)]));
        return [.. model.Vocabulary.Tokenize(MarkedText.Join(parts))];
    }

    private static IEnumerable<MarkedText> Between(string template, string name, MarkedText value, Func<string, IEnumerable<MarkedText>> others) =>
        template.Split(name).SelectMany((part, i) => i == 0 ? others(part) : others(part).Prepend(value));

    private static void CheckLengths(List<int[]> texts, int context)
    {
        var index = texts.FindIndex(text => text.Length > context);
        if (index >= 0)
        {
            throw new ApiFault(
                StatusCodes.Status400BadRequest,
                $"This model reads at most {context} tokens at once; the question with 'documents[{index}]' has {texts[index].Length}. Shorten them.",
                $"documents[{index}]",
                "context_length_exceeded");
        }
    }
}

/// <param name="Query">The question.</param>
/// <param name="Documents">Texts that may answer it.</param>
/// <param name="LodestoneMaxPrompt">The gateway has reserved for so many tokens and no more.</param>
internal sealed record RerankRequest(string? Query, IReadOnlyList<string?>? Documents, long? LodestoneMaxPrompt);

internal sealed record RerankAnswer(string Model, IReadOnlyList<RankedText> Results, RerankUsage Usage);

/// <param name="Index">Among the documents.</param>
/// <param name="RelevanceScore">Higher is better; what it means is the model's affair.</param>
internal sealed record RankedText(int Index, float RelevanceScore);

internal sealed record RerankUsage(int PromptTokens, int TotalTokens);
