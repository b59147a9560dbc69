using Lodestone.Engine.Tools;

namespace Lodestone.Engine.Http;

/// <summary>What the worker answers on its socket. Until the model is loaded everything answers 503.</summary>
internal sealed class EngineApi(EngineOptions options, TimeProvider clock)
{
    private volatile ServedModel? _served;

    /// <summary>Begins to answer.</summary>
    public void Serve(ServedModel served) => _served = served;

    public void Map(WebApplication app)
    {
        app.Use(AnswerFaults);
        app.MapGet("/health", AnswerHealth);
        app.MapGet("/v1/models", http => http.Response.WriteAsJsonAsync(List(Ready()), EngineJson.Default.ModelList, cancellationToken: http.RequestAborted));
        app.MapPost("/tokenize", Tokenize);
        app.MapPost("/adapters", LearnAdapter);
        app.MapPost("/v1/chat/completions", http => ChatCompletions.Answer(http, Writing(), clock));
        app.MapPost("/v1/completions", http => Completions.Answer(http, Writing(), clock));
        app.MapPost("/v1/embeddings", http => Embeddings.Answer(http, Ready()));
    }

    private Task AnswerHealth(HttpContext http)
    {
        var health = _served is { } served
            ? new Health(
                "ok", served.Name, served.Loop.Context, served.Loop.Slots, served.Loop.Active, served.Loop.Waiting, served.Loop.Threads,
                served.Model.ParameterCount, served.Model.Template is not null, served.Loop.Adapters)
            : new Health("loading", options.Name, null, null, null, null, null, null, null, null);
        http.Response.StatusCode = _served is null ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        return http.Response.WriteAsJsonAsync(health, EngineJson.Default.Health, cancellationToken: http.RequestAborted);
    }

    private ModelList List(ServedModel served) =>
        new("list", [new ModelCard(served.Name, "model", clock.GetUtcNow().ToUnixTimeSeconds(), "lodestone", served.Loop.Context)]);

    private async Task Tokenize(HttpContext http)
    {
        var served = Ready();
        var request = await RequestBody.Read(http.Request, EngineJson.Default.TokenizeRequest, http.RequestAborted);
        var tokens = request.Content is { } content
            ? served.Model.Vocabulary.Tokenize(content)
            : Conversation.Tokenize(served.Model, request.Messages, ToolChoice.Read(request.ToolChoice, Tool.Read(request.Tools)), clock);
        await http.Response.WriteAsJsonAsync(
            new TokenizeAnswer(tokens.Count, tokens), EngineJson.Default.TokenizeAnswer, cancellationToken: http.RequestAborted);
    }

    // Whoever asks for an answer with it later knows that it fits.
    private async Task LearnAdapter(HttpContext http)
    {
        var request = await RequestBody.Read(http.Request, EngineJson.Default.AdapterRequest, http.RequestAborted);
        if (request is not { Id: { Length: > 0 } id, Weights: { Length: > 0 } weights } || !id.All(char.IsAsciiLetterOrDigit))
        {
            throw ApiFault.Invalid("id", "'id' must be letters and digits, and 'weights' a file.");
        }

        await Writing().Adapters.LearnAsync(id, weights, request.Config);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private ServedModel Ready() =>
        _served ?? throw new ApiFault(StatusCodes.Status503ServiceUnavailable, "The model is still loading. Try again in a moment.", code: "loading");

    private ServedModel Writing() => Ready() is { Loop.Writes: true } served
        ? served
        : throw new ApiFault(StatusCodes.Status400BadRequest, "This model embeds texts and does not write any. Call /v1/embeddings.", "model", "unsupported_model");

    private static async Task AnswerFaults(HttpContext http, RequestDelegate next)
    {
        try
        {
            await next(http);
            await Task.Yield(); // what the connection brings next is not the courier's business
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client is gone: there is nobody to answer.
        }
        catch (ApiFault fault)
        {
            await Write(http, fault);
        }
        catch (BadHttpRequestException e)
        {
            await Write(http, new ApiFault(e.StatusCode, e.Message));
        }
        catch (EngineFault fault) when (fault.ExitCode is ExitCode.ModelRefused)
        {
            await Write(http, new ApiFault(StatusCodes.Status422UnprocessableEntity, fault.Message, code: "model_refused"));
        }
        catch (EngineFault fault)
        {
            await Write(http, new ApiFault(StatusCodes.Status500InternalServerError, fault.Message, code: "engine_failed"));
        }
        catch (Exception e)
        {
            StandardError.Report($"{http.Request.Method} {http.Request.Path} failed: {e}");
            await Write(http, new ApiFault(StatusCodes.Status500InternalServerError, "The engine failed on this request.", code: "engine_failed"));
        }
    }

    private static Task Write(HttpContext http, ApiFault fault)
    {
        if (http.Response.HasStarted)
        {
            http.Abort(); // too late for a status: a broken connection is the only honest sign
            return Task.CompletedTask;
        }

        http.Response.StatusCode = fault.Status;
        var answer = new ErrorAnswer(new ErrorBody(fault.Message, fault.Type, fault.Param, fault.Code));
        return http.Response.WriteAsJsonAsync(answer, EngineJson.Default.ErrorAnswer, cancellationToken: http.RequestAborted);
    }
}
