using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>Requests to remote back-ends. They go only where the rules for outgoing calls allow.</summary>
internal sealed class RemoteCalls(OutgoingCalls outgoing, BackendKeys keys)
{
    private const int LongestError = 64 * 1024;
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>Sends a call; the answer's body is still to come.</summary>
    /// <param name="path">Below the back-end's address: <c>chat/completions</c>.</param>
    /// <exception cref="Refusal">The back-end found something wrong with the request itself.</exception>
    /// <exception cref="BackendFault">It failed, or refused for a reason that is not the caller's.</exception>
    public async Task<HttpResponseMessage> PostAsync(RemoteBackend backend, string path, byte[] body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{backend.Url}/{path}") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = Json;
        if (keys.Open(backend) is { } key)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        var response = await outgoing.BeginAsync(request, cancel);
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
        var status = (int)response.StatusCode;
        if (status == StatusTooMany)
        {
            return new BackendFault("The back-end is busy.") { Pause = Pause(response) };
        }

        if (status is not (400 or 413 or 422) || await ReadErrorAsync(response, cancel) is not { } error)
        {
            return new BackendFault(string.Create(CultureInfo.InvariantCulture, $"The back-end answered {status}."));
        }

        return GatewayRefusals.FromEngine(status, error.Code, error.Message, error.Param);
    }

    private const int StatusTooMany = 429;

    private static TimeSpan Pause(HttpResponseMessage response)
    {
        var pause = response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1);
        return pause > TimeSpan.Zero ? pause : TimeSpan.FromSeconds(1);
    }

    // What is no error of OpenAI's shape tells the caller nothing.
    private static async Task<RemoteError?> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var read = new byte[LongestError];
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        var count = await stream.ReadAtLeastAsync(read, LongestError, throwOnEndOfStream: false, cancel);
        try
        {
            using var body = JsonDocument.Parse(read.AsMemory(0, count));
            return body.RootElement.ValueKind is JsonValueKind.Object && body.RootElement.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object
                && Text(error, "message") is { } message
                ? new RemoteError(message, Text(error, "code"), Text(error, "param"))
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    private sealed record RemoteError(string Message, string? Code, string? Param);
}

/// <summary>A remote back-end failed in a way that another may not.</summary>
internal sealed class BackendFault(string message) : IOException(message)
{
    /// <summary>It asked to be left alone for so long.</summary>
    public TimeSpan? Pause { get; init; }
}
