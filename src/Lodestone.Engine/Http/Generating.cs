namespace Lodestone.Engine.Http;

/// <summary>Has an answer generated and sends it. However the request ends, its generations end with it.</summary>
internal static class Generating
{
    /// <param name="http">The request.</param>
    /// <param name="served">Generates.</param>
    /// <param name="question">What for.</param>
    /// <param name="write">Makes the writer for so many choices.</param>
    public static async Task Run(HttpContext http, ServedModel served, Question question, Func<int, AnswerWriter> write)
    {
        using var unwanted = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var asked = new Asked(question.Param, question.Request.LodestoneMaxPrompt, question.Request.LodestoneCacheSalt, unwanted.Token, served.Adapters.Named(http.Request));
        var (answer, generations) = question.Terms.For(question.Prompts, served.Loop.Context, asked);
        if (!served.Loop.TrySubmit(generations))
        {
            throw new ApiFault(StatusCodes.Status503ServiceUnavailable, "Too many requests wait for this model. Try again later.", code: "overloaded");
        }

        try
        {
            var promptTokens = question.Prompts.Sum(prompt => prompt.Length);
            using var writer = write(generations.Count);
            var sending = new Sending(answer, writer, generations.Count, promptTokens, question.Terms.Choices);
            await sending.Run(http, question.Request, unwanted.Token);
        }
        finally
        {
            await unwanted.CancelAsync(); // however this request ends, nobody reads on
        }
    }
}

/// <param name="Request">As it was sent.</param>
/// <param name="Terms">Its settings, checked.</param>
/// <param name="Prompts">Tokens of each.</param>
/// <param name="Param">The member of the request that holds them.</param>
internal sealed record Question(AnswerRequest Request, GenerationTerms Terms, IReadOnlyList<int[]> Prompts, string Param);
