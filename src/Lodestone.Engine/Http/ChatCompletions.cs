using Lodestone.Engine.Tools;

namespace Lodestone.Engine.Http;

/// <summary>POST /v1/chat/completions, streamed or whole. The client's going away cancels the generation within one step.</summary>
internal static class ChatCompletions
{
    public static async Task Answer(HttpContext http, ServedModel served, TimeProvider clock)
    {
        var request = await RequestBody.Read(http.Request, EngineJson.Default.ChatRequest, http.RequestAborted);
        GenerationTerms.Refuse("functions", GenerationTerms.IsFilled(request.Functions));
        GenerationTerms.Refuse("audio", request.Audio is not null);
        var limit = GenerationTerms.Checked(request.MaxCompletionTokens, 1, long.MaxValue, "max_completion_tokens")
            ?? GenerationTerms.Checked(request.MaxTokens, 1, long.MaxValue, "max_tokens");
        var terms = GenerationTerms.Read(served.Model, request, limit, Probabilities(request));
        var tools = ToolChoice.Read(request.ToolChoice, Tool.Read(request.Tools));
        int[] prompt = [.. Conversation.Tokenize(served.Model, request.Messages, tools, clock)];
        var dialect = served.Model.Template?.Tools;
        if (dialect is not null && tools.Tools.Count > 0)
        {
            terms = terms.With(served.Model, tools, dialect);
        }

        var now = clock.GetUtcNow();
        var head = new AnswerHead($"chatcmpl-{Guid.CreateVersion7(now):N}", now.ToUnixTimeSeconds(), served.Name);
        await Generating.Run(http, served, new Question(request, terms, [prompt], "messages"), count => new ChatWriter(head, Readers(dialect, tools, count), NewCallId));

        string NewCallId() => $"call_{Guid.CreateVersion7(clock.GetUtcNow()):N}";
    }

    private static List<ToolCallReader>? Readers(ToolDialect? dialect, ToolChoice tools, int count) =>
        dialect is null || tools.Tools.Count == 0 ? null : Enumerable.Range(0, count).Select(_ => new ToolCallReader(dialect, tools)).ToList();

    private static int? Probabilities(ChatRequest request)
    {
        var likeliest = GenerationTerms.Checked(request.TopLogprobs, 0, 20, "top_logprobs");
        if (request.Logprobs is true)
        {
            return likeliest ?? 0;
        }

        return likeliest is null or 0 ? null : throw ApiFault.Invalid("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.");
    }
}
