using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lodestone.Tests.Gateway.Remote;

/// <summary>Somebody else's OpenAI-compatible server. What it does is what the model's name says.</summary>
public sealed class ScriptedBackend : IAsyncDisposable
{
    public const string Text = "A compass points north, wherever you stand.";
    public const long PromptTokens = 11;
    public const long OutputTokens = 9;

    private static readonly string[] Words = [.. Text.Split(' ').Select((word, i) => i == 0 ? word : " " + word)];

    private readonly WebApplication _app;
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly ConcurrentDictionary<string, Channel<HeldCall>> _held = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _kill = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ScriptedBackend(WebApplication app) => _app = app;

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>Everything it was asked.</summary>
    public ConcurrentQueue<Asked> All { get; } = new();

    /// <summary>Streams that their reader cut off.</summary>
    public int CutOff { get; private set; }

    public static async Task<ScriptedBackend> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var backend = new ScriptedBackend(app);
        app.MapPost("/v1/{**path}", (string path, HttpContext http) => backend.AnswerAsync(path, http));
        await app.StartAsync();
        return backend;
    }

    /// <summary>Cuts the connections of those that are to die.</summary>
    public void Kill() => _kill.TrySetResult();

    /// <summary>Calls of a model whose name begins with <c>held</c>, as they come: each is answered when the test says so.</summary>
    public ChannelReader<HeldCall> Held(string model) => HeldOf(model).Reader;

    /// <summary>Lets what is slow go on.</summary>
    public void Release() => _release.TrySetResult();

    public IReadOnlyList<Asked> Of(string model) => [.. All.Where(a => a.Model == model)];

    public async ValueTask DisposeAsync()
    {
        Release();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(string path, HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        var model = body["model"]!.GetValue<string>();
        All.Enqueue(new Asked(path, model, body, http.Request.Headers.Authorization.ToString()));
        if (path is "embeddings")
        {
            await EmbedAsync(http.Response, body, model);
            return;
        }

        if (path is "rerank" && model is not "broken")
        {
            var ranked = body["documents"]!.AsArray().Select((_, i) => new { index = i, relevance_score = i + 0.5 });
            await http.Response.WriteAsJsonAsync(new { id = "r", model, results = ranked, usage = new { total_tokens = 12 } });
            return;
        }

        switch (model)
        {
            case "busy":
                http.Response.Headers.RetryAfter = "7";
                await FailAsync(http.Response, 429, "Slow down.");
                return;
            case "broken":
                await FailAsync(http.Response, 500, "A secret of the provider.");
                return;
            case "refuses":
                await FailAsync(http.Response, 400, "This prompt is too long for the model.");
                return;
            case "unknown":
                await FailAsync(http.Response, 404, "No such model.");
                return;
            case "page":
                http.Response.ContentType = "text/html";
                await http.Response.WriteAsync("<html>Welcome to nginx</html>");
                return;
            case "dies-before":
                http.Abort();
                return;
            case "slow":
                await _release.Task.WaitAsync(http.RequestAborted);
                break;
            case var held when held.StartsWith("held", StringComparison.Ordinal):
                var call = new HeldCall(body["messages"]![0]!["content"]!.GetValue<string>());
                await HeldOf(held).Writer.WriteAsync(call);
                await call.Released.WaitAsync(http.RequestAborted);
                break;
        }

        try
        {
            await new Stream(this, http.Response, path, model, body).SendAsync();
        }
        catch (OperationCanceledException)
        {
            CutOff++;
        }
    }

    private Channel<HeldCall> HeldOf(string model) => _held.GetOrAdd(model, _ => Channel.CreateUnbounded<HeldCall>());

    private static async Task EmbedAsync(HttpResponse response, JsonObject body, string model)
    {
        if (model is "broken")
        {
            await FailAsync(response, 500, "A secret of the provider.");
            return;
        }

        var count = body["input"]!.AsArray().Count;
        var data = Enumerable.Range(0, count).Reverse().Select(i => new { @object = "embedding", index = i, embedding = new[] { i + 0.5f, -1f, 0.25f } });
        object? usage = model switch
        {
            "no-usage" => null,
            "wrong-usage" => new { prompt_tokens = 1_000_000, total_tokens = 1_000_000 },
            _ => new { prompt_tokens = 4 * count, total_tokens = 4 * count },
        };
        await response.WriteAsJsonAsync(new { @object = "list", data, model, usage });
    }

    private static Task FailAsync(HttpResponse response, int status, string message)
    {
        response.StatusCode = status;
        return response.WriteAsJsonAsync(new { error = new { message, type = "error", param = (string?)null, code = status == 400 ? "context_length_exceeded" : null } });
    }

    private sealed class Stream(ScriptedBackend backend, HttpResponse response, string path, string model, JsonObject body)
    {
        public async Task SendAsync()
        {
            response.ContentType = "text/event-stream";
            if (path is "chat/completions")
            {
                await ChunkAsync(new { role = "assistant", content = "" });
            }

            switch (model)
            {
                case "tools":
                    await SendToolsAsync();
                    return;
                case "endless":
                    await SendEndlesslyAsync();
                    return;
                case "silent":
                    await EndAsync("stop", new { prompt_tokens = PromptTokens, completion_tokens = 0 });
                    return;
            }

            var text = model is "json" ? ["{\"point", "s\":\"nor", "th\"}"] : Words;
            for (var i = 0; i < text.Length; i++)
            {
                await TextAsync(text[i]);
                if (i == 2)
                {
                    await StumbleAsync();
                }
            }

            await EndAsync("stop", Usage(text.Length + 2));
        }

        private object? Usage(long tokens) => model switch
        {
            "no-usage" => null,
            "wrong-usage" => new { prompt_tokens = PromptTokens, completion_tokens = 1_000_000 },
            "zero-usage" => new { prompt_tokens = 0, completion_tokens = 0 },
            "odd-usage" => new { prompt_tokens = -5, completion_tokens = "many" },
            "much-usage" => new { prompt_tokens = 1_000_000, completion_tokens = OutputTokens },
            _ => new { prompt_tokens = PromptTokens, completion_tokens = tokens, total_tokens = PromptTokens + tokens },
        };

        private async Task StumbleAsync()
        {
            switch (model)
            {
                case "dies-mid":
                    await backend._kill.Task.WaitAsync(response.HttpContext.RequestAborted);
                    response.HttpContext.Abort();
                    throw new OperationCanceledException();
                case "ends-mid":
                    await response.CompleteAsync();
                    throw new OperationCanceledException();
                case "garbage-mid":
                    await response.WriteAsync("data: {\"choices\": [oops\n\n");
                    break;
                case "error-mid":
                    await response.WriteAsync("data: {\"error\":{\"message\":\"A secret of the provider.\"}}\n\n");
                    break;
                case "crlf":
                    await response.WriteAsync(": a comment\r\n\r\n");
                    break;
            }
        }

        private async Task SendToolsAsync()
        {
            await ChunkAsync(new { tool_calls = new[] { new { index = 0, id = "call_1", type = "function", function = new { name = "weather", arguments = "" } } } });
            await ChunkAsync(new { tool_calls = new[] { new { index = 0, function = new { arguments = "{\"city\":" } } } });
            await ChunkAsync(new { tool_calls = new[] { new { index = 0, function = new { arguments = "\"Oslo\"}" } } } });
            await EndAsync("tool_calls", new { prompt_tokens = PromptTokens, completion_tokens = 8 });
        }

        private async Task SendEndlesslyAsync()
        {
            while (true)
            {
                await TextAsync("north ");
                response.HttpContext.RequestAborted.ThrowIfCancellationRequested();
                await Task.Delay(5, response.HttpContext.RequestAborted);
            }
        }

        private Task TextAsync(string text) => path is "completions" ? ChoiceAsync(new { index = 0, text, finish_reason = (string?)null }) : ChunkAsync(new { content = text });

        private Task ChunkAsync(object delta) => ChoiceAsync(new { index = 0, delta, finish_reason = (string?)null });

        private Task ChoiceAsync(object choice) => EventAsync(new { id = "x", @object = "chunk", created = 1, model, choices = new[] { choice }, usage = (object?)null });

        private async Task EndAsync(string reason, object? usage)
        {
            await ChoiceAsync(path is "completions" ? new { index = 0, text = "", finish_reason = reason } : new { index = 0, delta = new { }, finish_reason = reason });
            if (usage is not null && body["stream_options"]?["include_usage"]?.GetValue<bool>() is true)
            {
                await EventAsync(new { id = "x", @object = "chunk", created = 1, model, choices = Array.Empty<object>(), usage });
            }

            await response.WriteAsync(model is "crlf" ? "data:[DONE]\r\n\r\n" : "data: [DONE]\n\n");
        }

        private async Task EventAsync(object data)
        {
            await response.WriteAsync(model is "crlf" ? $"data:{JsonSerializer.Serialize(data)}\r\n\r\n" : $"data: {JsonSerializer.Serialize(data)}\n\n");
            await response.Body.FlushAsync();
        }
    }
}

/// <param name="Path">Below <c>/v1/</c>.</param>
public sealed record Asked(string Path, string Model, JsonObject Body, string Authorization);

/// <summary>A call that waits for the test.</summary>
/// <param name="said">The first message.</param>
public sealed class HeldCall(string said)
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Said => said;

    public Task Released => _released.Task;

    public void Release() => _released.TrySetResult();
}
