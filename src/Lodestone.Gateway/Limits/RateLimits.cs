using System.Collections.Concurrent;
using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>
/// How much each key asks of this server in a minute, and no more than it may. Requests are counted before they are made, exactly;
/// tokens when they were used, so calls that run at the same time may go above their limit together.
/// </summary>
internal sealed class RateLimits(GatewayOptions options, TimeProvider clock)
{
    private const int MostKeys = 100_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Guid, Minute> _minutes = new();

    private bool IsOff => options.RequestsPerMinute == 0 && options.TokensPerMinute == 0;

    /// <summary>Counts a call and tells the client what is left.</summary>
    /// <exception cref="Refusal"><c>rate_limit_exceeded</c>, with the time to wait.</exception>
    public void Enter(Caller caller, HttpResponse response)
    {
        if (IsOff)
        {
            return;
        }

        var minute = Of(caller);
        lock (minute)
        {
            Renew(minute);
            var isOver = (options.RequestsPerMinute > 0 && minute.Requests >= options.RequestsPerMinute) || (options.TokensPerMinute > 0 && minute.Tokens >= options.TokensPerMinute);
            minute.Requests += isOver ? 0 : 1;
            var headers = Headers(minute);
            if (isOver)
            {
                throw Refused(minute.EndsAt - clock.GetUtcNow(), headers);
            }

            foreach (var (name, value) in headers)
            {
                response.Headers[name] = value;
            }
        }
    }

    /// <summary>Counts what a call used.</summary>
    public void Used(Caller caller, long tokens)
    {
        if (IsOff)
        {
            return;
        }

        var minute = Of(caller);
        lock (minute)
        {
            Renew(minute);
            minute.Tokens += tokens;
        }
    }

    private Minute Of(Caller caller)
    {
        if (_minutes.Count > MostKeys)
        {
            _minutes.Clear();
        }

        return _minutes.GetOrAdd(caller.CredentialId == Guid.Empty ? caller.Id : caller.CredentialId, static _ => new Minute());
    }

    private void Renew(Minute minute)
    {
        var now = clock.GetUtcNow();
        if (minute.EndsAt <= now)
        {
            (minute.EndsAt, minute.Requests, minute.Tokens) = (now + Window, 0, 0);
        }
    }

    private Dictionary<string, string> Headers(Minute minute)
    {
        var reset = string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling((minute.EndsAt - clock.GetUtcNow()).TotalSeconds):0}s");
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        Add("requests", options.RequestsPerMinute, minute.Requests);
        Add("tokens", options.TokensPerMinute, minute.Tokens);
        return headers;

        void Add(string what, long limit, long used)
        {
            if (limit > 0)
            {
                headers[$"x-ratelimit-limit-{what}"] = limit.ToString(CultureInfo.InvariantCulture);
                headers[$"x-ratelimit-remaining-{what}"] = Math.Max(limit - used, 0).ToString(CultureInfo.InvariantCulture);
                headers[$"x-ratelimit-reset-{what}"] = reset;
            }
        }
    }

    private static Refusal Refused(TimeSpan wait, Dictionary<string, string> headers)
    {
        headers["retry-after-ms"] = wait.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
        return new Refusal(RefusalCode.TooManyRequests, string.Create(CultureInfo.InvariantCulture,
            $"This key has used up its limit for this minute. Call again in {Math.Ceiling(wait.TotalSeconds):0} seconds."))
        { RetryAfter = wait, Headers = headers };
    }

    /// <summary>A key's present minute; its own lock guards it.</summary>
    private sealed class Minute
    {
        public DateTimeOffset EndsAt { get; set; }

        public long Requests { get; set; }

        public long Tokens { get; set; }
    }
}
