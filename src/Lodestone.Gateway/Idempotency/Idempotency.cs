using System.Security.Cryptography;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Gateway;

/// <summary>
/// Calls with an <c>Idempotency-Key</c>: each is made and charged once. For a day the same question with the same key gets the same
/// answer. A call that failed without being charged leaves nothing behind, so that it can be tried again.
/// </summary>
internal sealed class Idempotency(IServiceScopeFactory scopes, TimeProvider clock)
{
    private const string Header = "Idempotency-Key";
    private const int LongestKey = 255;
    private const int MostKept = 1024 * 1024;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);
    private static readonly RefusalCode InProgress = new("in_progress", 409);
    private static readonly RefusalCode Unrepeatable = new("idempotency_unrepeatable", 409);
    private static readonly RefusalCode Mismatch = new("idempotency_mismatch", 422);

    public static bool IsWanted(HttpRequest request) => request.Headers.ContainsKey(Header);

    /// <param name="request">What is asked.</param>
    /// <param name="make">Makes the call and says whether it was charged without giving all of its answer.</param>
    /// <exception cref="Refusal"><c>in_progress</c>, <c>idempotency_mismatch</c>, <c>idempotency_unrepeatable</c>, or why the call was refused.</exception>
    public async Task RunAsync(HttpContext http, Caller caller, EngineRequest request, Func<Task<CallEnd>> make, CancellationToken cancel)
    {
        var key = http.Request.Headers[Header].ToString();
        if (key.Length is 0 or > LongestKey || key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw GatewayRefusals.Invalid(Header, "must be 1 to 255 characters of ASCII.");
        }

        var call = await ClaimAsync(caller, key, Fingerprint(http, request), cancel);
        if (call.State is IdempotentState.Finished)
        {
            await RepeatAsync(http.Response, call, cancel);
            return;
        }

        await MakeAsync(http, call.Id, make);
    }

    private async Task MakeAsync(HttpContext http, Guid id, Func<Task<CallEnd>> make)
    {
        var original = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        await using var copied = new CopiedBody(original.Stream, MostKept);
        var end = CallEnd.Free;
        try
        {
            var body = new StreamResponseBodyFeature(copied, original);
            http.Features.Set<IHttpResponseBodyFeature>(body);
            end = await make();
            await body.Writer.FlushAsync(CancellationToken.None);
        }
        finally
        {
            http.Features.Set(original); // a refusal is written by the handler, to the client alone
            await KeepAsync(id, end, http.Response.ContentType, copied.Copy);
        }
    }

    private async Task<IdempotentCall> ClaimAsync(Caller caller, string key, string fingerprint, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<GatewayDb>();
        var now = clock.GetUtcNow();
        var known = await db.IdempotentCalls.AsNoTracking().SingleOrDefaultAsync(c => c.CallerId == caller.Id && c.Key == key, cancel);
        if (known is not null && known.ExpiresAt > now)
        {
            return Checked(known, fingerprint);
        }

        await db.WriteAsync(inner => db.IdempotentCalls.Where(c => c.ExpiresAt <= now).ExecuteDeleteAsync(inner), cancel);
        var call = new IdempotentCall { Id = Guid.CreateVersion7(now), CallerId = caller.Id, Key = key, Fingerprint = fingerprint, State = IdempotentState.Running, ExpiresAt = now + Kept };
        db.IdempotentCalls.Add(call);
        return await db.TrySaveAsync(cancel) ? call : throw Running();
    }

    private static IdempotentCall Checked(IdempotentCall known, string fingerprint)
    {
        if (known.Fingerprint != fingerprint)
        {
            throw new Refusal(Mismatch, "This Idempotency-Key was used for another request. Use a new key for a new request.") { Headers = NoRetry };
        }

        return known.State switch
        {
            IdempotentState.Running => throw Running(),
            IdempotentState.Unrepeatable => throw new Refusal(Unrepeatable, "The call with this Idempotency-Key was charged, but its answer cannot be given again. Call with a new key.") { Headers = NoRetry },
            _ => known,
        };
    }

    private static Refusal Running() => new(InProgress, "The call with this Idempotency-Key is still being answered.") { RetryAfter = TimeSpan.FromSeconds(1) };

    private static Dictionary<string, string> NoRetry => new(StringComparer.Ordinal) { ["x-should-retry"] = "false" };

    private async Task KeepAsync(Guid id, CallEnd end, string? contentType, byte[]? body)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<GatewayDb>();
        var call = await db.IdempotentCalls.SingleAsync(c => c.Id == id, CancellationToken.None);
        if (end is CallEnd.Free)
        {
            db.IdempotentCalls.Remove(call);
        }
        else if (end is CallEnd.Whole && body is not null)
        {
            (call.State, call.ContentType, call.Body) = (IdempotentState.Finished, contentType, body);
        }
        else
        {
            call.State = IdempotentState.Unrepeatable;
        }

        await db.SaveChangesAsync(CancellationToken.None);
    }

    private static async Task RepeatAsync(HttpResponse response, IdempotentCall call, CancellationToken cancel)
    {
        response.Headers["Idempotent-Replayed"] = "true";
        response.ContentType = call.ContentType;
        await response.BodyWriter.WriteAsync(call.Body, cancel);
    }

    private static string Fingerprint(HttpContext http, EngineRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{http.Request.Path}\n{request.IsStreamed}\n{request.MaxTokens}\n"));
        hash.AppendData(request.ForRemote(request.Model, new CallSize(0, 0, request.Choices)));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>What a call came to for whoever has to pay for it.</summary>
internal enum CallEnd
{
    /// <summary>Nothing was charged.</summary>
    Free,

    /// <summary>It was charged, and the client has all of its answer.</summary>
    Whole,

    /// <summary>It was charged, and the client has a part.</summary>
    Cut,
}
