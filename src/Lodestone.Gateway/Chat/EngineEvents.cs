using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>
/// One answer as it comes from our engine: server-sent events whose data is an OpenAI chunk with the usage so far. Texts are
/// passed on as the JSON that the engine wrote, so a token costs no string. Disposing it early cancels the generation.
/// </summary>
internal sealed class EngineEvents : CallEvents
{
    private static readonly Uri Tokenize = new("tokenize", UriKind.Relative);
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpResponseMessage _response;
    private readonly PipeReader _reader;
    private bool _isDone;

    private EngineEvents(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _reader = PipeReader.Create(stream);
    }

    /// <summary>
    /// Whether a failure means that the engine went away: a broken connection, or a client that was closed with its process
    /// (which cancels what it had under way).
    /// </summary>
    public static bool IsEngineGone(Exception failure, CancellationToken cancel) =>
        failure is HttpRequestException or IOException or ObjectDisposedException
        || (failure is OperationCanceledException && !cancel.IsCancellationRequested);

    /// <summary>How many tokens the messages have once the model's template is around them.</summary>
    /// <exception cref="Refusal">The template does not take these messages.</exception>
    public static async Task<long> CountAsync(HttpClient engine, byte[] body, CancellationToken cancel)
    {
        using var response = await SendAsync(engine, Tokenize, body, cancel);
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        using var answer = await JsonDocument.ParseAsync(stream, default, cancel);
        return answer.RootElement.GetProperty("count").GetInt64();
    }

    /// <summary>One question with one answer, as JSON.</summary>
    /// <param name="path">Below <c>/v1</c>.</param>
    /// <exception cref="Refusal">The engine found something wrong with the request, or has no room for it.</exception>
    public static async Task<JsonDocument> AskAsync(HttpClient engine, string path, byte[] body, CancellationToken cancel)
    {
        using var response = await SendAsync(engine, new Uri($"v1/{path}", UriKind.Relative), body, cancel);
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        return await JsonDocument.ParseAsync(stream, default, cancel);
    }

    /// <param name="path">Below <c>/v1</c>.</param>
    /// <exception cref="Refusal">The engine found something wrong with the request, or has no room for it.</exception>
    /// <exception cref="HttpRequestException">The engine is gone.</exception>
    public static async Task<EngineEvents> OpenAsync(HttpClient engine, string path, byte[] body, CancellationToken cancel)
    {
        var response = await SendAsync(engine, new Uri($"v1/{path}", UriKind.Relative), body, cancel);
        return new EngineEvents(response, await response.Content.ReadAsStreamAsync(cancel));
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> WaitAsync(CancellationToken cancel)
    {
        if (_isDone)
        {
            await ReadToEndAsync(cancel);
            return false;
        }

        var result = await _reader.ReadAsync(cancel);
        _reader.AdvanceTo(result.Buffer.Start); // looked at in Take
        return !result.IsCompleted || !result.Buffer.IsEmpty ? true : throw new IOException("The engine's answer ended early.");
    }

    /// <inheritdoc/>
    public override void Take(Answer answer)
    {
        if (!_reader.TryRead(out var result))
        {
            return;
        }

        var rest = result.Buffer;
        while (!_isDone && TryReadLine(ref rest, out var line))
        {
            TakeLine(line, answer);
        }

        if (result.IsCompleted && !_isDone)
        {
            throw new IOException("The engine's answer ended early.");
        }

        _reader.AdvanceTo(rest.Start, rest.End);
    }

    public override async ValueTask DisposeAsync()
    {
        await _reader.CompleteAsync();
        _response.Dispose();
    }

    // A few bytes of framing follow the last event; a connection that has read them can be used again.
    private async ValueTask ReadToEndAsync(CancellationToken cancel)
    {
        ReadResult result;
        do
        {
            result = await _reader.ReadAsync(cancel);
            _reader.AdvanceTo(result.Buffer.End);
        }
        while (!result.IsCompleted);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient engine, Uri path, byte[] body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = Json;
        var response = await engine.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (response.StatusCode is HttpStatusCode.OK)
        {
            return response;
        }

        using (response)
        {
            throw await RefusedAsync(response, cancel);
        }
    }

    private static async Task<Exception> RefusedAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        using var body = await JsonDocument.ParseAsync(stream, default, cancel);
        var error = body.RootElement.GetProperty("error");
        return GatewayRefusals.FromEngine((int)response.StatusCode, Text(error, "code"), Text(error, "message") ?? "The engine refused the request.", Text(error, "param"));
    }

    private static string? Text(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static bool TryReadLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is not { } end)
        {
            line = default;
            return false;
        }

        line = buffer.Slice(0, end);
        buffer = buffer.Slice(buffer.GetPosition(1, end));
        return true;
    }

    private void TakeLine(ReadOnlySequence<byte> line, Answer answer)
    {
        var text = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
        if (!text.StartsWith("data: "u8))
        {
            return; // the empty line after an event, or a comment
        }

        var data = text["data: "u8.Length..];
        if (data.SequenceEqual("[DONE]"u8))
        {
            _isDone = true;
            return;
        }

        answer.Add(EngineEvent.Parse(data));
    }
}
