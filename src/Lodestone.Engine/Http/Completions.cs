namespace Lodestone.Engine.Http;

/// <summary>POST /v1/completions: continues texts as they are, without a chat template; with a suffix, fills the gap before it.</summary>
internal static class Completions
{
    public static async Task Answer(HttpContext http, ServedModel served, TimeProvider clock)
    {
        var request = await RequestBody.Read(http.Request, EngineJson.Default.CompletionRequest, http.RequestAborted);
        var choices = GenerationTerms.Checked(request.N, 1, 128, "n") ?? 1;
        GenerationTerms.Refuse("best_of", request.BestOf is { } best && best != choices);
        var probabilities = GenerationTerms.Checked(request.Logprobs, 0, 5, "logprobs");
        var limit = GenerationTerms.Checked(request.MaxTokens, 1, long.MaxValue, "max_tokens") ?? CompletionRequest.DefaultMaxTokens;
        var terms = GenerationTerms.Read(served.Model, request, limit, probabilities);
        var prompts = ReadPrompts(served, request);
        var echoes = request.Echo is true ? prompts.SelectMany(prompt => Enumerable.Repeat(served.Model.Vocabulary.Text(prompt), choices)).ToList() : null;
        var now = clock.GetUtcNow();
        var head = new AnswerHead($"cmpl-{Guid.CreateVersion7(now):N}", now.ToUnixTimeSeconds(), served.Name);
        await Generating.Run(http, served, new Question(request, terms, prompts, "prompt"), count => new TextWriter(head, count, echoes));
    }

    private static List<int[]> ReadPrompts(ServedModel served, CompletionRequest request)
    {
        if (request.Suffix is not { Length: > 0 } suffix)
        {
            return Prompts.Read(served.Model, request.Prompt, "prompt");
        }

        if (served.Model.Vocabulary.Gap is not { } gap)
        {
            throw new ApiFault(
                StatusCodes.Status400BadRequest, "This model was not made to fill a gap: its vocabulary has no tokens for it. Leave 'suffix' out.", "suffix", "unsupported_parameter");
        }

        if (request.Prompt is not { ValueKind: System.Text.Json.JsonValueKind.String } prompt)
        {
            throw ApiFault.Invalid("prompt", "With a 'suffix', 'prompt' must be one string.");
        }

        return [[.. gap.Around(served.Model.Vocabulary, RequestBody.Text(prompt, "prompt"), suffix)]];
    }
}
