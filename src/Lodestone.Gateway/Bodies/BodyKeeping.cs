using System.Text;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Gateway;

/// <summary>Keeps what is said in a call, where its account has chosen so; otherwise nothing of it is even copied.</summary>
internal sealed class BodyKeeping(IServiceScopeFactory scopes, BodyChoices choices, BodySeals seals, TimeProvider clock)
{
    private const int MostKept = 1024 * 1024;

    public async Task<T> RunAsync<T>(HttpContext http, Caller caller, Func<Task<T>> call)
    {
        if (!http.Request.HasJsonContentType() || await choices.DaysAsync(caller.Id, http.RequestAborted) is not (> 0 and var days))
        {
            return await call();
        }

        var original = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var asked = http.Request.Body;
        await using var request = new ReadCopy(asked, MostKept);
        await using var answer = new CopiedBody(original.Stream, MostKept);
        var body = new StreamResponseBodyFeature(answer, original);
        http.Request.Body = request;
        http.Features.Set<IHttpResponseBodyFeature>(body);
        try
        {
            var result = await call();
            await body.Writer.FlushAsync(CancellationToken.None);
            return result;
        }
        finally
        {
            http.Features.Set(original); // a refusal is written by the handler, and is in the log
            http.Request.Body = asked;
            await KeepAsync(http.TraceIdentifier, caller.Id, days, request.Copy, answer.Copy);
        }
    }

    private async Task KeepAsync(string requestId, Guid accountId, long days, byte[]? request, byte[]? answer)
    {
        var now = clock.GetUtcNow();
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<GatewayDb>();
        db.KeptBodies.Add(new KeptBody
        {
            Id = Guid.CreateVersion7(now),
            AccountId = accountId,
            RequestId = requestId,
            Sealed = seals.Seal(accountId, new SaidInCall(Text(request), Text(answer))),
            StoredAt = now,
            ExpiresAt = now.AddDays(days),
        });
        await db.SaveChangesAsync(CancellationToken.None);
    }

    private static string Text(byte[]? bytes) => bytes is null ? "(more than 1 MiB: not kept)" : Encoding.UTF8.GetString(bytes);
}
