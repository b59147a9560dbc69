using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>
/// How much each key asks of this server in a minute, and no more than it may. Requests are counted before they are made, exactly;
/// tokens when they were used, so calls that run at the same time may go above their limit together.
/// </summary>
internal sealed class RateLimits(KeyLimits keys, Entitlements entitlements, GatewayOptions options, TimeProvider clock)
{
    private const int MostKeys = 100_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Guid, Minute> _minutes = new();

    /// <summary>Counts a call and tells the client what is left.</summary>
    /// <exception cref="Refusal"><c>rate_limit_exceeded</c>, with the time to wait.</exception>
    public async ValueTask EnterAsync(Caller caller, HttpResponse response, CancellationToken cancel)
    {
        var rate = RateOf(await keys.FindAsync(caller, cancel), await entitlements.OfAsync(caller.Id, cancel));
        if (rate.IsOff)
        {
            return;
        }

        var minute = Of(rate, caller);
        lock (minute)
        {
            Renew(minute);
            var isOver = (rate.Requests > 0 && minute.Requests >= rate.Requests) || (rate.Tokens > 0 && minute.Tokens >= rate.Tokens);
            minute.Requests += isOver ? 0 : 1;
            var headers = Headers(rate, minute);
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
    public async ValueTask UsedAsync(Caller caller, long tokens)
    {
        var rate = RateOf(await keys.FindAsync(caller, CancellationToken.None), await entitlements.OfAsync(caller.Id, CancellationToken.None));
        if (rate.IsOff)
        {
            return;
        }

        var minute = Of(rate, caller);
        lock (minute)
        {
            Renew(minute);
            minute.Tokens += tokens;
        }
    }

    // The tightest one counts: the server's, that of the plan of whoever pays, the key's own.
    private Rate RateOf(KeyLimit? limit, AccountEntitlements plan) => new(
        limit?.WindowId,
        Tighter(Tighter(options.RequestsPerMinute, plan.RequestsPerMinute ?? 0), limit?.RequestsPerMinute ?? 0),
        Tighter(options.TokensPerMinute, limit?.TokensPerMinute ?? 0));

    private static long Tighter(long one, long other) => one == 0 ? other : other == 0 ? one : Math.Min(one, other);

    private Minute Of(Rate rate, Caller caller)
    {
        if (_minutes.Count > MostKeys)
        {
            _minutes.Clear();
        }

        return _minutes.GetOrAdd(rate.WindowId ?? (caller.CredentialId == Guid.Empty ? caller.Id : caller.CredentialId), static _ => new Minute());
    }

    private void Renew(Minute minute)
    {
        var now = clock.GetUtcNow();
        if (minute.EndsAt <= now)
        {
            (minute.EndsAt, minute.Requests, minute.Tokens) = (now + Window, 0, 0);
        }
    }

    private Dictionary<string, string> Headers(Rate rate, Minute minute)
    {
        var reset = string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling((minute.EndsAt - clock.GetUtcNow()).TotalSeconds):0}s");
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        Add("requests", rate.Requests, minute.Requests);
        Add("tokens", rate.Tokens, minute.Tokens);
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

    /// <param name="WindowId">What is counted together; absent for the credential alone.</param>
    /// <param name="Requests">0 for no limit; so are tokens.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Rate(Guid? WindowId, long Requests, long Tokens)
    {
        public bool IsOff => Requests == 0 && Tokens == 0;
    }

    /// <summary>A key's present minute; its own lock guards it.</summary>
    private sealed class Minute
    {
        public DateTimeOffset EndsAt { get; set; }

        public long Requests { get; set; }

        public long Tokens { get; set; }
    }
}
