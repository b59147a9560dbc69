using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lodestone.Tests.Billing.Payments;

/// <summary>
/// Stripe as it is documented, as far as this server uses it, on a loopback port. What a card does is decided by its number's name; requests
/// can be made to lose their answers; messages are signed and kept, and the test delivers them when and as often as it likes.
/// </summary>
internal sealed class StripeFake : IAsyncDisposable
{
    public const string SecretKey = "sk_test_fake";
    public const string WebhookSecret = "whsec_fake";

    private readonly ConcurrentDictionary<string, (string Request, int Status, string Body)> _idempotent = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1, 1); // guards the objects: requests take turns
    private readonly WebApplication _app;
    private int _losing;
    private int _failing;

    private StripeFake(WebApplication app) => _app = app;

    public StripeObjects Objects { get; } = new();

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(); // it was started

    public Func<DateTimeOffset> Now
    {
        get => Objects.Now;
        set => Objects.Now = value;
    }

    /// <summary>Told when a request that changes something was taken on; then no answer comes, until whoever asked is gone.</summary>
    public Action? Taken { get; set; }

    /// <summary>Requests that changed something, by path.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public static async Task<StripeFake> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var fake = new StripeFake(app);
        app.Run(fake.AnswerAsync);
        await app.StartAsync();
        return fake;
    }

    /// <summary>The next requests that change something are taken on, and their answers are lost on the way.</summary>
    public void LoseAnswers(int count = 1) => _losing = count;

    /// <summary>The next requests that change something fail at Stripe, before anything has happened.</summary>
    public void Fail(int count = 1) => _failing = count;

    /// <summary>A message as Stripe sends it.</summary>
    /// <param name="sentAt">By Stripe's clock; now unless given.</param>
    public HttpRequestMessage Message(JsonObject happened, DateTimeOffset? sentAt = null, string secret = WebhookSecret)
    {
        var (body, stamp) = (Encoding.UTF8.GetBytes(happened.ToJsonString()), (sentAt ?? Now()).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        byte[] signed = [.. Encoding.UTF8.GetBytes(stamp + "."), .. body];
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed));
        var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/payments/stripe") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add("Stripe-Signature", $"t={stamp},v1={new string('0', 64)},v1={signature},v0=ignored");
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _turn.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync() : FormCollection.Empty;
        var asked = new StripeRequest(context.Request.Method, context.Request.Path.Value!, form.Concat(context.Request.Query).ToDictionary(p => p.Key, p => p.Value.ToString(), StringComparer.Ordinal)); // paths have values
        if (context.Request.Headers.Authorization.ToString() != $"Bearer {SecretKey}")
        {
            await WriteAsync(context, 401, StripeObjects.Error("invalid_request_error", "Invalid API Key provided").ToJsonString());
            return;
        }

        await _turn.WaitAsync(context.RequestAborted);
        try
        {
            var (status, body) = Answer(asked, context.Request.Headers["Idempotency-Key"]);
            if (asked.Changes && Taken is { } taken)
            {
                taken();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            if (asked.Changes && Interlocked.Decrement(ref _losing) >= 0)
            {
                context.Abort();
                return;
            }

            await WriteAsync(context, status, body);
        }
        finally
        {
            _turn.Release();
        }
    }

    // What was answered to a key is answered again, errors too; the same key with other parameters is refused.
    private (int Status, string Body) Answer(StripeRequest asked, string? key)
    {
        if (asked.Changes && Interlocked.Decrement(ref _failing) >= 0)
        {
            return (500, StripeObjects.Error("api_error", "Something went wrong on Stripe's end").ToJsonString());
        }

        if (!asked.Changes || string.IsNullOrEmpty(key))
        {
            return Do(asked);
        }

        if (_idempotent.TryGetValue(key, out var earlier))
        {
            return earlier.Request == asked.Fingerprint
                ? (earlier.Status, earlier.Body)
                : (400, StripeObjects.Error("idempotency_error", $"Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}'.").ToJsonString());
        }

        var (status, body) = Do(asked);
        _idempotent[key] = (asked.Fingerprint, status, body);
        return (status, body);
    }

    private (int Status, string Body) Do(StripeRequest asked)
    {
        if (asked.Changes)
        {
            Asked.Enqueue(asked.Path);
        }

        var (status, body) = Objects.Answer(asked);
        return (status, body.ToJsonString());
    }

    private static Task WriteAsync(HttpContext context, int status, string body)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, "application/json");
        return context.Response.WriteAsync(body);
    }
}

/// <summary>A request with its parameters, of body and query.</summary>
internal sealed record StripeRequest(string Method, string Path, IReadOnlyDictionary<string, string> Parameters)
{
    public bool Changes => Method != "GET";

    public string Fingerprint => $"{Method} {Path}?{string.Join('&', Parameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"))}";

    public string? this[string name] => Parameters.GetValueOrDefault(name);

    public bool Expands(string name) => Parameters.Any(p => p.Key.StartsWith("expand", StringComparison.Ordinal) && p.Value == name);

    public JsonObject Metadata => new(Parameters.Where(p => p.Key.StartsWith("metadata[", StringComparison.Ordinal)).Select(p => KeyValuePair.Create(p.Key[9..^1], (JsonNode?)p.Value)));
}
