using System.IO.Pipelines;
using System.Text;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>Sends an answer as its steps come, or whole.</summary>
/// <param name="Answer">Where the steps come from.</param>
/// <param name="Writer">How they are written.</param>
/// <param name="Choices">How many.</param>
/// <param name="PromptTokens">Of each prompt once.</param>
/// <param name="ChoicesPerPrompt">How many choices follow each other that share a prompt.</param>
internal sealed record Sending(Answer Answer, AnswerWriter Writer, int Choices, int PromptTokens, int ChoicesPerPrompt)
{
    private readonly int[] _completion = new int[Choices];
    private readonly int[] _cached = new int[Choices];

    // A prompt that several choices share is charged once, and so is what of it was cached.
    private Usage Usage => new(PromptTokens, _cached.Where((_, choice) => choice % ChoicesPerPrompt == 0).Sum(), _completion.Sum());

    public Task Run(HttpContext http, AnswerRequest request, CancellationToken cancel) =>
        request.Stream is true ? Stream(http, request, cancel) : SendWhole(http, cancel);

    private async Task SendWhole(HttpContext http, CancellationToken cancel)
    {
        var texts = new StringBuilder[Choices];
        var tokens = new List<TokenProbability>?[Choices];
        var finishes = new FinishReason[Choices];
        await foreach (var step in Answer.Steps.ReadAllAsync(cancel))
        {
            Count(step);
            (texts[step.Choice] ??= new StringBuilder()).Append(step.Text);
            if (step.Tokens is not null)
            {
                (tokens[step.Choice] ??= []).AddRange(step.Tokens);
            }

            finishes[step.Choice] = step.Finish ?? default;
        }

        var output = http.Response.BodyWriter;
        http.Response.ContentType = "application/json";
        var choices = Enumerable.Range(0, Choices).Select(i => new WholeChoice(texts[i].ToString(), finishes[i], tokens[i])).ToList();
        Writer.WriteWhole(output, choices, Usage);
        await output.FlushAsync(cancel);
    }

    private async Task Stream(HttpContext http, AnswerRequest request, CancellationToken cancel)
    {
        var output = http.Response.BodyWriter;
        var hasUsage = request.WantsUsageAlways;
        http.Response.ContentType = "text/event-stream; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        for (var choice = 0; choice < Choices; choice++)
        {
            Writer.WriteOpening(output, choice, hasUsage ? Usage : null);
        }

        if (request.LodestoneUsage is not true) // the gateway has its own news of the role, and would only be woken
        {
            await output.FlushAsync(cancel);
        }

        try
        {
            while (await Answer.Steps.WaitToReadAsync(cancel))
            {
                WriteReady(output, hasUsage);
                await output.FlushAsync(cancel);
            }

            if (request.StreamOptions?.IncludeUsage is true)
            {
                Writer.WriteUsage(output, Usage);
            }

            AnswerWriter.WriteEnd(output);
        }
        catch (EngineFault fault)
        {
            Writer.WriteError(output, fault.Message);
        }

        await output.FlushAsync(cancel);
    }

    /// <summary>Writes every step that has come: usually one, more when the connection is slower than the engine.</summary>
    private void WriteReady(PipeWriter output, bool hasUsage)
    {
        while (Answer.Steps.TryRead(out var step))
        {
            Count(step);
            Writer.WriteStep(output, step, hasUsage ? Usage : null);
        }
    }

    private void Count(Step step)
    {
        _completion[step.Choice] = step.CompletionTokens;
        _cached[step.Choice] = step.CachedTokens;
    }
}
