using System.Net;
using Stripe;

namespace Lodestone.Billing;

/// <summary>
/// Calls to Stripe, each made once: who asks again, and with which key, is decided by rows and not by a client library. An answer that does
/// not say whether something happened is silence.
/// </summary>
internal sealed class StripeCalls : IDisposable
{
    private readonly HttpClient _http;
    private readonly StripeClient? _client;

    public StripeCalls(StripeOptions options)
    {
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = options.Patience };
        _client = options.SecretKey.Length == 0
            ? null
            : new StripeClient(options.SecretKey, httpClient: new SystemNetHttpClient(_http, maxNetworkRetries: 0, enableTelemetry: false), apiBase: options.ApiBase.TrimEnd('/'));
    }

    /// <summary>With an idempotency key of ours.</summary>
    public static RequestOptions Once(string key) => new() { IdempotencyKey = key };

    /// <exception cref="ProviderSilentException"/>
    /// <exception cref="StripeException">It was refused, and nothing happened.</exception>
    public async Task<T> AskAsync<T>(Func<IStripeClient, Task<T>> call, CancellationToken cancel)
    {
        try
        {
            return await call(_client ?? throw new ProviderSilentException("Stripe is not set up: Billing:Stripe:SecretKey is empty."));
        }
        catch (StripeException failure) when (IsSilence(failure.HttpStatusCode))
        {
            throw new ProviderSilentException($"Stripe answered {(int)failure.HttpStatusCode}.", failure);
        }
        catch (HttpRequestException failure)
        {
            throw new ProviderSilentException("Stripe did not answer.", failure);
        }
        catch (OperationCanceledException failure) when (!cancel.IsCancellationRequested)
        {
            throw new ProviderSilentException("Stripe did not answer in time.", failure);
        }
    }

    /// <summary>As <see cref="AskAsync"/>; <see langword="null"/> where there is no such thing, or it is past changing.</summary>
    public async Task<T?> FindAsync<T>(Func<IStripeClient, Task<T>> call, CancellationToken cancel)
        where T : class
    {
        try
        {
            return await AskAsync(call, cancel);
        }
        catch (StripeException refused) when (refused.HttpStatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest)
        {
            return null;
        }
        catch (StripeException refused)
        {
            throw new ProviderSilentException($"Stripe refused to say: {(int)refused.HttpStatusCode}.", refused);
        }
    }

    /// <summary>Those of a list that are wanted, page after page.</summary>
    public static async Task<List<T>> ReadAsync<T>(IAsyncEnumerable<T> list, Func<T, bool> isWanted, CancellationToken cancel)
    {
        var found = new List<T>();
        await foreach (var one in list.WithCancellation(cancel))
        {
            if (isWanted(one))
            {
                found.Add(one);
            }
        }

        return found;
    }

    public void Dispose() => _http.Dispose();

    // 409: a request with the same key is under way. 429 and 5xx: it may have been taken on all the same.
    private static bool IsSilence(HttpStatusCode status) => status is HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests || (int)status is >= 500 or 0;
}
