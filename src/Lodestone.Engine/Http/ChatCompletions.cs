using System.Text;
using System.Threading.Channels;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>POST /v1/chat/completions, streamed or whole. The client's going away cancels the generation within one step.</summary>
internal static class ChatCompletions
{
    public static async Task Answer(HttpContext http, ServedModel served, TimeProvider clock)
    {
        var request = await RequestBody.Read(http.Request, EngineJson.Default.ChatRequest, http.RequestAborted);
        GenerationRequest.RefuseUnsupported(request);
        var prompt = Conversation.Tokenize(served.Model, request.Messages, clock);
        using var unwanted = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var generation = GenerationRequest.Create(request, prompt, served.Loop.Context, unwanted.Token);
        if (!served.Loop.TrySubmit(generation))
        {
            throw new ApiFault(StatusCodes.Status503ServiceUnavailable, "Too many requests wait for this model. Try again later.", code: "overloaded");
        }

        var now = clock.GetUtcNow();
        var writer = new ChatWriter($"chatcmpl-{Guid.CreateVersion7(now):N}", now.ToUnixTimeSeconds(), served.Name, prompt.Count);
        try
        {
            await (request.Stream is true ? Stream(http, request, generation, writer) : AnswerWhole(http, generation, writer));
        }
        finally
        {
            await unwanted.CancelAsync(); // however this request ends, nobody reads on
        }
    }

    private static async Task AnswerWhole(HttpContext http, Generation generation, ChatWriter writer)
    {
        var text = new StringBuilder();
        var last = default(Step);
        await foreach (var step in generation.Steps.ReadAllAsync(generation.Cancel))
        {
            text.Append(step.Text);
            last = step;
        }

        http.Response.ContentType = "application/json";
        writer.WriteWhole(http.Response.BodyWriter, text.ToString(), last);
        await http.Response.BodyWriter.FlushAsync(generation.Cancel);
    }

    private static async Task Stream(HttpContext http, ChatRequest request, Generation generation, ChatWriter writer)
    {
        var output = http.Response.BodyWriter;
        var hasUsage = request.LodestoneUsage is true || request.StreamOptions?.ContinuousUsageStats is true;
        http.Response.ContentType = "text/event-stream; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        writer.WriteRole(output, hasUsage);
        if (request.LodestoneUsage is not true) // the gateway has its own news of the role, and would only be woken
        {
            await output.FlushAsync(generation.Cancel);
        }

        try
        {
            var tokens = 0;
            while (await generation.Steps.WaitToReadAsync(generation.Cancel))
            {
                tokens = WriteReady(generation.Steps, output, writer, hasUsage) ?? tokens;
                await output.FlushAsync(generation.Cancel);
            }

            if (request.StreamOptions?.IncludeUsage is true)
            {
                writer.WriteUsage(output, tokens);
            }

            ChatWriter.WriteEnd(output);
        }
        catch (EngineFault fault)
        {
            ChatWriter.WriteError(output, fault.Message);
        }

        await output.FlushAsync(generation.Cancel);
    }

    /// <summary>Writes every step that has come: usually one, more when the connection is slower than the engine.</summary>
    /// <returns>The completion tokens so far; null if nothing had come.</returns>
    private static int? WriteReady(ChannelReader<Step> steps, System.IO.Pipelines.PipeWriter output, ChatWriter writer, bool hasUsage)
    {
        int? tokens = null;
        while (steps.TryRead(out var step))
        {
            writer.WriteStep(output, step, hasUsage);
            tokens = step.CompletionTokens;
        }

        return tokens;
    }
}
